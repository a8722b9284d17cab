"""The two databases of a move: a source that nobody changes, and a target that nobody else uses.

While a move is under way, the target's `alembic_version` names the move in place of a schema. No
release opens such a database, and the same move goes on with it.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import URL, StaticPool, create_engine, event, func, select, text

from reknown.biometrics.errors import DatabaseError, InputError
from reknown.storage.commits import act_at_commits
from reknown.storage.database import (
    MOVING,
    SCHEMA_VERSION,
    connect_to,
    explain_errors,
    open_database,
    schema_of,
)
from reknown.storage.inspection import require_whole, size_of
from reknown.storage.modes import DATABASE
from reknown.storage.moving.tables import tables_of
from reknown.storage.server import PLACE, ServerAddress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine, Table
    from sqlalchemy.engine.interfaces import IsolationLevel

    from reknown.storage.moving.tables import Location

# What migrations put into tables that are new.
_FROM_THE_START = ("request_horizons", "ledger_heads", "live_sequence")
_PATIENCE, _PAUSE = 3.0, 0.05
_LOCK = int.from_bytes(b"rekmove", "big")
_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid() AND application_name = 'reknown'"
)
_PRAGMAS = ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
_IN_USE = (
    "{place} is in use: stop the servers, workers and commands that use it, then run the same again"
)


@contextmanager
def source(location: Location, *, emptied: bool = False) -> Iterator[Connection]:
    """A connection that sees one state; nobody else writes, nor is it changed, while that lasts.

    What is to be emptied meanwhile is not seen in one state: a server keeps its deleted rows as
    long as somebody may see them.

    Raises `DatabaseError` for a database of another schema or one that is in use, `InputError`
    where there is none.
    """
    if isinstance(location, ServerAddress):
        database = connect_to(location)
    else:
        _require_file(location)
        database = _alone(location / DATABASE, "query_only=ON")
    try:
        with database.connect() as connection:
            if isinstance(location, ServerAddress):
                _hold_server(connection, "READ COMMITTED" if emptied else "REPEATABLE READ")
            else:
                connection.begin()
            _require_schema(connection, place_of(database))
            yield connection
            connection.rollback()
    finally:
        database.dispose()


@contextmanager
def target(location: Location) -> Iterator[Connection]:
    """A connection to a database with tables, which is made where there is none; for this alone.

    Raises `DatabaseError` for a database in use.
    """
    if not _is_begun(location):
        open_database(location).dispose()
    if not isinstance(location, ServerAddress):
        database = _alone(location / DATABASE, *_PRAGMAS)
    else:
        database = connect_to(location)
    try:
        with database.connect() as connection:
            _claim(connection, place_of(database))
            yield connection
    finally:
        database.dispose()


def _is_begun(location: Location) -> bool:
    """Whether it bears the mark of a move."""
    if isinstance(location, ServerAddress):
        database = connect_to(location)
    elif size_of(location)[0]:
        database = _alone(location / DATABASE)
    else:
        return False
    try:
        with database.connect() as connection:
            return str(schema_of(connection)).startswith(MOVING)
    finally:
        database.dispose()


def begin(connection: Connection, move: str, place: str) -> bool:
    """Marks the target as that of this move; whether it was already.

    Raises `InputError` for a target that holds anything else.
    """
    with connection.begin():
        mark = f"{MOVING}{move}"
        found = schema_of(connection)
        if found == mark:
            return True
        if found != SCHEMA_VERSION:
            raise InputError(
                f"{place} was begun to be filled from another database: give an empty one"
            )
        tables = tables_of(connection)
        for name, table in tables.items():
            if name not in _FROM_THE_START and _holds_rows(connection, table):
                raise InputError(f"{place} holds {name} already: give an empty database")
        for name in _FROM_THE_START:
            connection.execute(tables[name].delete())
        _set_version(connection, mark)
    return False


def finish(connection: Connection) -> None:
    """Opens the target for all, in this transaction."""
    _set_version(connection, SCHEMA_VERSION)


def place_of(database: Engine) -> str:
    """For people."""
    place: str | None = database.get_execution_options().get(PLACE)
    return place or str(database.url.database)


def _set_version(connection: Connection, version: str) -> None:
    connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})


def _holds_rows(connection: Connection, table: Table) -> bool:
    return connection.execute(select(*table.primary_key).limit(1)).first() is not None


def _require_file(folder: Path) -> None:
    require_whole(folder, used=False)
    if not size_of(folder)[0]:
        raise InputError(f"there is no gallery in {folder}: name a data folder, or a database")


def _require_schema(connection: Connection, place: str) -> None:
    version = schema_of(connection)
    if version != SCHEMA_VERSION:
        raise DatabaseError(
            f"{place} has schema {version}, not {SCHEMA_VERSION}: any command of this Reknown on "
            "it, such as reknown collections list, brings an older one up to date"
        )


def _alone(file: Path, *pragmas: str) -> Engine:
    """A SQLite file through one connection beside which there is no other."""

    def connect() -> sqlite3.Connection:
        address = f"{file.absolute().as_uri()}?mode=rw"
        connection = sqlite3.connect(address, uri=True, isolation_level=None, timeout=0)
        for pragma in ("locking_mode=EXCLUSIVE", *pragmas):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    database = create_engine(
        URL.create("sqlite", database=str(file)), creator=connect, poolclass=StaticPool
    )

    @event.listens_for(database, "begin")
    def begin(connection: Connection) -> None:
        try:
            connection.connection.driver_connection.execute("BEGIN")  # type: ignore[union-attr]
            # with this locking, to read is enough to keep out all others
            connection.connection.driver_connection.execute("SELECT count(*) FROM sqlite_master")  # type: ignore[union-attr]
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                raise DatabaseError(_IN_USE.format(place=file)) from error
            raise

    act_at_commits(database)
    explain_errors(database)
    return database


def _hold_server(connection: Connection, level: IsolationLevel) -> None:
    """Others may read; who writes waits, and is told after a while that a lock is held."""
    place = place_of(connection.engine)
    with connection.begin():
        names = ", ".join(f'"{name}"' for name in _names(connection))
    if not names:
        raise InputError(f"there is no gallery in {place}: name another database")
    connection.execution_options(isolation_level=level)
    connection.begin()
    connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    # long enough for an autovacuum, which gives way to who has waited for a second
    connection.execute(text(f"SET LOCAL lock_timeout = '{_PATIENCE}s'"))
    # before anything is read: what is seen is as it is from here on
    connection.execute(text(f"LOCK TABLE {names} IN SHARE MODE"))
    if not _until_alone(connection):
        raise DatabaseError(_IN_USE.format(place=place))


def _until_alone(connection: Connection) -> bool:
    """Whether no other process of ours is connected; one that was killed is for a moment yet."""
    deadline = time.monotonic() + _PATIENCE
    while connection.execute(text(_OTHERS)).scalar_one():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_PAUSE)
        # a transaction sees the others as they were when it first looked
        connection.execute(text("SELECT pg_stat_clear_snapshot()"))
    return True


def _claim(connection: Connection, place: str) -> None:
    if connection.dialect.name != "postgresql":
        with connection.begin():
            return
    deadline = time.monotonic() + _PATIENCE
    with connection.begin():
        connection.execute(text("SET idle_in_transaction_session_timeout = 0"))
        while not connection.execute(select(func.pg_try_advisory_lock(_LOCK))).scalar_one():
            if time.monotonic() >= deadline:
                raise DatabaseError(_IN_USE.format(place=place))
            time.sleep(_PAUSE)
        alone = _until_alone(connection)
    if not alone:
        raise DatabaseError(_IN_USE.format(place=place))


def _names(connection: Connection) -> list[str]:
    query = text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    return list(connection.execute(query).scalars())
