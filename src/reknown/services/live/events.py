"""What happened before the cameras, read in order from any event on; who reads is in the ledger."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from reknown.biometrics.errors import AccessError, InputError, NotFoundError
from reknown.gallery.collections import require
from reknown.ledger import log
from reknown.ledger.records import ReadLiveEventsRecord
from reknown.services.live.telling import ToldEvent, described, tell
from reknown.storage.clock import now
from reknown.storage.database import reading
from reknown.watches import claims, events, watches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from reknown.services.context import Context
    from reknown.storage.database import Database

__all__ = [
    "EventChoice",
    "EventPage",
    "ToldEvent",
    "all_events",
    "before_newest",
    "begin_reading",
    "described",
    "follow_events",
    "knows_watch",
    "last_sequence",
    "purge_events",
    "read_events",
    "read_on",
]

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")
MOST_EVENTS = 1000
_POLL_SECONDS = 0.25


def _anything(_: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class EventChoice:
    """Which events: of one watch, against one collection, as far as that may be seen.

    Raises `InputError` for what is no name of a watch.
    """

    watch: str | None = None
    collection: str | None = None
    permitted: Callable[[str], bool] = _anything

    def __post_init__(self) -> None:
        if self.watch is not None and not _NAME.fullmatch(self.watch):
            raise InputError(
                f"a watch is named with 1 to 128 letters, digits, -, ., _: not {self.watch!r}"
            )


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events in their order; all up to the number `reached` have been looked at.

    `more` says that there are others behind it.
    """

    events: Sequence[ToldEvent]
    reached: int
    more: bool = False


def read_events(context: Context, after: int, limit: int, choice: EventChoice) -> EventPage:
    """The events behind the number `after`, with the names that are known now; recorded.

    Raises `InputError`, `NotFoundError` and `AccessError`.
    """
    begin_reading(context, after, choice)
    return read_on(context.database, after, limit, choice)


def all_events(context: Context, after: int, choice: EventChoice) -> Iterator[ToldEvent]:
    """The same in pages, up to the newest."""
    begin_reading(context, after, choice)
    while (page := read_on(context.database, after, MOST_EVENTS, choice)).reached != after:
        yield from page.events
        after = page.reached


def follow_events(context: Context, after: int, choice: EventChoice) -> Iterator[ToldEvent]:
    """The same without an end: it waits for what happens; raises as `read_events`."""
    begin_reading(context, after, choice, follow=True)
    while True:
        page = read_on(context.database, after, MOST_EVENTS, choice)
        yield from page.events
        if page.reached == after:
            time.sleep(_POLL_SECONDS)
        after = page.reached


def begin_reading(
    context: Context, after: int, choice: EventChoice, *, follow: bool = False
) -> None:
    """Writes down that somebody reads, before anything is read; raises as `read_events`."""
    if not 0 <= after < 2**63:
        raise InputError(f"events have numbers from 1 on, and {after} is before or after all")
    with context.database.begin() as connection:
        if choice.collection is not None:
            require(connection, choice.collection)
            if not choice.permitted(choice.collection):
                raise AccessError("this access key may not see that collection")
        record = ReadLiveEventsRecord(after, choice.watch, follow)
        log.append(connection, context.actor, choice.collection, record)


def read_on(database: Database, after: int, limit: int, choice: EventChoice) -> EventPage:
    """The next events for who has begun to read."""
    if not 1 <= limit <= MOST_EVENTS:
        raise InputError(f"1 to {MOST_EVENTS} events are read at once, not {limit}")
    with reading(database) as connection:
        last = events.last_sequence(connection)
        read = events.read(connection, after, limit + 1, choice.watch, choice.collection)
        found = read[:limit]
        seen = [each for each in found if choice.permitted(each.collection)]
        told = tell(connection, seen)
    reached = found[-1].sequence if len(found) == limit else max(last, after)
    return EventPage(told, reached, len(read) > limit)


def before_newest(database: Database, limit: int, choice: EventChoice) -> int:
    """The number behind which are the newest `limit` events; 0 where there are no others."""
    with reading(database) as connection:
        return events.sequence_before_newest(connection, limit, choice.watch, choice.collection)


def knows_watch(database: Database, name: str) -> bool:
    """Whether a watch is called that, somebody watches under the name, or there are its events."""
    with reading(database) as connection:
        if claims.held_until(connection, name) or events.read(connection, 0, 1, name):
            return True
        try:
            watches.find(connection, name)
        except NotFoundError:
            return False
        return True


def last_sequence(database: Database) -> int:
    """The number of the newest event, 0 before the first."""
    with reading(database) as connection:
        return events.last_sequence(connection)


def purge_events(database: Database, days: int) -> int:
    """Deletes what happened more than so many days ago; how many events."""
    with reading(database) as connection:
        moment = now(connection) - timedelta(days=days)
    count = 0
    while True:
        with reading(database) as connection:
            if not events.has_older(connection, moment):
                return count
        with database.begin() as connection:
            count += events.purge(connection, moment)
