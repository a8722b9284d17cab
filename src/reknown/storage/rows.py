"""Many rows at once, given by column.

SQLite takes some hundred rows in one statement. With one row a statement, and triggers on the
table, it notes the former state of every page for each row: 23 microseconds a face in place of 8.
PostgreSQL takes columns as arrays.
"""

from __future__ import annotations

import json
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, islice, repeat
from typing import TYPE_CHECKING, Any

from sqlalchemy import any_, bindparam, func, select, type_coerce
from sqlalchemy.dialects.postgresql import ARRAY

from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sqlalchemy import (
        BindParameter,
        Column,
        ColumnElement,
        Connection,
        CursorResult,
        Select,
        Table,
    )

    from reknown.storage.database import Database

_SQLITE_ROWS, _POSTGRESQL_ROWS = 500, 5_000
_CACHE_KIB = 256 * 1024


@contextmanager
def roomy_transaction(database: Database) -> Iterator[Connection]:
    """A transaction for a great many rows.

    Ids are random, so that each goes to another page of its index. SQLite may keep 256 MiB of them
    in memory meanwhile in place of 2: a page is read and written once, not for every row. What
    would take a statement back is in memory too.
    """
    with database.connect() as connection:
        if database.dialect.name != "sqlite":
            with connection.begin():
                yield connection
            return
        driver: Any = connection.connection.driver_connection
        (usual,) = driver.execute("PRAGMA cache_size").fetchone()
        (kept_in,) = driver.execute("PRAGMA temp_store").fetchone()
        driver.execute(f"PRAGMA cache_size={-_CACHE_KIB}")
        driver.execute("PRAGMA temp_store=MEMORY")
        try:
            with connection.begin():
                yield connection
        finally:
            if not connection.invalidated:  # as it is where it was interrupted
                driver.execute(f"PRAGMA temp_store={kept_in}")
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


def driver_rows(found: CursorResult[Any]) -> list[tuple[Any, ...]]:
    """All that was found, as the driver has it: an object a row takes as long as the row."""
    return list(found.cursor_strategy.fetchall(found, found.cursor))


def fetch_now(database: Database, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """What one statement of the driver's own finds now, in a third of the time of `reading`.

    For what is asked for within other questions, and takes no longer itself.
    """
    with suppress(database.dialect.loaded_dbapi.Error), closing(database.raw_connection()) as ours:
        cursor = ours.cursor()
        cursor.execute(statement, values)
        found: list[tuple[Any, ...]] = list(cursor.fetchall())
        return found
    # who asks in the usual way is told what is wrong
    with reading(database) as connection:
        return driver_rows(connection.exec_driver_sql(statement, values))


def stream_rows(
    connection: Connection, query: Select[Any], count: int
) -> Iterator[list[tuple[Any, ...]]]:
    """What a query finds as the driver has it, in portions of so many rows."""
    # SQLite finds row by row anyway
    options = {"stream_results": connection.dialect.name != "sqlite"}
    with connection.execute(query, execution_options=options) as found:
        while portion := found.cursor_strategy.fetchmany(found, found.cursor, count):
            yield portion


def among(
    connection: Connection, column: Column[Any], values: Collection[Any]
) -> ColumnElement[bool]:
    """The condition that a column of text or numbers has one of these values, however many.

    They travel as one parameter, as a parameter each takes longer to make than a row to be found.
    """
    bound: BindParameter[Any] = bindparam(None, as_wanted(connection, values))
    return _among(connection.dialect.name, column, bound)


def among_wanted(dialect: str, column: Column[Any]) -> ColumnElement[bool]:
    """The same of the values that are bound as `wanted`, for a statement that is made once."""
    return _among(dialect, column, bindparam("wanted"))


def as_wanted(connection: Connection, values: Collection[Any]) -> Any:
    """These values as they are bound."""
    return json.dumps(list(values)) if connection.dialect.name == "sqlite" else list(values)


def _among(dialect: str, column: Column[Any], bound: BindParameter[Any]) -> ColumnElement[bool]:
    if dialect == "sqlite":
        each = func.json_each(bound).table_valued("value")
        return column.in_(select(each.c.value))
    return column == any_(type_coerce(bound, ARRAY(column.type)))


def _to_sqlite(connection: Connection, table: Table, columns: Columns, ending: str) -> None:
    names = [*columns.own, *columns.common]
    rows = zip(*columns.own.values(), *map(repeat, columns.common.values()), strict=False)
    values = chain.from_iterable(rows)
    whole, rest = divmod(len(columns), _SQLITE_ROWS)
    for count, times in ((_SQLITE_ROWS, whole), (rest, min(rest, 1))):
        statement = _inserting(table, names, count) + ending
        for _ in range(times):
            connection.exec_driver_sql(statement, tuple(islice(values, count * len(names))))


def _inserting(table: Table, names: Sequence[str], rows: int) -> str:
    row = f"({', '.join('?' * len(names))})"
    into = f"{table.name} ({', '.join(names)})"
    return f"INSERT INTO {into} VALUES {', '.join([row] * rows)}"  # noqa: S608 - ours


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
