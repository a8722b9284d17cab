"""Watches end with the right of whoever started them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.ledger import log
from reknown.ledger.records import StopWatchRecord
from reknown.storage.database import reading
from reknown.watches import watches

if TYPE_CHECKING:
    from reknown.services.context import Actor, Context
    from reknown.storage.database import Connection
    from reknown.watches.watches import WatchLease


def watches_of(context: Context, actor: str) -> list[str]:
    """The names of those that end with the right of this actor."""
    with reading(context.database) as connection:
        return watches.started_by(connection, actor)


def end_watches_of(connection: Connection, actor: str, why: str, by: Actor) -> None:
    """Stops all that this actor has started, and tells people `why`; each is on the record."""
    for name, camera, collection in watches.stop_those_of(connection, actor, why):
        log.append(connection, by, collection, StopWatchRecord(name, camera))


def end_held(connection: Connection, lease: WatchLease, why: str, by: Actor) -> None:
    """The same of the one that a worker has."""
    if watches.stop_held(connection, lease, why):
        record = StopWatchRecord(lease.watch.name, lease.watch.camera)
        log.append(connection, by, lease.watch.collection, record)
