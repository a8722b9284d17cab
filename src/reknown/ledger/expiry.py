"""Records whose time is over go, and their leaves stay: the log verifies as it did.

The ledger itself says where the records end that may be gone, so that nobody else can make one go.
"""

from __future__ import annotations

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

if TYPE_CHECKING:
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


def expire_records(connection: Connection, actor: Actor, before: datetime) -> int:
    """Deletes the oldest records, up to the first that is not older; how many went.

    Those of access keys and of the master key stay. Says so in the ledger, if any went.
    """
    end = _end(connection, before)
    due = select(leaves.c.event_id).where(leaves.c.position < end)
    gone = connection.execute(
        delete(events).where(events.c.id.in_(due), events.c.operation.not_in(_LASTING))
    ).rowcount
    if gone:
        erase(connection, events)
        log.append(connection, actor, None, ExpireRecordsRecord(end, gone))
    return int(gone)


def expired_until(connection: Connection) -> int:
    """The index from which on every record has to be there."""
    newest = log.newest(connection, _EXPIRED, 1)
    for event in log.read(connection, _EXPIRED, newest, 1):
        if isinstance(event.record, ExpireRecordsRecord):
            return event.record.until
    return 0


def _end(connection: Connection, before: datetime) -> int:
    """The index of the first record that is not older; of all of them where all are."""
    young = (
        select(func.min(leaves.c.position))
        .join(events, events.c.id == leaves.c.event_id)
        .where(events.c.at >= as_text(before))
    )
    found = connection.execute(young).scalar_one()
    if found is None:
        found = connection.execute(select(func.count()).select_from(leaves)).scalar_one()
    return int(found)
