"""Who did what: written in the same transaction as the action, never changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from reknown.ledger.requests import consume_nonce
from reknown.ledger.schema import events

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from reknown.ledger.actor import Actor
    from reknown.storage.database import Database


# Made once: to build a statement takes longer than to run it.
_INSERT = insert(events).returning(events.c.id)


@dataclass(frozen=True, slots=True)
class Event:
    """One action; `id` ascends in the order of writing, `detail` is what JSON can say.

    `request_id` is that of the network request behind it, if any.
    """

    id: int
    at: datetime
    actor: str
    operation: str
    collection: str | None
    detail: Mapping[str, Any]
    request_id: str | None = None


def append(
    connection: Connection,
    actor: Actor,
    operation: str,
    collection: str | None,
    detail: Mapping[str, Any],
) -> int:
    """Writes one event at the present time and returns its id.

    Raises `ReplayError` when the actor's nonce has been used before.
    """
    now = datetime.now(UTC)
    if actor.nonce is not None:
        consume_nonce(connection, actor.nonce, now)
    values = {
        "at": now.isoformat(timespec="microseconds"),
        "actor": actor.name,
        "operation": operation,
        "collection": collection,
        "detail": json.dumps(detail, sort_keys=True, allow_nan=False),
        "request_id": actor.request_id,
    }
    return int(connection.execute(_INSERT, values).scalar_one())


def record(
    database: Database,
    actor: Actor,
    operation: str,
    collection: str | None,
    detail: Mapping[str, Any],
) -> None:
    """Writes one event in a transaction of its own; raises `ReplayError`."""
    with database.begin() as connection:
        append(connection, actor, operation, collection, detail)


def read(
    connection: Connection,
    after: int = 0,
    limit: int = 100,
    operation: str | None = None,
    collection: str | None = None,
) -> list[Event]:
    """At most `limit` events with an id above `after`, oldest first."""
    query = select(events).where(events.c.id > after).order_by(events.c.id).limit(limit)
    if operation is not None:
        query = query.where(events.c.operation == operation)
    if collection is not None:
        query = query.where(events.c.collection == collection)
    return [
        Event(
            id=row.id,
            at=datetime.fromisoformat(row.at),
            actor=row.actor,
            operation=row.operation,
            collection=row.collection,
            detail=json.loads(row.detail),
            request_id=row.request_id,
        )
        for row in connection.execute(query)
    ]
