from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, text

from reknown.ledger import log
from reknown.ledger.actor import Actor
from reknown.ledger.codec import encode
from reknown.ledger.records import ListUsersRecord
from reknown.ledger.schema import events
from reknown.ledger.verification.log import LogEvidence, verify_log
from reknown.storage.database import open_database

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_TABLES = ("ledger_leaves", "ledger_nodes", "ledger_heads", "ledger_checkpoints")


def _take_back(connection: Connection) -> None:
    """To the schema before there was a log."""
    for table in _TABLES:
        connection.execute(text(f"DROP TABLE {table}"))
    connection.execute(text("UPDATE alembic_version SET version_num = '0011'"))


def test_records_from_before_get_their_leaves(own_engine: Engine, location: str) -> None:
    row = encode(ListUsersRecord(3))
    typed = {"kind": row.kind, "version": row.version, "detail": row.detail}
    former = {"kind": None, "version": 0, "detail": '{"name": "\\ud800", "b": 1.0}'}
    common = {"at": "2026-01-01", "actor": "cli:ada", "operation": row.operation}
    with own_engine.begin() as connection:
        connection.execute(insert(events), [common | typed, common | former] * 300)
        _take_back(connection)
    migrated = open_database(location)
    log.record(migrated, Actor("cli:ada"), None, ListUsersRecord(1))
    found = verify_log(migrated, None, LogEvidence(()))
    migrated.dispose()
    assert (found.faults.named, found.size, found.signed) == ([], 601, 0)
