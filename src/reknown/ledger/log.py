"""Who did what: written in the same transaction as the action, never changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from heapq import merge
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select

from reknown.ledger.chain import chain
from reknown.ledger.codec import DONE, Encoded, decode, encode
from reknown.ledger.quotas import charge
from reknown.ledger.requests import consume_nonce
from reknown.ledger.schema import events
from reknown.ledger.use import use_of
from reknown.storage.clock import as_text
from reknown.storage.database import reading
from reknown.storage.paging import batches
from reknown.storage.unindexed import unindexed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Row

    from reknown.ledger.actor import Actor
    from reknown.ledger.codec import Entry
    from reknown.storage.database import Database

_PAGE = 200
_LATE = timedelta(minutes=2)
# Made once: to build a statement takes longer than to run it.
_INSERT = insert(events).returning(events.c.id)
_ORDERED = select(events).order_by(events.c.id)


@dataclass(frozen=True, slots=True)
class Event:
    """A row of the ledger; `id` ascends in the order of writing.

    `request_id` is that of the network request behind it, if any, and `purpose` what the caller
    said that it was for. `record` is typed from
    `version` 1 on, and `kind` says whether it was done, refused, or failed; a row of version 0
    has no kind, and a mapping of what was written then.
    """

    id: int
    at: datetime
    actor: str
    operation: str
    collection: str | None
    request_id: str | None
    kind: str | None
    version: int
    record: Entry | Mapping[str, Any]
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Which events are wanted: those for which all that is given holds.

    `since` is the first moment, `until` the first one that is too late, `before` the first id that
    is too high.
    """

    since: datetime | None = None
    until: datetime | None = None
    actor: str | None = None
    operation: str | None = None
    collection: str | None = None
    request_id: str | None = None
    before: int | None = None


EVERYTHING = Choice()


def append(connection: Connection, actor: Actor, collection: str | None, record: Entry) -> int:
    """Writes one event at the present time and returns its id.

    Raises `ReplayError` when the actor's nonce has been used before, or
    `msgspec.ValidationError` for a record with values out of range. The end of the transaction
    raises `LimitError` where a quota of the actor does not allow it.
    """
    now = datetime.now(UTC)
    if actor.nonce is not None:
        consume_nonce(connection, actor.nonce, now)
    row = encode(record)
    values = {
        "at": as_text(now),
        "actor": actor.name,
        "operation": row.operation,
        "collection": collection,
        "kind": row.kind,
        "version": row.version,
        "detail": row.detail,
        "request_id": actor.request_id,
        "purpose": actor.purpose,
    }
    written = int(connection.execute(_INSERT, values).scalar_one())
    chain(connection, written)
    # after it: all wait for the log's head first, so that nobody waits in a circle
    if row.kind == DONE:
        charge(connection, actor, now, use_of(record))
    return written


def record(database: Database, actor: Actor, collection: str | None, record: Entry) -> None:
    """Writes one event in a transaction of its own; raises as `append` does."""
    with database.begin() as connection:
        append(connection, actor, collection, record)


def read(
    connection: Connection, choice: Choice = EVERYTHING, after: int = 0, limit: int = 100
) -> list[Event]:
    """At most `limit` of the events chosen, with an id above `after`, oldest first.

    Raises `DatabaseError` for a damaged row.
    """
    return _page(connection, choice, _span(connection, choice), after, limit)


def newest_time(connection: Connection) -> datetime | None:
    """The latest time at which anything was done, None where nothing was."""
    latest = connection.execute(select(func.max(events.c.at))).scalar_one()
    return None if latest is None else datetime.fromisoformat(latest)


def newest(connection: Connection, choice: Choice, limit: int) -> int:
    """The id after which the newest `limit` of the events chosen come; 0 if all do."""
    wanted = _conditions(choice, _span(connection, choice))
    query = select(events.c.id).where(*wanted).order_by(events.c.id.desc())
    return int(connection.execute(query.offset(limit).limit(1)).scalar_one_or_none() or 0)


def stream(database: Database, choice: Choice = EVERYTHING, after: int = 0) -> Iterator[Event]:
    """The events chosen, oldest first, in constant memory and without a long transaction.

    Raises `DatabaseError` for a damaged row.
    """
    for page in pages(database, choice, after):
        yield from page


