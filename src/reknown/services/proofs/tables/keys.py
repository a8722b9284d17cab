"""Access keys: their rights are stored beside them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from msgspec import UNSET

from reknown.access import keys
from reknown.ledger.records import CreateKeyRecord, RevokeKeyRecord, RotateKeyRecord
from reknown.services.proofs.tables.said import Said, StatedKind, deeds
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from reknown.access.keys import AccessKey
    from reknown.ledger.records import Record
    from reknown.ledger.verification.faults import Fault
    from reknown.storage.database import Database

_KIND = StatedKind("rights", lambda key_id: f"access key {key_id}")


@dataclass(frozen=True, slots=True)
class _Key:
    name: str
    operations: frozenset[str]
    collections: frozenset[str]
    end: datetime | None
    purpose: str | None


def key_faults(database: Database) -> Iterator[Fault]:
    """Keys that may do other things than the ledger says; raises `AccessError`, `DatabaseError`.

    Keys made before records had types are not looked at.
    """
    said, untyped = _said(database)
    with reading(database) as connection:
        there = {key.key_id: _stored(key) for key in keys.list_keys(connection)}
    for fault in _KIND.faults(said, there):
        if not untyped or fault.record is not None:
            yield fault


def _stored(key: AccessKey) -> _Key:
    rights = key.rights
    operations, collections = frozenset(rights.operations), frozenset(rights.collections)
    return _Key(key.name, operations, collections, key.expires_at, key.purpose)


def _said(database: Database) -> tuple[dict[str, Said[_Key]], bool]:
    """By key; and whether some records are of before they had types."""
    said: dict[str, Said[_Key]] = {}
    untyped = False
    for event in deeds(database, CreateKeyRecord, RotateKeyRecord, RevokeKeyRecord):
        if isinstance(event.record, (CreateKeyRecord, RotateKeyRecord, RevokeKeyRecord)):
            _apply(said, event.id, event.record)
        else:
            untyped = True
    return said, untyped


def _apply(said: dict[str, Said[_Key]], number: int, record: Record) -> None:
    if isinstance(record, RevokeKeyRecord):
        said[record.key] = Said(None, number)
    elif isinstance(record, (CreateKeyRecord, RotateKeyRecord)):
        rights = frozenset(record.operations), frozenset(record.collections)
        purpose = None if record.purpose is UNSET else record.purpose
        said[record.key] = Said(_Key(record.name, *rights, None, purpose), number)
        if isinstance(record, RotateKeyRecord):
            old = said.get(record.replaced)
            if old is not None and old.state is not None:
                ended = replace(old.state, end=record.replaced_expires_at)
                said[record.replaced] = Said(ended, number)
