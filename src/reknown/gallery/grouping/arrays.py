"""The arrays of a grouping, by what they hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Singles = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.intp]
Mask = NDArray[np.bool_]
