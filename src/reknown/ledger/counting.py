"""How many rows the ledger has of each kind, counted by the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from reknown.ledger.codec import DONE, FAILED, REFUSED, Encoded, decode
from reknown.ledger.log import conditions
from reknown.ledger.records import Failure, Refusal
from reknown.ledger.schema import events

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from reknown.ledger.log import Choice

_FACTS = (events.c.actor, events.c.operation, events.c.collection, events.c.kind)


@dataclass(frozen=True, slots=True)
class EventCount:
    """So many rows are alike in all of this; `kind` is done, refused or failed."""

    actor: str
    operation: str
    collection: str | None
    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """So many requests were refused, or failed, with this error; `kind` says which."""

    kind: str
    error: str
    count: int


def tallies(connection: Connection, choice: Choice) -> list[EventCount]:
    """The events chosen, counted by what they have in common, in one pass."""
    query = select(*_FACTS, func.count()).where(*conditions(connection, choice)).group_by(*_FACTS)
    # rows without types had no kind, and told of what was done
    found = (
        EventCount(actor, operation, collection, kind or DONE, count)
        for actor, operation, collection, kind, count in connection.execute(query)
    )
    return sorted(found, key=lambda it: (it.actor, it.operation, it.collection or "", it.kind))


def reasons(connection: Connection, choice: Choice) -> list[ErrorCount]:
    """Why requests among the events chosen were refused or failed, the errors in order.

    Raises `DatabaseError` for a damaged row.
    """
    columns = (events.c.kind, events.c.operation, events.c.version, events.c.detail)
    wanted = (*conditions(connection, choice), events.c.kind.in_((REFUSED, FAILED)))
    counts: dict[tuple[str, str], int] = {}
    # there are few ways to be refused, so few rows come back however often it happened
    query = select(*columns, func.count()).where(*wanted).group_by(*columns)
    for kind, operation, version, detail, count in connection.execute(query):
        entry = decode(Encoded(kind, operation, version, detail))
        if isinstance(entry, Refusal | Failure):
            counts[kind, entry.error] = counts.get((kind, entry.error), 0) + count
    return [ErrorCount(*key, count) for key, count in sorted(counts.items())]
