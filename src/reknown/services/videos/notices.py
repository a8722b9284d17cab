"""Tells topics and webhooks that jobs have ended."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from reknown.biometrics.errors import NotifyError, RefusedNotifyError
from reknown.jobs import outbox
from reknown.services.delivering import Deliverer, unexpected
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from structlog.typing import FilteringBoundLogger

    from reknown.jobs.outbox import Notice
    from reknown.notify.base import Sender
    from reknown.storage.database import Database

# Longer than any sender tries.
_LEASE = timedelta(minutes=2)
_POLL_SECONDS = 1.0


class NoticeSender:
    """Delivers what is due on the channels that there are senders for.

    `backoff` says how long to wait after so many attempts, None to give up.
    """

    def __init__(
        self,
        database: Database,
        senders: Mapping[str, Sender],
        backoff: Callable[[int], timedelta | None],
        log: FilteringBoundLogger,
    ) -> None:
        self._database = database
        self._senders = senders
        self._backoff = backoff
        self._log = log
        self._deliverer = Deliverer(
            self._deliver_one,
            _POLL_SECONDS,
            lambda error: log.error("notices wait", error=str(error), exc_info=unexpected(error)),
        )

    def start(self) -> None:
        """Goes on delivering in a thread until `stop`."""
        if self._senders:
            self._deliverer.start()

    def stop(self, seconds: float) -> None:
        """Waits for what is due by now, and then for what is being delivered, each for so long."""
        self._deliverer.stop(seconds)

    def deliver(self) -> int:
        """Tries everything that is due now once; how many that was. Raises `DatabaseError`."""
        return self._deliverer.deliver()

    def _deliver_one(self) -> bool:
        channels = list(self._senders)
        with reading(self._database) as connection:
            if not outbox.has_due(connection, channels):
                return False
        with self._database.begin() as connection:
            notice = outbox.claim(connection, channels, _LEASE)
        if notice is None:
            return False
        try:
            self._senders[notice.channel].send(notice.target, notice.body, notice.job_id)
        except NotifyError as error:
            self._failed(notice, error)
            return True
        with self._database.begin() as connection:
            outbox.delivered(connection, notice)
        self._log.info("notice", job=notice.job_id, channel=notice.channel, attempt=notice.attempt)
        return True

    def _failed(self, notice: Notice, error: NotifyError) -> None:
        vain = isinstance(error, RefusedNotifyError)
        delay = None if vain else self._backoff(notice.attempt)
        with self._database.begin() as connection:
            outbox.failed(connection, notice, str(error), delay)
        self._log.warning(
            "notice not delivered",
            job=notice.job_id,
            channel=notice.channel,
            attempt=notice.attempt,
            error=str(error),
            again_in_seconds=None if delay is None else delay.total_seconds(),
        )
