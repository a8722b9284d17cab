"""How searches share out threads: one each, as many at once as we have threads of our own."""

from __future__ import annotations

import numpy as np  # noqa: F401 - with it comes the BLAS that is held
from threadpoolctl import threadpool_limits


def hold_blas() -> None:
    """Holds BLAS to one thread for the rest of the process."""
    threadpool_limits(1, user_api="blas")