def stream_operations(
    database: Database, operations: Sequence[str], choice: Choice = EVERYTHING
) -> Iterator[Event]:
    """The same of some operations alone, without reading what lies between."""
    streams = (stream(database, replace(choice, operation=each)) for each in operations)
    return merge(*streams, key=attrgetter("id"))


def pages(
    database: Database, choice: Choice = EVERYTHING, after: int = 0
) -> Iterator[Sequence[Event]]:
    """The same as `stream`, as it is read: some hundreds at a time, never none."""
    with reading(database) as connection:
        span = _span(connection, choice)
    more = True
    while more:
        with reading(database) as connection:
            page = _page(connection, choice, span, after, _PAGE)
        if page:
            yield page
        more = len(page) == _PAGE
        if more:
            after = page[-1].id


def follow(
    database: Database, choice: Choice, after: int, pause: Callable[[], object]
) -> Iterator[Sequence[Event]]:
    """The same as `pages` and then, without an end, what is new after each `pause`.

    Of writers at the same time the one with the higher id may be done first, and machines may
    disagree on the time, so the last two minutes are looked at again and again.
    """
    began = datetime.now(UTC) - _LATE
    seen = {key for key in _recent(database, choice) if key <= after}
    for page in pages(database, choice, after):
        seen.update(event.id for event in page if event.at >= began)
        yield page
    while True:
        pause()
        recent = _recent(database, choice)
        for batch in batches(key for key in recent if key not in seen):
            with reading(database) as connection:
                rows = connection.execute(_ORDERED.where(events.c.id.in_(batch)))
                new = [_event(row) for row in rows]
            yield new
        # whatever is recent the next time and was there this time is among these
        seen = set(recent)


def _recent(database: Database, choice: Choice) -> Sequence[int]:
    """The ids of the events chosen beside which others may still come, in their order."""
    since = datetime.now(UTC) - _LATE
    late = replace(choice, since=since if choice.since is None else max(since, choice.since))
    with reading(database) as connection:
        wanted = _conditions(late, _span(connection, late))
        query = select(events.c.id).where(*wanted).order_by(events.c.id)
        return connection.execute(query).scalars().all()


def _page(
    connection: Connection, choice: Choice, span: tuple[int, int] | None, after: int, limit: int
) -> list[Event]:
    query = _ORDERED.where(events.c.id > after, *_conditions(choice, span))
    rows = connection.execute(query.limit(limit))
    return [_event(row) for row in rows]


def conditions(connection: Connection, choice: Choice) -> list[ColumnElement[bool]]:
    """What holds for the rows of the events chosen."""
    return list(_conditions(choice, _span(connection, choice)))


def _span(connection: Connection, choice: Choice) -> tuple[int, int] | None:
    """The first and the last id of the times chosen, if any are.

    Ids go with time but for clocks that are set back, which must hide nothing.
    """
    times = list(_times(choice, events.c.at))
    if not times:
        return None
    # an order of ids would be walked from its end for the first that fits
    ids = unindexed(events.c.id)
    query = select(func.min(ids), func.max(ids)).where(*times)
    first, last = connection.execute(query).one()
    return (1, 0) if first is None else (first, last)


def _times(choice: Choice, at: ColumnElement[str]) -> Iterator[ColumnElement[bool]]:
    if choice.since is not None:
        yield at >= as_text(choice.since)
    if choice.until is not None:
        yield at < as_text(choice.until)


def _conditions(choice: Choice, span: tuple[int, int] | None) -> Iterator[ColumnElement[bool]]:
    if span is not None:
        yield events.c.id.between(*span)
        # by the index of times all of them would be sorted for every page
        yield from _times(choice, unindexed(events.c.at))
    if choice.before is not None:
        yield events.c.id < choice.before
    for column, value in (
        (events.c.actor, choice.actor),
        (events.c.operation, choice.operation),
        (events.c.collection, choice.collection),
        (events.c.request_id, choice.request_id),
    ):
        if value is not None:
            yield column == value


def _event(row: Row[Any]) -> Event:
    record = decode(Encoded(row.kind or DONE, row.operation, row.version, row.detail))
    return Event(
        id=row.id,
        at=datetime.fromisoformat(row.at),
        actor=row.actor,
        operation=row.operation,
        collection=row.collection,
        request_id=row.request_id,
        kind=row.kind,
        version=row.version,
        record=record,
        purpose=row.purpose,
    )
