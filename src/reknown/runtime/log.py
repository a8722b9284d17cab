"""The log of whatever runs for long."""

from __future__ import annotations

import contextlib
import logging
import math
import sys
import threading
import time
from typing import TYPE_CHECKING, TextIO, cast

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

    from structlog.typing import FilteringBoundLogger

_REPEAT_SECONDS = 1.0
_KINDS = 256


def json_log() -> FilteringBoundLogger:
    """One line of JSON per event on standard error, for people as for machines."""
    log: FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(cast("TextIO", _Lines(sys.stderr))),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    return log


class JsonHandler(logging.Handler):
    """Sends what libraries log where our own lines go, in the same form.

    Of lines of one kind, one a second is written; it tells how many were left out before it.
    """

    def __init__(
        self, log: FilteringBoundLogger, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(logging.WARNING)
        self._log = log
        self._repeats = _Repeats(clock)

    def emit(self, record: logging.LogRecord) -> None:
        """One line or none."""
        text = record.getMessage()
        left_out = self._repeats.left_out((record.name, str(record.msg).partition("\n")[0]))
        if left_out is None:
            return
        more = {"left_out": left_out} if left_out else {}
        self._log.log(record.levelno, text, logger=record.name, exc_info=record.exc_info, **more)


class _Repeats:
    """When each kind of line was written last, and how many were not since then."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kinds: dict[tuple[str, str], tuple[float, int]] = {}

    def left_out(self, kind: tuple[str, str]) -> int | None:
        """How many were left out before this one; None if it is to be left out too."""
        now = self._clock()
        with self._lock:
            last, count = self._kinds.pop(kind, (-math.inf, 0))
            written = now - last >= _REPEAT_SECONDS
            self._kinds[kind] = (now, 0) if written else (last, count + 1)
            if len(self._kinds) > _KINDS:  # the one that was heard of the longest time ago
                del self._kinds[next(iter(self._kinds))]
        return count if written else None


class _Lines:
    """A stream that may be gone: what is served does not depend on who reads the log."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()
