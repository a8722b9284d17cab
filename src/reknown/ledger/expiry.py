"""Records whose time is over go, and their leaves stay: the log verifies as it did.

The ledger itself says where the records end that may be gone, so that nobody else can make one go.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from msgspec import UNSET
from sqlalchemy import delete, func, literal, select, union_all

from reknown.ledger import log
from reknown.ledger.records import (
    AddReviewerRecord,
    AdoptMasterKeyRecord,
    CreateKeyRecord,
    DeleteCollectionRecord,
    ExpireRecordsRecord,
    GiveConsentRecord,
    RemoveReviewerRecord,
    RenewReviewerRecord,
    ResumeSearchesRecord,
    RevokeKeyRecord,
    RotateKeyRecord,
    RotateKeyringRecord,
    SetPolicyRecord,
    StopSearchesRecord,
    WithdrawConsentRecord,
)
from reknown.ledger.schema import events, leaves
from reknown.ledger.tree import lock_head
from reknown.storage.clock import as_text
from reknown.storage.erasure import erase
from reknown.storage.paging import batches
from reknown.storage.unindexed import unindexed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Select

    from reknown.ledger.actor import Actor

# What says who may do what, and which of these records went, stays.
_LASTING = [
    each.OPERATION
    for each in (
        AddReviewerRecord,
        AdoptMasterKeyRecord,
        CreateKeyRecord,
        DeleteCollectionRecord,
        ExpireRecordsRecord,
        GiveConsentRecord,
        RemoveReviewerRecord,
        RenewReviewerRecord,
        ResumeSearchesRecord,
        RevokeKeyRecord,
        RotateKeyRecord,
        RotateKeyringRecord,
        SetPolicyRecord,
        StopSearchesRecord,
        WithdrawConsentRecord,
    )
]
_DELETED = log.Choice(operation=DeleteCollectionRecord.OPERATION)
_EXPIRED = log.Choice(operation=ExpireRecordsRecord.OPERATION)
# SQLite takes 500 questions in one.
_ASKED_AT_ONCE = 50
AT_ONCE = 100
"""So many records are deleted in a transaction at the most."""


@dataclass(frozen=True, slots=True)
class ExpiredRecords:
    """What the log says has expired: `count` records, all of them before the index `until`."""

    until: int
    count: int


@dataclass(frozen=True, slots=True)
class DeletedCollection:
    """A collection that is gone: `deletion` is the id of the record that says so.

    `days` are those that its records are kept.
    """

    name: str
    deletion: int
    days: int


def deleted_collections(connection: Connection) -> Iterator[DeletedCollection]:
    """Those whose policies limited how long their records are kept, oldest first."""
    after = 0
    while page := log.read(connection, _DELETED, after):
        after = page[-1].id
        for event in page:
            found = event.record
            if isinstance(found, DeleteCollectionRecord) and found.keep_records is not UNSET:
                assert event.collection is not None
                yield DeletedCollection(event.collection, event.id, found.keep_records)


def with_expired(
    connection: Connection, gone: Iterable[DeletedCollection], now: datetime
) -> list[DeletedCollection]:
    """Those of these collections of which records have expired by `now`: a question for many."""
    found = []
    for batch in batches(gone, _ASKED_AT_ONCE):
        questions = (
            select(literal(each.deletion)).where(
                _expired(now - timedelta(days=each.days), each.name, each.deletion).exists()
            )
            for each in batch
        )
        due = set(connection.execute(union_all(*questions)).scalars())
        found += [each for each in batch if each.deletion in due]
    return found


def has_expired(
    connection: Connection,
    before: datetime,
    collection: str | None = None,
    deletion: int | None = None,
) -> bool:
    """Whether there are records from before then, of the collection or of all.

    Where it is gone, those alone that came before its `deletion`: another may have the name.
    """
    return bool(_due(connection, before, collection, deletion, 1))


def expire_records(
    connection: Connection,
    actor: Actor,
    before: datetime,
    collection: str | None = None,
    deletion: int | None = None,
) -> int:
    """Deletes some of the records that have expired, oldest first; how many went.

    What says who may do what stays. Says so in the ledger, if any went.
    """
    lock_head(connection)  # two sweeps at once must not both record what one of them deletes
    due = _due(connection, before, collection, deletion, AT_ONCE)
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
    connection: Connection,
    before: datetime,
    collection: str | None,
    deletion: int | None,
    limit: int,
) -> Sequence[int]:
    query = _expired(before, collection, deletion).order_by(events.c.id)
    return connection.execute(query.limit(limit)).scalars().all()


def _expired(before: datetime, collection: str | None, deletion: int | None) -> Select[Any]:
    query = select(events.c.id).where(events.c.at < as_text(before))
    if collection is not None:
        query = query.where(events.c.collection == collection)
    if deletion is not None:
        query = query.where(events.c.id < deletion)
    return query.where(unindexed(events.c.operation).not_in(_LASTING))
