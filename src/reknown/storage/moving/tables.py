"""All tables of a database, as they are there: those of every room, whatever migrations made."""

from __future__ import annotations

from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData, Text, select, text, tuple_

from reknown.storage.server import ServerAddress

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Select, Table

    Key = tuple[Any, ...]

Location = Path | ServerAddress
_VERSION, _LEDGER = "alembic_version", "events"
_TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table"
_SEQUENCES = (
    "SELECT tablename, pg_get_serial_sequence(quote_ident(tablename), 'id') FROM pg_tables "
    "JOIN information_schema.columns ON table_schema = schemaname AND table_name = tablename "
    "WHERE schemaname = current_schema() AND column_name = 'id'"
)


def tables_of(connection: Connection) -> Mapping[str, Table]:
    """By name, each after those that it refers to."""
    metadata = MetaData()
    metadata.reflect(connection)
    return {each.name: each for each in metadata.sorted_tables if each.name != _VERSION}


def name_of(connection: Connection) -> str:
    """By which the database is known again: the first event of its ledger never changes."""
    table = tables_of(connection)[_LEDGER]
    first = connection.execute(in_order(connection, table).limit(1)).first()
    return sha256(repr(first and tuple(first)).encode()).hexdigest()[:20]


def key_of(connection: Connection, table: Table) -> Sequence[ColumnElement[Any]]:
    """The columns of its key, in an order that is the same for all databases: that of bytes."""
    if connection.dialect.name == "sqlite":
        return list(table.primary_key)
    return [
        each.collate("C") if isinstance(each.type, Text) else each for each in table.primary_key
    ]


def in_order(connection: Connection, table: Table, after: Key | None = None) -> Select[Any]:
    """Its rows by their keys, from behind one on; columns by their names."""
    key = key_of(connection, table)
    query = select(*sorted(table.columns, key=lambda column: column.name)).order_by(*key)
    return query if after is None else query.where(tuple_(*key) > tuple_(*after))


def last_key(connection: Connection, table: Table) -> Key | None:
    """The greatest one that is there."""
    key = key_of(connection, table)
    query = select(*table.primary_key).order_by(*(each.desc() for each in key)).limit(1)
    row = connection.execute(query).first()
    return None if row is None else tuple(row)


@contextmanager
def without_triggers(connection: Connection, table: Table) -> Iterator[None]:
    """What the table's triggers would do is done already; for a part of one transaction."""
    if connection.dialect.name == "postgresql":
        # those of foreign keys stay
        connection.execute(text(f'ALTER TABLE "{table.name}" DISABLE TRIGGER USER'))
        yield
        connection.execute(text(f'ALTER TABLE "{table.name}" ENABLE TRIGGER USER'))
        return
    triggers = connection.execute(text(_TRIGGERS), {"table": table.name}).all()
    for name, _ in triggers:
        connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
    yield
    for _, sql in triggers:
        connection.exec_driver_sql(sql)


def sequences(connection: Connection) -> Mapping[str, int]:
    """The last key that each table has given out, also where its row is gone; 0 for none."""
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence").all()
        return {name: int(last) for name, last in found if last}
    last: dict[str, int] = {}
    for table, sequence in _serial(connection):
        value, called = connection.exec_driver_sql(
            f"SELECT last_value, is_called FROM {sequence}"  # noqa: S608 - as PostgreSQL quotes it
        ).one()
        if called:
            last[table] = int(value)
    return last


def set_sequences(connection: Connection, last: Mapping[str, int]) -> None:
    """As `sequences` says: no key is ever given twice."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("DELETE FROM sqlite_sequence")
        for name, value in last.items():
            connection.exec_driver_sql("INSERT INTO sqlite_sequence VALUES (?, ?)", (name, value))
        return
    for table, sequence in _serial(connection):
        value = last.get(table, 0)
        connection.execute(
            text("SELECT setval(:sequence, :value, :called)"),
            {"sequence": sequence, "value": max(value, 1), "called": value > 0},
        )


def _serial(connection: Connection) -> list[tuple[str, str]]:
    rows = connection.execute(text(_SEQUENCES)).all()
    return [(table, sequence) for table, sequence in rows if sequence is not None]
