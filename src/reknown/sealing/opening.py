"""Where the keys of a database lie: a file beside it, or a schema of a server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import event, func, select, text

from reknown.biometrics.errors import DatabaseError
from reknown.sealing.keyring import Keyring
from reknown.sealing.schema import record_keys
from reknown.storage.database import connect_to
from reknown.storage.inspection import open_read_only
from reknown.storage.modes import KEYS

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

    from reknown.storage.server import ServerAddress

# Each is in use for less than a millisecond at a time.
_CONNECTIONS = 5
# The schema of the keys, by that of the tables; several galleries may share a database.
_USUAL, _SCHEMA, _SUFFIX = "public", "reknown_keys", "_keys"


def open_keyring(location: Path | ServerAddress, schema: str = _USUAL) -> Keyring:
    """The keyring in a data folder, or on a server beside tables in this schema; made if missing.

    Raises `DatabaseError` where it cannot be used.
    """
    if isinstance(location, Path):
        return Keyring(connect_to(location, KEYS))
    store = _server(location)
    try:
        _enter_schema(store, _keys_schema(schema))
        return Keyring(store)
    except BaseException:
        store.dispose()
        raise


def look_into(location: Path | ServerAddress, schema: str = _USUAL) -> Engine | None:
    """The store of a keyring, to be read and disposed of; None where there is none."""
    if isinstance(location, Path):
        file = location / KEYS
        return open_read_only(file) if file.exists() else None
    store, name = _server(location), _keys_schema(schema)
    quoted = store.dialect.identifier_preparer.quote_identifier(name)
    with store.connect() as connection:
        table = f"{quoted}.{record_keys.name}"
        there = connection.execute(select(func.to_regclass(table))).scalar_one()
    store.dispose()
    if there is None:
        return None
    _see_only(store, name)
    return store


def schema_name(database: Engine) -> str:
    """The schema in which a server's database has its tables; the usual one of SQLite."""
    if database.dialect.name == "sqlite":
        return _USUAL
    with database.connect() as connection:
        found = connection.execute(select(func.current_schema())).scalar_one()
    if found is None:
        raise DatabaseError("the database has no schema that is searched: set its search_path")
    return str(found)


def _enter_schema(store: Engine, name: str) -> None:
    """Makes it if it is missing; all connections see that schema alone."""
    quoted = store.dialect.identifier_preparer.quote_identifier(name)
    with store.begin() as connection:
        there = text("SELECT count(*) FROM information_schema.schemata WHERE schema_name = :name")
        if not connection.execute(there, {"name": name}).scalar_one():
            # another process may be making it
            connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(name))))
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {quoted}"))
    store.dispose()
    _see_only(store, name)


def _server(location: ServerAddress) -> Engine:
    return connect_to(replace(location, connections=min(_CONNECTIONS, location.connections)))


def _keys_schema(schema: str) -> str:
    return _SCHEMA if schema == _USUAL else f"{schema}{_SUFFIX}"


def _see_only(store: Engine, name: str) -> None:
    """All connections from now on see this schema alone."""
    quoted = store.dialect.identifier_preparer.quote_identifier(name)

    @event.listens_for(store, "connect")
    def enter(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET search_path TO {quoted}")
        cursor.close()
        connection.commit()
