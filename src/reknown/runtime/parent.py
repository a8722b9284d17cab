"""A process that another one started, and that ends when that one does."""

from __future__ import annotations

import ctypes
import os
import signal

# <linux/prctl.h>
_PR_SET_PDEATHSIG = 1


def end_with(parent: int) -> bool:
    """Asks for SIGTERM when the parent dies, however it does; whether it is still there."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    return os.getppid() == parent
