"""One watch a name: whoever watches without a worker has the name as long as that lasts."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING, Protocol

from reknown.biometrics.errors import DatabaseError, TakenOverError
from reknown.services.live.following_limits import BROKEN_OFF
from reknown.services.live.leftovers import close_watch, close_watches, drop_lapsed
from reknown.storage.database import reading
from reknown.watches import claims

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reknown.storage.database import Database
    from reknown.video.live.frames import CameraChange, LiveFrame
    from reknown.watches.claims import WatchClaim


_PAUSE = 0.2


class Watchable(Protocol):
    """A camera, or what stands for one; `CameraState.ENDED` is its last word."""

    def next(self, seconds: float) -> LiveFrame | CameraChange | None:
        """The newest frame, or how the camera is now; None after so long without either."""
        ...


@dataclass(frozen=True, slots=True)
class ClaimTimes:
    """How long a name is had without a word, and the seconds between two."""

    lease: timedelta = timedelta(seconds=8)
    renew: float = 2.0


@contextmanager
def claimed(
    database: Database,
    name: str,
    collection: str,
    camera: Watchable,
    times: ClaimTimes = ClaimTimes(),
    waits: Callable[[int], None] = lambda _: None,
) -> Iterator[Watchable]:
    """The camera, which nobody else watches under this name as long as the context.

    Its `next` raises `TakenOverError` once that is not so: this process, or the database, stood
    still for too long.
    Raises `BusyError` where the name is another one's. Whether they were killed shows within the
    time between two words of theirs: if they were, their lease is waited for, and `waits` is told
    for how many seconds at most.
    """
    _wait_for_word(database, name, times, waits)
    with database.begin() as connection:
        dropped = drop_lapsed(connection, name)
        held = claims.claim(connection, name, collection, times.lease)
        # its own are told by the watch as it begins, or closed as it ends
        close_watches(connection, name, set(dropped) - {collection})
    kept = _ClaimedCamera(database, held, camera, times)
    kept.start()
    try:
        yield kept
    finally:
        kept.end()


def _wait_for_word(
    database: Database, name: str, times: ClaimTimes, waits: Callable[[int], None]
) -> None:
    """Until whoever has the name was heard of, or has it no more."""
    first, begun, told = None, time.monotonic(), False
    while True:
        with reading(database) as connection:
            until = claims.held_until(connection, name)
        if until is None or first not in {None, until}:
            return
        first = until
        waited = time.monotonic() - begun
        if not told and waited > times.renew + _PAUSE:  # a word is overdue
            told = True
            waits(math.ceil(times.lease.total_seconds() - waited))
        time.sleep(_PAUSE)


class _ClaimedCamera(Thread):
    """A camera as long as the name is held, which a thread of its own sees to."""

    def __init__(
        self, database: Database, held: WatchClaim, camera: Watchable, times: ClaimTimes
    ) -> None:
        super().__init__(name=f"claim {held.name}", daemon=True)
        self._database = database
        self._held = held
        self._camera = camera
        self._times = times
        self._ended = Event()
        self._lost = Event()

    def next(self, seconds: float) -> LiveFrame | CameraChange | None:
        """As the camera has it."""
        if self._lost.is_set():
            raise TakenOverError(
                f"the name {self._held.name} could not be renewed for "
                f"{self._times.lease.total_seconds():g} seconds, and is lost: begin again, unless "
                "another one watches as that by now"
            )
        return self._camera.next(seconds)

    def run(self) -> None:
        until = time.monotonic() + self._times.lease.total_seconds()
        while not self._ended.wait(self._times.renew):
            begun = time.monotonic()
            try:
                with self._database.begin() as connection:
                    kept = claims.renew(connection, self._held, self._times.lease)
            except Exception:  # perhaps it goes well before the name is lost
                kept = time.monotonic() < until
            else:
                until = begun + self._times.lease.total_seconds()
            if not kept:
                self._lost.set()
                return

    def end(self) -> None:
        """Others may have the name; whoever could not be told to have left by now has."""
        self._ended.set()
        self.join()
        held = self._held
        try:
            with self._database.begin() as connection:
                if claims.release(connection, held):
                    close_watch(connection, held.name, held.collection, BROKEN_OFF)
        except DatabaseError:  # they may soon, anyway
            pass
