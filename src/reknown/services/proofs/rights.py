"""Access keys against what the ledger says of them: rights are stored beside the keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.access import keys
from reknown.biometrics.errors import AccessError, DatabaseError
from reknown.ledger import log
from reknown.ledger.records import CreateKeyRecord, RevokeKeyRecord, RotateKeyRecord
from reknown.ledger.verification.faults import Fault
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from reknown.access.keys import AccessKey
    from reknown.ledger.records import Record
    from reknown.storage.database import Database

_OPERATIONS = (CreateKeyRecord.OPERATION, RotateKeyRecord.OPERATION, RevokeKeyRecord.OPERATION)


@dataclass(frozen=True, slots=True)
class _Said:
    """What a key's records say; `record` is the id of the last one."""

    name: str
    operations: tuple[str, ...]
    collections: tuple[str, ...]
    expires_at: datetime | None
    record: int


def check_rights(database: Database) -> list[Fault]:
    """Keys that may do other things than the ledger says, or are there without a record.

    Keys made before records had types are not looked at.
    """
    try:
        said, untyped = _said(database)
        with reading(database) as connection:
            there = {key.key_id: key for key in keys.list_keys(connection)}
    except (DatabaseError, AccessError) as error:
        return [Fault("rights", str(error))]
    return [fault for fault in _faults(said, there) if not untyped or fault.record is not None]


def _faults(said: Mapping[str, _Said], there: Mapping[str, AccessKey]) -> Iterator[Fault]:
    for key_id, key in there.items():
        known = said.get(key_id)
        if known is None:
            yield Fault("rights", f"access key {key_id} is there, and no record says who made it")
            continue
        wrong = ", ".join(_differences(known, key))
        if wrong:
            message = f"access key {key_id} has other {wrong} than record {known.record} says"
            yield Fault("rights", message, record=known.record)
    for key_id, known in said.items():
        if key_id not in there:
            message = f"access key {key_id} is gone, and no record says that it was revoked"
            yield Fault("rights", message, record=known.record)


def _differences(said: _Said, key: AccessKey) -> Iterator[str]:
    if set(said.operations) != set(key.rights.operations):
        yield "operations"
    if set(said.collections) != set(key.rights.collections):
        yield "collections"
    if said.name != key.name:
        yield "name"
    if said.expires_at != key.expires_at:
        yield "end"


def _said(database: Database) -> tuple[dict[str, _Said], bool]:
    """By key, in the order of records; and whether some are of before records had types."""
    records = [
        (event.id, event.record)
        for operation in _OPERATIONS
        for event in log.stream(database, log.Choice(operation=operation))
        if event.kind in (None, "done")
    ]
    said: dict[str, _Said] = {}
    untyped = False
    for number, record in sorted(records, key=lambda each: each[0]):
        if isinstance(record, (CreateKeyRecord, RotateKeyRecord, RevokeKeyRecord)):
            _apply(said, number, record)
        else:
            untyped = True
    return said, untyped


def _apply(said: dict[str, _Said], number: int, record: Record) -> None:
    if isinstance(record, RevokeKeyRecord):
        said.pop(record.key, None)
    elif isinstance(record, (CreateKeyRecord, RotateKeyRecord)):
        said[record.key] = _Said(record.name, record.operations, record.collections, None, number)
        if isinstance(record, RotateKeyRecord) and record.replaced in said:
            old = said[record.replaced]
            said[record.replaced] = _Said(
                old.name, old.operations, old.collections, record.replaced_expires_at, number
            )
