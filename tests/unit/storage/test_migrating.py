from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from reknown.storage.database import SCHEMA_VERSION, connect_to, open_database, schema_version
from reknown.storage.migrating import migrate

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.storage.database import Database

_LEDGER = "SELECT origin FROM ledger_heads"


def test_a_new_file_has_what_the_migrations_make(tmp_path: Path) -> None:
    new, migrated = open_database(tmp_path / "new"), connect_to(tmp_path / "migrated")
    migrate(migrated)
    assert schema_version(new) == schema_version(migrated) == SCHEMA_VERSION
    assert _columns(new) == _columns(migrated)
    assert _others(new) == _others(migrated)
    new.dispose()
    migrated.dispose()


def test_each_new_file_has_a_ledger_of_its_own(tmp_path: Path) -> None:
    some, other = open_database(tmp_path / "some"), open_database(tmp_path / "other")
    assert _rows(some, _LEDGER) != _rows(other, _LEDGER)
    some.dispose()
    other.dispose()


def _columns(database: Database) -> set[tuple[object, ...]]:
    return _rows(
        database,
        'SELECT t.name, c.name, c.type, c."notnull", c.dflt_value, c.pk FROM sqlite_master AS t '
        "JOIN pragma_table_xinfo(t.name) AS c WHERE t.type = 'table'",
    )


def _others(database: Database) -> set[tuple[object, ...]]:
    return _rows(
        database, "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE type != 'table'"
    )


def _rows(database: Database, query: str) -> set[tuple[object, ...]]:
    with database.connect() as connection:
        return {tuple(row) for row in connection.execute(text(query))}
