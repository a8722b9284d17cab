"""A lease that is renewed while somebody works, with how far that is."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Event, Thread
from typing import TYPE_CHECKING

from reknown.biometrics.errors import DatabaseError
from reknown.jobs import queue
from reknown.jobs.queue import JobProgress

if TYPE_CHECKING:
    from datetime import timedelta
    from types import TracebackType

    from reknown.jobs.queue import Lease
    from reknown.storage.database import Database

# How often within a lease it is renewed: two renewals may fail.
_RENEWALS = 3
# So old at most is what others see of the work, and what the worker knows of a wish to stop it.
_NEWS_SECONDS = 2.0


class LeaseLostError(Exception):
    """Another worker has the job by now, or is to end it."""


class KeptLease:
    """Renews in a thread of its own, as an analysis may be silent for long."""

    def __init__(self, database: Database, lease: Lease, lease_time: timedelta) -> None:
        self._database = database
        self._lease = lease
        self._time = lease_time
        self._ended = Event()
        self._lost = False
        self._since = datetime.now(UTC)
        self._progress: JobProgress | None = None
        self._thread = Thread(target=self._renew, daemon=True)

    def __enter__(self) -> KeptLease:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def told(self, done: int, total: int) -> None:
        """How far the work is; it is written down with the next renewal."""
        self._progress = JobProgress(done, total, self._since)

    def check(self) -> None:
        """Raises `LeaseLostError` when somebody else has the job, or it is to be stopped."""
        if self._lost:
            raise LeaseLostError

    def _renew(self) -> None:
        pause = min(self._time.total_seconds() / _RENEWALS, _NEWS_SECONDS)
        while not self._ended.wait(pause):
            try:
                with self._database.begin() as connection:
                    self._lost = not queue.renew(
                        connection, self._lease, self._time, self._progress
                    )
            except DatabaseError:  # perhaps it is back before the lease has run out
                continue
            if self._lost:
                return
