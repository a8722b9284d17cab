"""The log of whatever runs for long."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger


_PAUSE = 1.0
_KIND, _KINDS = 100, 100


def json_log() -> FilteringBoundLogger:
    """One line of JSON per event on standard error, for people as for machines."""
    log: FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(sys.stderr),
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

    The same again within a second is only counted: what fails at every turn of a loop fills disks.
    """

    def __init__(self, log: FilteringBoundLogger) -> None:
        super().__init__(logging.WARNING)
        self._log = log
        self._last: dict[tuple[str, str], tuple[float, int]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """One line, or none."""
        kind = record.name, str(record.msg)[:_KIND]
        last, left_out = self._last.get(kind, (-_PAUSE, 0))
        if record.created - last < _PAUSE:
            self._last[kind] = last, left_out + 1
            return
        if len(self._last) >= _KINDS:
            self._last.clear()
        self._last[kind] = record.created, 0
        more = {"left_out": left_out} if left_out else {}
        text = record.getMessage()
        self._log.log(record.levelno, text, logger=record.name, exc_info=record.exc_info, **more)
