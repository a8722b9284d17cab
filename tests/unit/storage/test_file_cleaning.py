from __future__ import annotations

import random
import re
import shutil
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import MetaData, Table

from reknown.biometrics.errors import DatabaseError
from reknown.storage import file_cleaning
from reknown.storage.database import close_database, compact, open_database, reading
from reknown.storage.erasure import erase
from reknown.storage.file_cleaning import FileCleaner, empty_log, erasures, rewrite
from remains import remains

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reknown.storage.database import Connection, Database

_TABLE = Table("t", MetaData())
_MARK = re.compile(rb"MARK\d{8}")
_PAGE = 4096


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """As those of a gallery are, but for their waiting for the disk."""
    connection = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=OFF", "secure_delete=ON", "busy_timeout=1234"):
        connection.execute(f"PRAGMA {pragma}")
    yield connection
    connection.close()


class Changes:
    """Changes of rows of many lengths, each with a mark of its own in every value."""

    def __init__(self, connection: sqlite3.Connection, seed: int) -> None:
        self._random = random.Random(seed)
        self._connection = connection
        self._marks = 0
        self._keys: list[int] = []
        connection.executescript(
            "CREATE TABLE f (id INTEGER PRIMARY KEY, name TEXT UNIQUE, data BLOB, more TEXT);"
            "CREATE INDEX more_of_f ON f (more)"
        )

    def make(self, count: int) -> None:
        for _ in range(count):
            self._random.choices((self._insert, self._update, self._delete), weights=(10, 4, 4))[
                0
            ]()

    def living(self) -> set[bytes]:
        rows = self._connection.execute("SELECT name || more, data FROM f")
        return {mark for name, data in rows for mark in _MARK.findall(name.encode() + data)}

    def _values(self) -> tuple[str, bytes, str]:
        self._marks += 1
        mark = f"MARK{self._marks:08d}"
        length, size = self._random.choice((1, 5, 20)), self._random.choice((5, 43, 43, 170, 750))
        return mark * length, mark.encode() * size, mark * self._random.choice((1, 10))

    def _insert(self) -> None:
        sql = "INSERT INTO f (name, data, more) VALUES (?, ?, ?)"
        self._keys.append(self._connection.execute(sql, self._values()).lastrowid or 0)

    def _update(self) -> None:
        if self._keys:
            values = *self._values(), self._random.choice(self._keys)
            sql = "UPDATE f SET name = ?, data = ?, more = ? WHERE id = ?"
            self._connection.execute(sql, values)

    def _delete(self) -> None:
        self._random.shuffle(self._keys)
        for key in self._keys[: self._random.choice((1, 1, 1, 6))]:
            self._connection.execute("DELETE FROM f WHERE id = ?", (key,))
            self._keys.remove(key)


@pytest.mark.parametrize("seed", range(3))
def test_nothing_but_rows_is_left_of_thousands_of_changes(
    connection: sqlite3.Connection, tmp_path: Path, seed: int
) -> None:
    changes = Changes(connection, seed)
    connection.execute("BEGIN")
    changes.make(6000)
    connection.execute("COMMIT")
    rewrite(connection)
    assert empty_log(connection)
    found = {path.name: set(_MARK.findall(path.read_bytes())) for path in tmp_path.iterdir()}
    living = changes.living()
    assert len(living) > 100
    assert found == {"x.db": living, "x.db-wal": set(), "x.db-shm": set()}


def test_the_log_is_emptied(connection: sqlite3.Connection, tmp_path: Path) -> None:
    connection.execute("CREATE TABLE t (a)")
    assert (tmp_path / "x.db-wal").stat().st_size
    assert empty_log(connection)
    assert not (tmp_path / "x.db-wal").stat().st_size


def test_others_are_waited_for_as_long_as_before_afterwards(
    connection: sqlite3.Connection,
) -> None:
    assert FileCleaner(threading.Lock()).clean(connection, [], 1)
    assert connection.execute("PRAGMA busy_timeout").fetchone() == (1234,)


