"""Opening the database: SQLite in a data folder, or a PostgreSQL server.

`database.begin()` writes in one transaction, `reading(database)` sees one state throughout.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, create_engine, event, inspect, text
from sqlalchemy import Engine as Database
from sqlalchemy import exc as sql_errors

from reknown.biometrics.errors import DatabaseError, InputError
from reknown.shortages import shortage_of_files
from reknown.storage.commits import act_at_commits
from reknown.storage.erasure import Eraser, compact, finish_erasing
from reknown.storage.file_cleaning import FileCleaner
from reknown.storage.migrating import begin, migrate
from reknown.storage.modes import DATABASE, close_to_others
from reknown.storage.server import PLACE, ServerAddress, require_usable, server_engine
from reknown.storage.server_errors import explained
from reknown.storage.threads import hold_blas
from reknown.storage.together import gather_writes, write_together
from reknown.storage.vacuum import TableCleaner

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor, ExceptionContext
    from sqlalchemy.pool import ConnectionPoolEntry

__all__ = [
    "MOVING",
    "SCHEMA_VERSION",
    "Connection",
    "Database",
    "close_database",
    "compact",
    "connect_to",
    "explain_errors",
    "is_shared",
    "open_database",
    "reading",
    "schema_of",
    "schema_version",
    "write_together",
]

SCHEMA_VERSION = "0034"
# In place of a schema: what `storage/moving` has begun to fill.
MOVING = "moving "
_BUSY_SECONDS = 30
_RETRY_SECONDS = 0.01
_WRITING = "writing"
_PRAGMAS = ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
# What a person can do, by what the driver's message says.
_ADVICE = (
    ("not a database", "the file is damaged or something else: move it away or restore a backup"),
    ("malformed", "the file is damaged: restore a backup with reknown restore"),
    ("readonly", "allow writing there or choose another data folder"),
    ("unable to open", "allow writing there or choose another data folder"),
    ("locked", "another process is writing: wait for it to finish, then try again"),
    ("is full", "free some disk space"),
    ("I/O error", "free some disk space, or look into the system's log for a broken disk"),
    ("", "see what the database's log or the system's says"),
)


def open_database(location: str | Path | ServerAddress) -> Database:
    """The database of a data folder, or of a server, also by its URL: `postgresql://host/name`.

    Creates what is missing and migrates to the newest schema, however many processes do so
    at once. What fails later raises `DatabaseError` too, or `InputError` for values that cannot
    be stored. To be closed at the end.

    Holds BLAS, which searches use, to one thread for the whole process.

    Raises `DatabaseError` when it cannot be used.
    """
    database = connect_to(location)
    hold_blas()
    try:
        version = schema_version(database)
        if version is not None and version.startswith(MOVING):
            raise DatabaseError(
                f"{_place(database)} is to be filled by reknown migrate, which has not ended: run "
                "it again, it goes on where it was"
            )
        if version != SCHEMA_VERSION:
            _migrate(database, version)
    except BaseException:
        database.dispose()
        raise
    return database


def connect_to(location: str | Path | ServerAddress, file: str = DATABASE) -> Database:
    """The same in the schema that it has; a folder is made where there is none.

    `file` is the name of another one in a data folder.
    """
    if isinstance(location, str) and "://" in location:
        location = ServerAddress(location)
    if not isinstance(location, ServerAddress):
        database = _file_engine(Path(location).absolute(), file)
        explain_errors(database)
        return database
    database = server_engine(location)
    act_at_commits(database)
    Eraser(database, TableCleaner())
    explain_errors(database)
    try:
        require_usable(database)
    except BaseException:
        database.dispose()
        raise
    return database


def close_database(database: Database) -> None:
    """Closes it, with everything in the database's own file, whichever thread still uses it."""
    finish_erasing(database)
    database.dispose()


def is_shared(connection: Connection) -> bool:
    """Whether other machines may use the same database."""
    return connection.dialect.name == "postgresql"


