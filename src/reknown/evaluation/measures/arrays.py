"""The arrays that measures take and give, by what they hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.intp]
Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]
