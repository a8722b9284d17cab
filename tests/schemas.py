"""Schemas of a PostgreSQL server that tests use one after the other.

All the steps to the newest schema take half a second each time; to empty the tables that a test
has filled takes a twentieth of that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import create_engine, make_url, text
from sqlalchemy import exc as sql_errors

from reknown.sealing.opening import open_keyring
from reknown.storage.database import open_database
from reknown.storage.server import ServerAddress

if TYPE_CHECKING:
    from sqlalchemy import Connection

# All that a test may have changed but rows.
_SHAPE = """
    WITH ours AS (SELECT oid FROM pg_namespace WHERE nspname = ANY(:names))
    SELECT md5(string_agg(part, ' ' ORDER BY part)) FROM (
        SELECT concat_ws(' ', oid, relname, relkind, reloptions) FROM pg_class
        WHERE relnamespace IN (TABLE ours)
        UNION ALL
        SELECT concat_ws(' ', attrelid, attname, attnum, atttypid, attnotnull, atthasdef)
        FROM pg_attribute WHERE attrelid IN
            (SELECT oid FROM pg_class WHERE relnamespace IN (TABLE ours))
        UNION ALL
        SELECT concat_ws(' ', conrelid, conname, contype, convalidated) FROM pg_constraint
        WHERE connamespace IN (TABLE ours)
        UNION ALL
        SELECT concat_ws(' ', tgrelid, tgname, tgenabled, tgtype, tgfoid) FROM pg_trigger
        WHERE NOT tgisinternal AND tgrelid IN
            (SELECT oid FROM pg_class WHERE relnamespace IN (TABLE ours))
        UNION ALL
        SELECT concat_ws(' ', proname, prosrc) FROM pg_proc WHERE pronamespace IN (TABLE ours)
    ) AS parts (part)
"""
# An empty table whose rows were all deleted still has a file, where a test could find them.
_FILLED = """
    SELECT CAST(pg_class.oid AS regclass) FROM pg_class
    JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname = ANY(:names) AND relkind = 'r'
    AND pg_relation_size(pg_class.oid) > 0
"""


@dataclass(frozen=True, slots=True)
class _Schema:
    """One as a migration has left it; `first` are its rows, in tables beside it."""

    name: str
    address: str
    shape: str
    first: tuple[tuple[str, str], ...]


class Schemas:
    """Those of a server; one is in use by one test at a time."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._engine = create_engine(self._url)
        self._taken: dict[str, _Schema] = {}
        self._free: list[_Schema] = []

    def new(self) -> str:
        """The URL of one without any table."""
        return self._new()[1]

    def take(self) -> str:
        """The URL of one with the newest tables of a gallery and of its keys, and no more."""
        while self._free:
            schema = self._free.pop()
            if self._emptied(schema):
                break
        else:
            schema = self._made()
        self._taken[schema.address] = schema
        return schema.address

    def give_back(self, address: str) -> None:
        """Another test may have it, if nothing but rows is changed."""
        self._free.append(self._taken.pop(address))

    def close(self) -> None:
        """Ends all connections."""
        self._engine.dispose()

    def _new(self) -> tuple[str, str]:
        name = f"test_{uuid4().hex}"
        with self._engine.begin() as connection:  # a database of its own: a copy of 300 files
            connection.execute(text(f"CREATE SCHEMA {name}"))
        own = self._url.update_query_dict({"options": f"-csearch_path={name}"})
        return name, own.render_as_string(hide_password=False)

    def _made(self) -> _Schema:
        name, address = self._new()
        open_database(address).dispose()
        open_keyring(ServerAddress(address), name).close()
        with self._engine.begin() as connection:
            connection.execute(text(f"CREATE SCHEMA {name}_first"))
            first = []
            for number, table in enumerate(_filled(connection, name)):
                first.append((table, f"{name}_first.t{number}"))
                connection.execute(text(f"CREATE TABLE {first[-1][1]} AS TABLE {table}"))
            return _Schema(name, address, _shape(connection, name), tuple(first))

    def _emptied(self, schema: _Schema) -> bool:
        """Takes all rows out but the first ones."""
        try:
            with self._engine.begin() as connection:
                connection.execute(text("SET LOCAL lock_timeout = '1s'"))
                if _shape(connection, schema.name) != schema.shape:
                    return False
                used = ", ".join(_filled(connection, schema.name))
                connection.execute(text(f"TRUNCATE {used} RESTART IDENTITY CASCADE"))
                connection.execute(text("SET LOCAL session_replication_role = replica"))
                for table, rows in schema.first:
                    connection.execute(text(f"INSERT INTO {table} TABLE {rows}"))
        except sql_errors.OperationalError:  # what the test has left holds a lock
            return False
        return True


def _shape(connection: Connection, name: str) -> str:
    return str(connection.execute(text(_SHAPE), _both(name)).scalar_one())


def _filled(connection: Connection, name: str) -> list[str]:
    return list(connection.execute(text(_FILLED), _both(name)).scalars())


def _both(name: str) -> dict[str, list[str]]:
    return {"names": [name, f"{name}_keys"]}
