"""Looking at the SQLite file of a data folder as it is: nothing is created, mended or written."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from sqlalchemy import URL, NullPool, create_engine, inspect, text

from reknown.biometrics.errors import DatabaseError
from reknown.storage.database import explain_errors, schema_version
from reknown.storage.modes import DATABASE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from reknown.storage.database import Connection, Database

_FORMERLY = {"sightings": "tracks"}  # in databases that are to be migrated yet
COUNTED = ("collections", "faces", "users", "sightings", "access_keys", "events")
"""Tables whose rows say how much a database holds."""

_MOST_PROBLEMS = 5
_WAL = f"{DATABASE}-wal"
_RESTORE = "restore a backup with: reknown restore FILE"


def open_read_only(file: Path, *, immutable: bool = False) -> Database:
    """A SQLite file that only this reads; to be disposed of.

    `immutable` says that nobody changes it, and keeps SQLite from making files beside it.
    Otherwise SQLite may make its -shm file there. What fails later raises `DatabaseError`.
    """
    address = f"{file.absolute().as_uri()}?mode=ro{'&immutable=1' if immutable else ''}"
    database = create_engine(
        URL.create("sqlite", database=str(file)),
        creator=lambda: sqlite3.connect(address, uri=True, isolation_level=None),
        poolclass=NullPool,
    )
    explain_errors(database)
    return database


def require_whole(folder: Path, *, used: bool) -> None:
    """Raises `DatabaseError` where the files say that a database was here and is lost.

    `used` tells that something else in the folder was made after the tables of its database.
    """
    file = folder / DATABASE
    empty = _size(file) == 0
    # SQLite would delete a log that has no database, and with it what may still be saved.
    if empty and _size(folder / _WAL):
        raise DatabaseError(
            f"{file} is missing or empty but {_WAL} is there: put back the file that belongs to "
            f"it, or move {_WAL} away and {_RESTORE}"
        )
    if used and (empty or not _has_tables(file)):
        raise DatabaseError(
            f"{file} {'is missing or empty' if empty else 'holds nothing'} but a master key says "
            f"that there was a gallery here: move what is left of {DATABASE} away and "
            f"{_RESTORE}; to begin anew, move the master key away too"
        )


def find_damage(connection: Connection) -> Sequence[str]:
    """What SQLite finds wrong with the database, worst case by reading all of it; a few lines."""
    found = [
        str(row[0])
        for row in connection.exec_driver_sql(f"PRAGMA quick_check({_MOST_PROBLEMS})")
        if row[0] != "ok"
    ]
    orphans = len(connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall())
    if orphans:
        found.append(f"{orphans} rows belong to rows that are not there")
    return found


def find_programs(connection: Connection) -> Mapping[str, str]:
    """What the database would run or compute by itself, by name: triggers, views, modules."""
    query = text(
        "SELECT name, coalesce(sql, '') FROM sqlite_master "
        "WHERE type IN ('trigger', 'view') OR sql LIKE 'create virtual%'"
    )
    return {str(name): str(sql) for name, sql in connection.execute(query)}


def count_rows(connection: Connection) -> Mapping[str, int]:
    """The rows of each table in `COUNTED`."""
    return dict(_counted(connection))


def size_of(folder: Path) -> tuple[int, int]:
    """The bytes of the database and of its write-ahead log; 0 for what is not there."""
    return _size(folder / DATABASE), _size(folder / _WAL)


def _counted(connection: Connection) -> Iterator[tuple[str, int]]:
    there = inspect(connection).get_table_names()
    for table in COUNTED:
        present = table if table in there else _FORMERLY.get(table, table)
        counted = connection.execute(text(f"SELECT count(*) FROM {present}"))  # noqa: S608 - ours
        yield table, int(counted.scalar_one())


def _has_tables(file: Path) -> bool:
    # without a log nobody is writing, and SQLite need not make one
    database = open_read_only(file, immutable=not (file.parent / _WAL).exists())
    try:
        return schema_version(database) is not None
    finally:
        database.dispose()


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
