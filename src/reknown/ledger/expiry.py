"""Records whose time is over go, and their leaves stay: the log verifies as it did.

The ledger itself says where the records end that may be gone, so that nobody else can make one go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select

from reknown.ledger import log
from reknown.ledger.records import (
    AdoptMasterKeyRecord,
    CreateKeyRecord,
    ExpireRecordsRecord,
    RevokeKeyRecord,
    RotateKeyRecord,
)
from reknown.ledger.schema import events, leaves
from reknown.storage.clock import as_text
from reknown.storage.erasure import erase
from reknown.storage.unindexed import unindexed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from reknown.ledger.actor import Actor

# What says who may do what, and which of these records went, stays.
_LASTING = [
    each.OPERATION
    for each in (
        AdoptMasterKeyRecord,
        CreateKeyRecord,
        ExpireRecordsRecord,
        RevokeKeyRecord,
        RotateKeyRecord,
    )
]
_EXPIRED = log.Choice(operation=ExpireRecordsRecord.OPERATION)
AT_ONCE = 100
"""So many records are deleted in a transaction at the most."""


@dataclass(frozen=True, slots=True)
class ExpiredRecords:
    """What the log says has expired: `count` records, all of them before the index `until`."""

    until: int
    count: int


def has_expired(connection: Connection, before: datetime, collection: str | None = None) -> bool:
    """Whether there are records from before then, of the collection or of all."""
    return bool(_due(connection, before, collection, 1))


def expire_records(
    connection: Connection, actor: Actor, before: datetime, collection: str | None = None
) -> int:
    """Deletes some of the records from before then, oldest first; how many went.

    Those of the collection, or of all. What says who may do what stays. Says so in the ledger, if
    any went.
    """
    due = _due(connection, before, collection, AT_ONCE)
    if not due:
        return 0
    last = select(func.max(leaves.c.position)).where(leaves.c.event_id.in_(due))
    until = int(connection.execute(last).scalar_one()) + 1
    connection.execute(delete(events).where(events.c.id.in_(due)))
    erase(connection, events)
    log.append(connection, actor, collection, ExpireRecordsRecord(until, len(due)))
    return len(due)


def expired_records(connection: Connection) -> ExpiredRecords:
    """What may be missing, as the log says."""
    until = count = after = 0
    while page := log.read(connection, _EXPIRED, after):
        after = page[-1].id
        for event in page:
            if isinstance(event.record, ExpireRecordsRecord):
                until, count = max(until, event.record.until), count + event.record.records
    return ExpiredRecords(until, count)


def _due(
    connection: Connection, before: datetime, collection: str | None, limit: int
) -> Sequence[int]:
    query = select(events.c.id).where(events.c.at < as_text(before))
    if collection is not None:
        query = query.where(events.c.collection == collection)
    query = query.where(unindexed(events.c.operation).not_in(_LASTING)).order_by(events.c.id)
    return connection.execute(query.limit(limit)).scalars().all()