def reading(database: Database) -> Connection:
    """A connection that sees one state throughout and never waits for writers; to be closed."""
    connection = database.connect()
    if database.dialect.name == "sqlite":
        return connection.execution_options(reading=True)
    return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _file_engine(folder: Path, file: str) -> Database:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Never opened when it exists: closing a file drops the locks that SQLite holds on it.
        with contextlib.suppress(FileExistsError):
            (folder / file).touch(mode=0o600, exist_ok=False)
        close_to_others(folder)
    except FileExistsError as error:
        raise DatabaseError(f"{folder} is not a folder: give a data folder") from error
    except OSError as error:
        advice = "allow writing there or choose another data folder"
        raise DatabaseError(f"{folder}: {error.strerror}: {advice}") from error
    database = create_engine(
        URL.create("sqlite", database=str(folder / file)),
        connect_args={"timeout": _BUSY_SECONDS, "isolation_level": None},
        # as many connections as there are threads: they cost little
        max_overflow=-1,
    )

    @event.listens_for(database, "connect")
    def configure(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        _enter_wal(cursor)
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    act_at_commits(database)
    # after the turns are taken: who cleans up has given back its own
    Eraser(database, FileCleaner(_take_turns(database)))
    gather_writes(database)
    return database


def _enter_wal(cursor: DBAPICursor) -> None:
    """Switches to a write-ahead log.

    SQLite does not wait for others here: of several processes that open a new file at once, all
    but one are told that it is locked.
    """
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            # the low byte of an extended code says what kind of error it is
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_SECONDS)


def _take_turns(database: Database) -> Lock:
    """Writers of one process wait in a queue of it, for this lock.

    SQLite lets them sleep and try again, by which some wait a hundred times as long as others.
    """
    turn = Lock()

    @event.listens_for(database, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("reading", False):
            connection.exec_driver_sql("BEGIN")
            return
        if not connection.info.get(_WRITING):
            if not turn.acquire(timeout=_BUSY_SECONDS):
                raise DatabaseError(
                    f"{_place(database)} is locked: another thread of this process is writing: "
                    "wait for it to finish, then try again"
                )
            connection.info[_WRITING] = True
        # A transaction that starts to write halfway fails at once when another one writes.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    @event.listens_for(database, "checkin")
    def checkin(_: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
        if entry.info.pop(_WRITING, False):
            turn.release()

    return turn


def _place(database: Database) -> str:
    place: str | None = database.get_execution_options().get(PLACE)
    return place or str(database.url.database)


def explain_errors(database: Database) -> None:
    """What the driver raises becomes `DatabaseError` or `InputError` with advice."""
    trouble = (sql_errors.OperationalError, sql_errors.DatabaseError)

    @event.listens_for(database, "handle_error")
    def explain(context: ExceptionContext) -> None:
        if context.is_pre_ping:  # a connection that lay idle is replaced by another one
            return
        original = context.original_exception
        if database.dialect.name == "postgresql":
            error = explained(context, _place(database))
            if error is not None:
                raise error from original
        # Exact types: an IntegrityError, say, is the store's own business.
        kind = type(context.sqlalchemy_exception)
        if kind in trouble:
            message = str(original).strip()
            lacking = shortage_of_files() if "unable to open" in message else None
            if lacking:
                raise DatabaseError(f"{_place(database)}: {lacking}") from original
            advice = next(advice for sign, advice in _ADVICE if sign in message)
            raise DatabaseError(f"{_place(database)}: {message}: {advice}") from original
        if kind is sql_errors.DataError or isinstance(original, UnicodeEncodeError | OverflowError):
            raise InputError(f"a value that no database can hold: {original}") from original


def schema_version(database: Database) -> str | None:
    """The schema that the database has, None where it has no tables yet."""
    with reading(database) as connection:
        return schema_of(connection)


def schema_of(connection: Connection) -> str | None:
    """The same in a transaction that is open."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrate(database: Database, version: str | None) -> None:
    try:
        if version is None:
            begin(database)
        if schema_version(database) != SCHEMA_VERSION:
            migrate(database)
    except LookupError as error:
        raise DatabaseError(
            f"{_place(database)} has schema {version}, this Reknown knows up to {SCHEMA_VERSION}: "
            "install the Reknown that wrote it, or a newer one"
        ) from error
    except sql_errors.SQLAlchemyError as error:
        raise DatabaseError(
            f"{_place(database)} cannot be migrated to schema {SCHEMA_VERSION}: {error}"
        ) from error
