"""How a process that runs for long ends: with a line that says why, whatever it was."""

from __future__ import annotations

import faulthandler
import logging
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reknown.biometrics.errors import ReknownError
from reknown.runtime.log import JsonHandler

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from structlog.typing import FilteringBoundLogger


@contextmanager
def last_words(log: FilteringBoundLogger, process: str) -> Iterator[None]:
    """Runs `process`, as it is called in the log, from its very start to its end.

    SIGTERM ends it from within, with status 0, so that what is open is closed. Faults of the
    machine's own (SIGSEGV and the like) print where they happened. What libraries log goes where
    our own lines go.
    """
    faulthandler.enable()
    handler = JsonHandler(log)
    logging.getLogger().addHandler(handler)
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    except ReknownError as error:  # whoever called says it too, for people
        log.error(f"the {process} ends", reason=str(error))
        raise
    except KeyboardInterrupt:
        log.info(f"the {process} ends", reason="SIGINT")
        raise
    except SystemExit as error:
        reason = "SIGTERM" if isinstance(error, _TerminatedExit) else "it gave up"
        log.info(f"the {process} ends", reason=reason, status=error.code or 0)
        raise
    except BaseException:
        log.exception(f"the {process} ends", reason="an error that nobody expected")
        raise
    else:
        log.info(f"the {process} ends", reason="it is done")
    finally:
        signal.signal(signal.SIGTERM, before)
        logging.getLogger().removeHandler(handler)


class _TerminatedExit(SystemExit):
    """SIGTERM came."""


def _end(_signal: int, _frame: FrameType | None) -> None:
    raise _TerminatedExit(0)
