"""Tells sinks what happens before the cameras: each event at least once, a watch's in order.

A sink that cannot be reached is asked again for as long as a day for each event; one that refuses
an event, for ten minutes. After that it is not told of this event, as a row and a line in the log
say. Each sink has a thread of its own: none waits for another. There watches take turns, which are
so short that next to nothing is told that was deleted since it was read.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from reknown.biometrics.errors import NotifyError, RefusedNotifyError
from reknown.services.delivering import Deliverer, unexpected
from reknown.services.live.leftovers import Closer
from reknown.services.live.telling import tell
from reknown.storage.database import reading
from reknown.watches import deliveries, events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from structlog.typing import FilteringBoundLogger

    from reknown.services.live.telling import ToldEvent
    from reknown.storage.database import Database
    from reknown.watches.deliveries import EventDelivery

# Longer than a sink tries that has one message an event.
LEASE = timedelta(seconds=15)
_POLL_SECONDS = 0.25
# A turn of a watch: so many events at most, and none is begun that was read longer ago than that.
_PORTION, _TURN_SECONDS = 50, 0.25
_LOOK_SECONDS = 0.5
_STOP_SECONDS = 1.0
_LONGEST_WAIT, _DAY = 60, 24 * 3600
_REFUSALS = 10


class EventSink(Protocol):
    """A way to tell others of events; used by one thread of each process."""

    @property
    def name(self) -> str:
        """By which the database knows how far it has been told."""
        ...

    @property
    def lease(self) -> timedelta:
        """Longer than `send` takes at most.

        For so long nobody else tells it of the watch; that is also how long a process that was
        killed is waited for.
        """
        ...

    def send(self, told: ToldEvent) -> None:
        """Delivers the event, or leaves it out where it is not meant for this sink.

        Raises `NotifyError`, and `RefusedNotifyError` where the sink refuses this very event.
        """
        ...


@runtime_checkable
class KeepingSink(EventSink, Protocol):
    """One that keeps how it is before each camera, until an event says otherwise."""

    def forget(self, watch: str) -> None:
        """Keeps nothing of this watch any more; raises `NotifyError`."""
        ...


def patience(attempts: int, *, refused: bool) -> timedelta | None:
    """How long to wait after so many failures with one event, or refusals of it; None: give it up.

    A second, then twice as long each time, up to a minute.
    """
    most = _REFUSALS + 6 if refused else _DAY // _LONGEST_WAIT + 6
    seconds = min(2 ** min(attempts - 1, 6), _LONGEST_WAIT)
    return timedelta(seconds=seconds) if attempts <= most else None


class EventDeliverer:
    """Tells each of the sinks; several of these, in as many processes, share the work.

    So do they what watches left open that were killed.
    """

    def __init__(
        self,
        database: Database,
        sinks: Sequence[EventSink],
        log: FilteringBoundLogger,
        *,
        waits: Callable[..., timedelta | None] = patience,
        turn: float = _TURN_SECONDS,
    ) -> None:
        self._database = database
        self._waits = waits
        self._turn = turn
        self._log = log
        closer = Closer(database)
        closing = Deliverer(lambda: closer.close() > 0, _LOOK_SECONDS, self._waits_for)
        self._deliverers = [closing, *(self._deliverer(sink) for sink in sinks)]
        keeping = [sink for sink in sinks if isinstance(sink, KeepingSink)]
        self._deliverers += map(self._forgetter, keeping)
        for sink in sinks:
            with database.begin() as connection:
                deliveries.begin(connection, sink.name)

    def start(self) -> None:
        """Goes on in threads until `stop`."""
        for each in self._deliverers:
            each.start()

    def stop(self, seconds: float) -> None:
        """Waits for what is due by now, and then for what is being delivered, each for so long."""
        for each in self._deliverers:
            each.finish()
        for each in self._deliverers:
            each.stop(seconds)

    def deliver(self) -> int:
        """Closes and tells what can be now; how many watches that was. Raises `DatabaseError`."""
        return sum(each.deliver() for each in self._deliverers)

    def _deliverer(self, sink: EventSink) -> Deliverer:
        def deliver_one() -> bool:
            return self._deliver_watch(sink, lambda: made.stopping)

        made = Deliverer(deliver_one, _POLL_SECONDS, self._waits_for)
        return made

    def _forgetter(self, sink: KeepingSink) -> Deliverer:
        return Deliverer(lambda: self._forget(sink), _LOOK_SECONDS, self._waits_for)

    def _forget(self, sink: KeepingSink) -> bool:
        """Has the sink forget a watch whose events were deleted; whether there was one."""
        with reading(self._database) as connection:
            if not deliveries.has_forgettable(connection, sink.name):
                return False
        with self._database.begin() as connection:
            held = deliveries.claim_forgettable(connection, sink.name, sink.lease)
        if held is None:
            return False
        sink.forget(held.watch)
        with self._database.begin() as connection:
            deliveries.forget(connection, held)
        return True

    def _waits_for(self, error: Exception) -> None:
        self._log.error("live events wait", error=str(error), exc_info=unexpected(error))

    def _deliver_watch(self, sink: EventSink, stopping: Callable[[], bool]) -> bool:
        """Tells the sink of the watch whose turn it is; whether there was anything to tell."""
        with reading(self._database) as connection:
            if not deliveries.has_work(connection, sink.name):
                return False
        with self._database.begin() as connection:
            held = deliveries.claim(connection, sink.name, sink.lease)
        if held is None:
            return False
        end = time.monotonic() + self._turn
        left = self._tell(sink, held, lambda: stopping() or time.monotonic() >= end)
        if left is not None:
            with self._database.begin() as connection:
                deliveries.release(connection, left)
        return True

    def _tell(
        self, sink: EventSink, held: EventDelivery, over: Callable[[], bool]
    ) -> EventDelivery | None:
        """One event, and others until it is over; the right to go on, None where there is none."""
        for told in self._portion(held):
            left = self._deliver(sink, held, told)
            if left is None or over():
                return left
            held = left
        return held

    def _portion(self, held: EventDelivery) -> list[ToldEvent]:
        with reading(self._database) as connection:
            found = events.read(connection, held.delivered, _PORTION, held.watch)
            return tell(connection, found)

    def _deliver(
        self, sink: EventSink, held: EventDelivery, told: ToldEvent
    ) -> EventDelivery | None:
        """The right to go on with the next one, None where there is none."""
        sequence = told.event.sequence
        try:
            sink.send(told)
        except NotifyError as error:
            self._failed(held, sequence, error)
            return None
        except Exception as error:  # whatever is wrong with this event, others are to go on
            self._log.exception("a live event cannot be told", sequence=sequence, sink=held.sink)
            self._failed(held, sequence, RefusedNotifyError(type(error).__name__))
            return None
        with self._database.begin() as connection:
            return deliveries.advance(connection, held, sequence, sink.lease)

    def _failed(self, held: EventDelivery, sequence: int, error: NotifyError) -> None:
        refused = isinstance(error, RefusedNotifyError)
        # of its own kind: what was refused once after an hour of silence was refused once
        count = held.refusals + 1 if refused else held.attempt - held.refusals
        delay = self._waits(count, refused=refused)
        with self._database.begin() as connection:
            if delay is None:
                deliveries.give_up(connection, held, sequence, str(error))
            else:
                deliveries.failed(connection, held, str(error), delay, refused=refused)
        self._log.warning(
            "live event not delivered",
            sequence=sequence,
            watch=held.watch,
            sink=held.sink,
            attempt=held.attempt,
            error=str(error),
            again_in_seconds=None if delay is None else delay.total_seconds(),
        )


@contextmanager
def delivering(
    database: Database, sinks: Sequence[EventSink], log: FilteringBoundLogger
) -> Iterator[EventDeliverer]:
    """Tells the sinks in threads, as long as the context."""
    deliverer = EventDeliverer(database, sinks, log)
    deliverer.start()
    try:
        yield deliverer
    finally:
        deliverer.stop(_STOP_SECONDS)
