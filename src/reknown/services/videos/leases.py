"""A lease that is renewed while somebody works."""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING

from reknown.biometrics.errors import DatabaseError
from reknown.jobs import queue

if TYPE_CHECKING:
    from datetime import timedelta
    from types import TracebackType

    from reknown.jobs.queue import Lease
    from reknown.storage.database import Database

# How often within a lease it is renewed: two renewals may fail.
_RENEWALS = 3


class LeaseLostError(Exception):
    """Another worker has the job by now."""


class KeptLease:
    """Renews in a thread of its own, as an analysis may be silent for long."""

    def __init__(self, database: Database, lease: Lease, lease_time: timedelta) -> None:
        self._database = database
        self._lease = lease
        self._time = lease_time
        self._ended = Event()
        self._lost = False
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

    def check(self) -> None:
        """Raises `LeaseLostError` when another worker has taken the job over."""
        if self._lost:
            raise LeaseLostError

    def _renew(self) -> None:
        while not self._ended.wait(self._time.total_seconds() / _RENEWALS):
            try:
                with self._database.begin() as connection:
                    self._lost = not queue.renew(connection, self._lease, self._time)
            except DatabaseError:  # perhaps it is back before the lease has run out
                continue
            if self._lost:
                return
