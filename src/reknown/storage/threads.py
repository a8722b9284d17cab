"""How work shares out the cores: searches take one each, and what can wait lets others go first."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")

# Gets a third of what an ordinary thread gets where both want one core.
_NICENESS = 5


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


def give_way(work: Callable[[], Result]) -> Result:
    """`work()` in a thread that others go before where cores are short; waits for it.

    For what computes or reads files without Python's lock: whoever holds that and does not get a
    core stops all others. Who has become nice may not take it back, hence a thread for each time.
    """
    done: Future[Result] = Future()

    def run() -> None:
        if sys.platform == "linux":  # elsewhere niceness is of whole processes
            with suppress(OSError):
                # on top of what the whole process was given, which ends at 19
                os.nice(_NICENESS)
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=run, name="reknown-giving-way", daemon=True).start()
    return done.result()
