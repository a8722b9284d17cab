"""How many rows the ledger has of each kind, counted by the database.

A search that the rules refuse is a refusal, with a record of its own. Former releases wrote another
one beside it, with the same request id: the refusal of the request, or the failure of the video
job. That one is passed over, so that the search counts once.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, exists, func, or_, select

from reknown.ledger.codec import DONE, FAILED, REFUSED, Encoded, decode
from reknown.ledger.log import conditions
from reknown.ledger.records import Failure, Refusal, RefuseSearchRecord
from reknown.ledger.schema import events
from reknown.storage.database import reading
from reknown.storage.unindexed import unindexed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sqlalchemy import ColumnElement, Row, Select

    from reknown.ledger.log import Choice
    from reknown.storage.database import Database

_PORTION = 50_000
_NOT_DONE = or_(
    events.c.kind.in_((REFUSED, FAILED)), events.c.operation == RefuseSearchRecord.OPERATION
)
# what was done is counted without a look at its record
_ALIKE = (
    events.c.actor,
    events.c.operation,
    events.c.collection,
    events.c.kind,
    case((_NOT_DONE, events.c.version)).label("version"),
    case((_NOT_DONE, events.c.detail)).label("detail"),
)


@dataclass(frozen=True, slots=True, order=True)
class EventCount:
    """So many rows are alike in all of this; `kind` is done, refused or failed.

    `error` is why, and empty for what was done; `collection` is empty where there is none.
    """

    actor: str
    operation: str
    collection: str
    kind: str
    error: str
    count: int


def tallies(
    database: Database, choice: Choice, watch: Callable[[int], object] | None = None
) -> list[EventCount]:
    """The events chosen, counted by what they have in common, in bounded memory.

    `watch` is told how many rows were read more. Raises `DatabaseError` for a damaged row of what
    was refused or failed.
    """
    with reading(database) as connection:
        chosen = (*conditions(connection, choice), _told_once())
    found: Counter[tuple[str, str, str, str, str]] = Counter()
    read, after = _PORTION, 0
    while read == _PORTION:
        with reading(database) as connection:
            rows = connection.execute(_portion(chosen, after)).all()
        for row in rows:
            found[_alike(row)] += row.rows
        read, after = sum(row.rows for row in rows), max((row.last for row in rows), default=0)
        if watch is not None:
            watch(read)
    return sorted(EventCount(*alike, count) for alike, count in found.items())


def reasons(counted: Iterable[EventCount], kind: str) -> Mapping[str, int]:
    """How many of those counted were refused, or failed, by why; the errors in order."""
    found: Counter[str] = Counter()
    for it in counted:
        if it.kind == kind:
            found[it.error] += it.count
    return dict(sorted(found.items()))


def _portion(chosen: Iterable[ColumnElement[bool]], after: int) -> Select[Any]:
    """The counts of the next rows behind `after`, and the last of these."""
    query = select(events.c.id, *_ALIKE).where(events.c.id > after, *chosen)
    rows = query.order_by(events.c.id).limit(_PORTION).subquery("portion")
    alike = [rows.c[column.name] for column in _ALIKE]
    counts = func.count().label("rows"), func.max(rows.c.id).label("last")
    return select(*alike, *counts).group_by(*alike)


def _told_once() -> ColumnElement[bool]:
    """Whether no other row says more of the same refusal."""
    others = events.alias()
    more = exists().where(
        others.c.request_id == events.c.request_id,
        unindexed(others.c.operation) == RefuseSearchRecord.OPERATION,
    )
    return or_(events.c.kind.is_(None), events.c.kind == DONE, ~more)


def _alike(row: Row[Any]) -> tuple[str, str, str, str, str]:
    # rows without types had no kind, and told of what was done
    kind, error = row.kind or DONE, ""
    if row.detail is not None:
        kind, error = _why(Encoded(kind, row.operation, row.version, row.detail))
    return row.actor, row.operation, row.collection or "", kind, error


def _why(row: Encoded) -> tuple[str, str]:
    entry = decode(row)
    if isinstance(entry, RefuseSearchRecord):
        return REFUSED, entry.reason
    assert isinstance(entry, Refusal | Failure)
    return row.kind, entry.error
