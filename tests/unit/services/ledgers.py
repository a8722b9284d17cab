"""What use cases leave in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.ledger import log
from reknown.storage.database import reading

if TYPE_CHECKING:
    from reknown.ledger.log import Event
    from reknown.storage.database import Database


def events(database: Database, *operations: str) -> list[Event]:
    """All events, oldest first, or those of these operations."""
    with reading(database) as connection:
        found = log.read(connection, limit=1000)
    return [event for event in found if not operations or event.operation in operations]


def last(database: Database) -> Event:
    """The newest event."""
    return events(database)[-1]
