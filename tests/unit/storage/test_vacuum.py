from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import text

from postgres_server import files_of, own_database
from reknown.storage import erasure, vacuum
from reknown.storage.database import close_database, compact, open_database, reading
from reknown.storage.erasure import erase
from reknown.storage.vacuum import TableCleaner
from remains import remains

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reknown.storage.database import Database

from sqlalchemy import Column, LargeBinary, MetaData, Table, delete, insert

_TABLE = Table("somebodies", MetaData(), Column("name", LargeBinary))
_SECRET = b"a template of somebody %06d"


@pytest.fixture
def url(postgres_url: str) -> str:
    return own_database(postgres_url)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """With a table of fifty rows."""
    database = open_database(url)
    with database.begin() as connection:
        _TABLE.create(connection)
        connection.execute(insert(_TABLE), [{"name": _SECRET % n} for n in range(50)])
    yield database
    close_database(database)


def forget(database: Database, name: bytes) -> None:
    with database.begin() as connection:
        connection.execute(delete(_TABLE).where(_TABLE.c.name == name))
        erase(connection, _TABLE)


def in_files(database: Database, piece: bytes) -> bool:
    """Whether it is in a file of the server's tables and indexes, once all of them are written."""
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CHECKPOINT"))
    return bool(remains(files_of(database), piece))


def test_what_is_deleted_from_a_small_table_is_in_no_file_of_tables(database: Database) -> None:
    assert in_files(database, _SECRET % 7)
    forget(database, _SECRET % 7)
    assert not in_files(database, _SECRET % 7)
    assert in_files(database, _SECRET % 8)


def test_a_large_table_is_vacuumed_and_written_anew_when_asked(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(vacuum, "SMALL", 0)
    forget(database, _SECRET % 7)
    assert not caplog.text
    before, after = compact(database)
    assert before > 0 < after
    assert not in_files(database, _SECRET % 7)


def test_who_reads_keeps_what_was_deleted_and_is_waited_for(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(erasure, "_PATIENCE", 0.2)
    monkeypatch.setattr(erasure, "_RETRY_SECONDS", 0)
    with reading(database) as other:  # of another table
        other.execute(text("SELECT count(*) FROM alembic_version")).all()
        forget(database, _SECRET % 7)
        assert caplog.text.count("deleted data may still be in files") == 1
    with reading(database) as connection:
        connection.execute(text("SELECT 1"))
    assert caplog.text.count("deleted data has left the files now") == 1
    assert not in_files(database, _SECRET % 7)


@pytest.mark.usefixtures("database")
def test_a_table_that_is_locked_holds_up_nobody_for_long(url: str) -> None:
    with ExitStack() as stack:
        one, other = (stack.enter_context(psycopg.connect(url)) for _ in range(2))
        one.execute("LOCK TABLE somebodies")
        assert not TableCleaner().clean(other, ["somebodies"], 0)
        assert other.execute("SHOW lock_timeout").fetchone() == ("0",)
        other.rollback()
        one.rollback()
        assert TableCleaner().clean(other, ["somebodies"], 10)


def test_an_error_leaves_a_connection_that_works_on(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Any, tables: Sequence[str], __: float) -> bool:
        raise psycopg.errors.InsufficientPrivilege(f"permission denied for {tables}")

    monkeypatch.setattr(vacuum, "_vacuum", fail)
    forget(database, _SECRET % 7)
    assert "cannot be cleaned up: permission denied for somebodies" in caplog.text
    with database.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM somebodies")).scalar_one() == 49
        assert connection.execute(text("SHOW lock_timeout")).scalar_one() == "30s"
