"""Whatever ends a process that runs for long leaves a line that says why."""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from reknown.biometrics.errors import ReknownError
from reknown.runtime.log import JsonHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from structlog.typing import FilteringBoundLogger

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_FAULT = 2
# Written by hand: where there is no memory, a log line cannot be made.
_NO_MEMORY = b'{"event": "ended for lack of memory", "level": "error"}\n'


class Stopped(BaseException):
    """A signal came before there was anybody who would end things in order."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def last_words(log: FilteringBoundLogger) -> Iterator[None]:
    """Logs what ends the block, unless the command line does: `ReknownError` passes through.

    What libraries log goes where our own lines go. SIGTERM and SIGINT end the block too, until it
    handles them itself. Faults become status 2; signals the status of `status_of`. Crashes of
    native code print where they happened.
    """
    with suppress(OSError, ValueError, AttributeError):  # standard error may be closed or no file
        faulthandler.enable()
    before, threading.excepthook = threading.excepthook, _noting_threads(log)
    handler = JsonHandler(log)
    logging.getLogger().addHandler(handler)
    try:
        with _interrupted():
            yield
    except ReknownError:
        raise
    except SystemExit as error:  # what a library makes of a failure
        if error.code:
            log.error("ended by a fault", status=error.code)
        raise
    except Stopped as stopped:
        log.info("stopping", reason=signal.Signals(stopped.number).name)
        raise SystemExit(status_of(stopped.number)) from None
    except MemoryError:
        os.write(2, _NO_MEMORY)
        raise SystemExit(_FAULT) from None
    except BaseException:
        log.exception("ended by a fault")
        raise SystemExit(_FAULT) from None
    finally:
        threading.excepthook = before
        logging.getLogger().removeHandler(handler)


def status_of(number: int) -> int:
    """The exit status after that signal: SIGTERM is how a server is meant to end."""
    return 0 if number == signal.SIGTERM else 128 + number


def end_at_once(status: int) -> None:
    """Ends the process without waiting for its threads; nothing may be open any more."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


@contextmanager
def _interrupted() -> Iterator[None]:
    """`Stopped` for signals that nobody else handles; they are only told to the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _stop) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, _frame: FrameType | None) -> None:
    raise Stopped(number)


def _noting_threads(log: FilteringBoundLogger) -> Callable[[threading.ExceptHookArgs], None]:
    def note(ended: threading.ExceptHookArgs) -> None:
        name = None if ended.thread is None else ended.thread.name
        log.error("a thread ended by a fault", thread=name, exc_info=ended.exc_value)

    return note
