"""How searches share out threads: one each, as many at once as we have threads of our own."""

from __future__ import annotations

import os
import sys


def hold_blas() -> None:
    """Holds BLAS to one thread for the rest of the process.

    Most commands compute nothing, so NumPy is not imported for this: it reads the environment
    when it is.
    """
    if "numpy" in sys.modules:
        from threadpoolctl import threadpool_limits  # noqa: PLC0415

        threadpool_limits(1, user_api="blas")
    else:
        os.environ["OPENBLAS_NUM_THREADS"] = "1"
