"""Watches end with the right of whoever started them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.ledger import log
from reknown.ledger.records import StopWatchRecord
from reknown.watches import watches

if TYPE_CHECKING:
    from reknown.services.context import Actor
    from reknown.storage.database import Connection


def end_watches_of(connection: Connection, actor: str, why: str, by: Actor) -> None:
    """Stops all that this actor has started, and tells people `why`; each is on the record."""
    for name, collection in watches.stop_those_of(connection, actor, why):
        log.append(connection, by, collection, StopWatchRecord(name))
