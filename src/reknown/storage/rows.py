"""Many rows at once, given by column.

SQLite takes some hundred rows in one statement. With one row a statement, and triggers on the
table, it notes the former state of every page for each row: 23 microseconds a face in place of 8.
PostgreSQL takes columns as arrays.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Table

    from reknown.storage.database import Database

_SQLITE_ROWS, _POSTGRESQL_ROWS = 500, 5_000
_CACHE_KIB = 256 * 1024


@contextmanager
def roomy_transaction(database: Database) -> Iterator[Connection]:
    """A transaction for a great many rows.

    Ids are random, so that each goes to another page of its index. SQLite may keep 256 MiB of them
    in memory meanwhile in place of 2: a page is read and written once, not for every row.
    """
    with database.connect() as connection:
        if database.dialect.name != "sqlite":
            with connection.begin():
                yield connection
            return
        driver: Any = connection.connection.driver_connection
        (usual,) = driver.execute("PRAGMA cache_size").fetchone()
        driver.execute(f"PRAGMA cache_size={-_CACHE_KIB}")
        try:
            with connection.begin():
                yield connection
        finally:
            driver.execute(f"PRAGMA cache_size={usual}")


@dataclass(frozen=True, slots=True)
class Columns:
    """What is to be stored: values that all rows have, and a list of n values a column."""

    common: Mapping[str, Any]
    own: Mapping[str, Sequence[Any]]

    def __len__(self) -> int:
        return len(next(iter(self.own.values())))


def insert_rows(
    connection: Connection, table: Table, columns: Columns, *, new_only: bool = False
) -> None:
    """Stores the rows in their order; with `new_only` none that the table has already.

    Values have to be as the driver takes them. Raises `sqlalchemy.exc.IntegrityError`.
    """
    store = _to_sqlite if connection.dialect.name == "sqlite" else _to_postgresql
    store(connection, table, columns, " ON CONFLICT DO NOTHING" if new_only else "")


def _to_sqlite(connection: Connection, table: Table, columns: Columns, ending: str) -> None:
    names = [*columns.own, *columns.common]
    rows = list(zip(*columns.own.values(), *map(repeat, columns.common.values()), strict=False))
    row = f"({', '.join('?' * len(names))})"
    head = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES "  # noqa: S608 - ours
    for start in range(0, len(rows), _SQLITE_ROWS):
        part = rows[start : start + _SQLITE_ROWS]
        statement = head + ", ".join([row] * len(part)) + ending
        connection.exec_driver_sql(statement, tuple(chain.from_iterable(part)))


def _to_postgresql(connection: Connection, table: Table, columns: Columns, ending: str) -> None:
    dialect = connection.dialect
    arrays = [f"%b::{table.c[name].type.compile(dialect)}[]" for name in columns.own]
    ours = ", ".join(columns.own)
    fixed = "".join(f", %s::{table.c[name].type.compile(dialect)}" for name in columns.common)
    names = ", ".join([*columns.own, *columns.common])
    statement = (
        f"INSERT INTO {table.name} ({names}) SELECT {ours}{fixed} "  # noqa: S608 - ours
        f"FROM unnest({', '.join(arrays)}) WITH ORDINALITY AS given ({ours}, place) ORDER BY place"
    )
    for start in range(0, len(columns), _POSTGRESQL_ROWS):
        end = start + _POSTGRESQL_ROWS
        part = [list(values[start:end]) for values in columns.own.values()]
        connection.exec_driver_sql(statement + ending, (*columns.common.values(), *part))