def test_transactions_that_erase_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_cleaning, "SMALL", 0)
    database, counts = open_database(tmp_path / "data"), []
    for start in (0, 2**31 - 2):
        with database.begin() as connection:
            connection.exec_driver_sql(f"PRAGMA user_version={start}")
        for _ in range(2):
            with database.begin() as connection:
                erase(connection, _TABLE)
            counts.append(_erasures_of(tmp_path / "data"))
    assert counts == [1, 2, 2**31 - 1, 1]
    close_database(database)
    assert _erasures_of(tmp_path / "data") == 0


def test_a_writer_that_does_not_end_is_not_waited_for(connection: sqlite3.Connection) -> None:
    turn = threading.Lock()
    cleaner = FileCleaner(turn)
    connection.execute("PRAGMA user_version=1")
    with turn:
        assert not cleaner.clean(connection, [], 0)
    assert erasures(connection) == 1
    assert cleaner.clean(connection, [], 0)
    assert erasures(connection) == 0


def _fill(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE t (a)")
    connection.exec_driver_sql("INSERT INTO t VALUES ('a secret of somebody')")


def _forget(connection: Connection) -> None:
    connection.exec_driver_sql("DELETE FROM t")
    erase(connection, _TABLE)


def _erasures_of(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "reknown.db")) as connection:
        return erasures(connection)


def test_what_is_not_small_is_rewritten_as_it_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_cleaning, "SMALL", 0)
    database = open_database(tmp_path / "data")
    with database.begin() as connection:
        _fill(connection)
    with database.begin() as connection:
        _forget(connection)
    assert _erasures_of(tmp_path / "data") == 1
    close_database(database)
    assert _erasures_of(tmp_path / "data") == 0


def test_what_is_large_is_not_rewritten_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_cleaning, "SMALL", 0)
    monkeypatch.setattr(file_cleaning, "MIDDLING", 0)
    database = open_database(tmp_path / "data")
    with database.begin() as connection:
        _fill(connection)
    with database.begin() as connection:
        _forget(connection)
    close_database(database)
    assert _erasures_of(tmp_path / "data") == 1
    database = open_database(tmp_path / "data")
    before, after = compact(database)
    # SQLite writes the schema anew, which may take a page more
    assert before + _PAGE >= after > 0
    close_database(database)
    assert _erasures_of(tmp_path / "data") == 0


def test_a_reader_that_does_not_end_is_said_when_it_is_rewritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_cleaning, "_PATIENCE", 0)
    database = open_database(tmp_path / "data")
    with reading(database) as connection:
        connection.exec_driver_sql("SELECT * FROM faces").all()
        with pytest.raises(DatabaseError, match="end them, then try again"):
            compact(database)
    close_database(database)


def test_what_is_closed_is_complete_without_a_log_although_a_thread_still_reads(
    tmp_path: Path,
) -> None:
    database = open_database(tmp_path / "data")
    with database.begin() as connection:
        _fill(connection)
    begun, ended = threading.Event(), threading.Event()

    def read(database: Database) -> None:
        with reading(database) as connection:
            connection.exec_driver_sql("SELECT a FROM t").all()
            begun.set()
            ended.wait(30)

    reader = threading.Thread(target=read, args=[database])
    reader.start()
    try:
        begun.wait(30)
        close_database(database)
        shutil.copy(tmp_path / "data" / "reknown.db", tmp_path / "alone.db")
    finally:
        ended.set()
        reader.join()
    with closing(sqlite3.connect(tmp_path / "alone.db")) as alone:
        assert alone.execute("SELECT a FROM t").fetchall() == [("a secret of somebody",)]


def test_nothing_is_left_beside_what_the_last_one_closes(tmp_path: Path) -> None:
    database = open_database(tmp_path / "data")
    with database.begin() as connection:
        _fill(connection)
    close_database(database)
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["reknown.db"]
    assert remains(tmp_path, b"a secret of somebody")
