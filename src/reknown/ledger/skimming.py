"""A few fields of many records, oldest first: only what is asked for is decoded.

What is passed over is not checked; `reknown ledger verify` looks at all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from reknown.ledger.codec import DONE, Encoded, decode_fields
from reknown.ledger.log import conditions
from reknown.ledger.schema import events
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy import Select

    from reknown.ledger.log import Choice
    from reknown.ledger.records import Record
    from reknown.storage.database import Database

    Wanted = Mapping[type[Record], type]
    Watch = Callable[[int], object]

_PAGE = 500
_DONE = or_(events.c.kind == DONE, events.c.kind.is_(None))
_COLUMNS = (
    events.c.id,
    events.c.at,
    events.c.actor,
    events.c.operation,
    events.c.collection,
    events.c.purpose,
    events.c.version,
    events.c.detail,
)


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What was wanted of a row that tells of something done.

    `fields` is None for rows that were written before records had types.
    """

    id: int
    at: datetime
    actor: str
    operation: str
    collection: str | None
    purpose: str | None
    fields: Any


def skim(
    database: Database, wanted: Wanted, choice: Choice, watch: Watch | None = None
) -> Iterator[Glimpse]:
    """The rows chosen of these records, in bounded memory and without a long transaction.

    `wanted` has for each record the struct of its fields that are read. `watch` is told how many
    rows were read more. Raises `DatabaseError` for a damaged row.
    """
    # each operation by its own index: what lies between is not read
    streams = (
        _skim(database, record.OPERATION, fields, choice, watch)
        for record, fields in wanted.items()
    )
    return merge(*streams, key=attrgetter("id"))


def _skim(
    database: Database, operation: str, fields: type, choice: Choice, watch: Watch | None
) -> Iterator[Glimpse]:
    with reading(database) as connection:
        chosen = conditions(connection, choice)
    query = select(*_COLUMNS).where(events.c.operation == operation, _DONE, *chosen)
    query = query.order_by(events.c.id).limit(_PAGE)
    page = _page(database, query, 0)
    while page:
        if watch is not None:
            watch(len(page))
        for row in page:
            yield _glimpse(row, fields)
        page = _page(database, query, page[-1].id) if len(page) == _PAGE else ()


def _page(database: Database, query: Select[Any], after: int) -> Sequence[Any]:
    with reading(database) as connection:
        return connection.execute(query.where(events.c.id > after)).all()


def _glimpse(row: Any, fields: type) -> Glimpse:
    key, at, actor, operation, collection, purpose, version, detail = row
    found = decode_fields(Encoded(DONE, operation, version, detail), fields)
    return Glimpse(key, datetime.fromisoformat(at), actor, operation, collection, purpose, found)
