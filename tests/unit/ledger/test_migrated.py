from __future__ import annotations

from sqlalchemy import column, insert, table

import old_galleries
from reknown.ledger import log
from reknown.ledger.actor import Actor
from reknown.ledger.codec import encode
from reknown.ledger.records import ListUsersRecord
from reknown.ledger.verification.log import LogEvidence, verify_log
from reknown.storage.database import open_database

_COLUMNS = ("at", "actor", "operation", "detail", "kind", "version")
_EVENTS = table("events", *map(column, _COLUMNS))


def test_records_from_before_get_their_leaves(location: str) -> None:
    row = encode(ListUsersRecord(3))
    typed = {"kind": row.kind, "version": row.version, "detail": row.detail}
    former = {"kind": None, "version": 0, "detail": '{"name": "\\ud800", "b": 1.0}'}
    common = {"at": "2026-01-01", "actor": "cli:ada", "operation": row.operation}
    with old_galleries.schema(location, "0012") as connection:
        connection.execute(insert(_EVENTS), [common | typed, common | former] * 300)
    migrated = open_database(location)
    log.record(migrated, Actor("cli:ada"), None, ListUsersRecord(1))
    found = verify_log(migrated, None, LogEvidence(()))
    migrated.dispose()
    assert (found.faults.named, found.size, found.signed) == ([], 601, 0)
