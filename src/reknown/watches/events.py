"""What happened before the cameras: appended once, read in order from any number on."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import delete, insert, select, update

from reknown.biometrics.errors import NotFoundError
from reknown.biometrics.faces import DetectedFace  # noqa: TC001 - msgspec reads it
from reknown.biometrics.live import LiveCandidate, LiveEvent, LiveEventKind, LiveView, RecordPlace
from reknown.storage.clock import as_text, now
from reknown.storage.erasure import erase
from reknown.storage.unindexed import unindexed
from reknown.structs import resolved
from reknown.watches.schema import collections, event_failures, live_events, live_sequence

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

_PORTION = 1000
# So many events of other cameras may be stored later than some that happened after them.
_LATE = 100
_LOOKED_BACK = 500
_COLUMNS = (
    live_events.c.sequence,
    live_events.c.watch,
    collections.c.name,
    live_events.c.kind,
    live_events.c.at,
    live_events.c.visit,
    live_events.c.body,
)
_READ = select(*_COLUMNS).join(collections, collections.c.id == live_events.c.collection_id)
_THE_ROW = live_sequence.c.id == 1
_NEXT = (
    update(live_sequence)
    .where(_THE_ROW)
    .values(last=live_sequence.c.last + 1)
    .returning(live_sequence.c.last)
)


class _Body(msgspec.Struct, frozen=True, omit_defaults=True):
    """What nobody looks for in the database."""

    time_ms: int
    candidates: tuple[LiveCandidate, ...] = ()
    view: LiveView | None = None
    since: datetime | None = None
    until: datetime | None = None
    search: int | None = None
    lists: tuple[str, ...] = ()
    state: str | None = None
    reason: str | None = None
    face: DetectedFace | None = None
    session: str | None = None
    records: RecordPlace | None = None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(resolved(_Body)).decode
_KEPT = _Body.__struct_fields__


def append(connection: Connection, event: LiveEvent) -> int:
    """Stores the event in this transaction; its sequence.

    Others who append wait from here to the end of the transaction: numbers are committed in their
    order and none is left out. Raises `NotFoundError` where the collection is gone.
    """
    find = select(collections.c.id).where(collections.c.name == event.collection)
    owner = connection.execute(find).scalar_one_or_none()
    if owner is None:
        raise NotFoundError(
            f"there is no collection {event.collection}: what {event.watch} sees is kept nowhere"
        )
    sequence = int(connection.execute(_NEXT).scalar_one())
    body = _Body(**{name: getattr(event, name) for name in _KEPT})
    values = {
        "sequence": sequence,
        "collection_id": owner,
        "watch": event.watch,
        "kind": event.kind.value,
        "visit": event.visit,
        "at": as_text(event.at),
        "body": _encode(body).decode(),
    }
    connection.execute(insert(live_events).values(values))
    return sequence


def read(
    connection: Connection,
    after: int,
    limit: int,
    watch: str | None = None,
    collection: str | None = None,
) -> list[LiveEvent]:
    """The events behind a sequence in their order, of one watch or collection where it is given."""
    query = _chosen(_READ, watch, collection).where(live_events.c.sequence > after)
    rows = connection.execute(query.order_by(live_events.c.sequence).limit(limit))
    return [_event(row) for row in rows]


def sequence_before_newest(
    connection: Connection,
    limit: int,
    watch: str | None = None,
    collection: str | None = None,
) -> int:
    """That of the event behind which are the newest `limit` of these; 0 where no more are there."""
    query = _chosen(select(live_events.c.sequence), watch, collection)
    query = query.order_by(live_events.c.sequence.desc()).limit(1).offset(limit)
    return int(connection.execute(query).scalar_one_or_none() or 0)


def sequence_before(connection: Connection, moment: datetime) -> int:
    """A sequence behind which are all events of that moment and later."""
    query = (
        select(live_events.c.sequence)
        .where(live_events.c.at >= as_text(moment))
        .order_by(live_events.c.at, live_events.c.sequence)
        .limit(1)
    )
    first = connection.execute(query).scalar_one_or_none()
    return last_sequence(connection) if first is None else max(0, int(first) - _LATE)


def present(
    connection: Connection, watch: str, collection: str, sequence: int | None = None
) -> list[LiveEvent]:
    """The newest event of each visit that has no end, as far as the last few of people tell.

    With `sequence` as it was after that event.
    """
    owner = select(collections.c.id).where(collections.c.name == collection).scalar_subquery()
    query = _READ.where(
        live_events.c.watch == watch,
        unindexed(live_events.c.collection_id) == owner,
        unindexed(live_events.c.kind) != LiveEventKind.CAMERA.value,
    )
    if sequence is not None:
        query = query.where(live_events.c.sequence <= sequence)
    rows = connection.execute(query.order_by(live_events.c.sequence.desc()).limit(_LOOKED_BACK))
    newest: dict[str, LiveEvent] = {}
    for row in rows:
        event = _event(row)
        newest.setdefault(event.visit, event)
    return [each for each in newest.values() if each.kind is not LiveEventKind.LEFT]


def camera_state(connection: Connection, watch: str, collection: str) -> str | None:
    """How its camera was when that was told last; None where nobody said."""
    owner = select(collections.c.id).where(collections.c.name == collection).scalar_subquery()
    query = _READ.where(
        live_events.c.watch == watch,
        unindexed(live_events.c.collection_id) == owner,
        unindexed(live_events.c.kind) == LiveEventKind.CAMERA.value,
    )
    row = connection.execute(query.order_by(live_events.c.sequence.desc()).limit(1)).one_or_none()
    return None if row is None else _event(row).state


def last_sequence(connection: Connection) -> int:
    """That of the newest event, whether it is still there or not; 0 before the first."""
    return int(connection.execute(select(live_sequence.c.last).where(_THE_ROW)).scalar_one())


def go_on_elsewhere(connection: Connection) -> None:
    """The next number is one that this database never gave out, whatever of it was lost.

    Numbers begin with 1, and there is less than an event a millisecond: the milliseconds since 1970
    are ahead of all of them, also of those given out since this was done before.
    """
    last = max(int(now(connection).timestamp() * 1000), last_sequence(connection))
    connection.execute(update(live_sequence).where(_THE_ROW).values(last=last))


def has_older(connection: Connection, moment: datetime) -> bool:
    """Whether there are events from before that."""
    query = select(live_events.c.sequence).where(live_events.c.at < as_text(moment))
    query = query.order_by(live_events.c.at).limit(1)
    return connection.execute(query).one_or_none() is not None


def purge(connection: Connection, moment: datetime) -> int:
    """Deletes what happened before that, some of it where there is much; how many events."""
    old = select(live_events.c.sequence).where(live_events.c.at < as_text(moment)).limit(_PORTION)
    gone = connection.execute(delete(live_events).where(live_events.c.sequence.in_(old)))
    if gone.rowcount:
        erase(connection, live_events, event_failures)
    return gone.rowcount


def _chosen(query: Select[Any], watch: str | None, collection: str | None) -> Select[Any]:
    """As far as it is of one watch or collection where it is given."""
    if watch is not None:
        query = query.where(live_events.c.watch == watch)
    if collection is not None:
        owner = select(collections.c.id).where(collections.c.name == collection)
        query = query.where(live_events.c.collection_id == owner.scalar_subquery())
    return query


def _event(row: Any) -> LiveEvent:
    kept = _decode(row.body)
    return LiveEvent(
        watch=row.watch,
        collection=row.name,
        kind=LiveEventKind(row.kind),
        at=datetime.fromisoformat(row.at),
        visit=row.visit,
        sequence=row.sequence,
        **{name: getattr(kept, name) for name in _KEPT},
    )
