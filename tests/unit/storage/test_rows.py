"""Many rows at once, on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Column, Double, Integer, LargeBinary, MetaData, Table, Text, func, select
from sqlalchemy.exc import IntegrityError, ProgrammingError

from reknown.biometrics.errors import DatabaseError
from reknown.storage.rows import (
    Columns,
    among,
    among_wanted,
    as_wanted,
    driver_rows,
    fetch_now,
    insert_rows,
    roomy_transaction,
    stream_rows,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_THINGS = Table(
    "things",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", Text, unique=True),
    Column("size", Double),
    Column("data", LargeBinary),
    Column("kind", Text),
    prefixes=["TEMPORARY"],
)
_ODD = "'; \N{SNOWMAN} %s %(x)s ? :y {} \""


@pytest.fixture
def things(connection: Connection) -> Table:
    _THINGS.create(connection)
    return _THINGS


def _columns(count: int, start: int = 0) -> Columns:
    numbers = range(start, start + count)
    own: dict[str, Any] = {
        "name": [f"{n}{_ODD}" for n in numbers],
        "size": [None if n % 3 else n / 7 for n in numbers],
        "data": [bytes([n % 256, 0]) for n in numbers],
    }
    return Columns({"kind": _ODD}, own)


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 11_003])
def test_rows_are_stored_as_given_and_in_order(
    connection: Connection, things: Table, count: int
) -> None:
    insert_rows(connection, things, _columns(count))
    rows = connection.execute(select(things).order_by(things.c.id)).all()
    own = _columns(count).own
    assert [row.name for row in rows] == own["name"]
    assert [row.size for row in rows] == own["size"]
    assert [bytes(row.data) for row in rows] == own["data"]
    assert {row.kind for row in rows} <= {_ODD}


def test_a_column_without_any_value(connection: Connection, things: Table) -> None:
    own: dict[str, Any] = {"name": ["a", "b"], "size": [None, None], "data": [None, None]}
    insert_rows(connection, things, Columns({"kind": None}, own))
    assert connection.execute(select(things.c.size, things.c.kind)).all() == [(None, None)] * 2


def test_what_is_there_is_left_alone_or_refused(connection: Connection, things: Table) -> None:
    insert_rows(connection, things, _columns(3))
    insert_rows(connection, things, _columns(700, 1), new_only=True)
    count = select(func.count()).select_from(things)
    assert connection.execute(count).scalar_one() == 701
    with pytest.raises(IntegrityError):
        insert_rows(connection, things, _columns(1))


@pytest.mark.parametrize("count", [0, 1, 40_000])
def test_one_of_many(connection: Connection, things: Table, count: int) -> None:
    insert_rows(connection, things, _columns(10))
    wanted = [f"{n}{_ODD}" for n in range(5, 5 + count)]
    query = select(things.c.id).where(among(connection, things.c.name, wanted))
    assert len(connection.execute(query).all()) == min(count, 5)


def test_a_statement_that_is_made_once_takes_other_values_each_time(
    connection: Connection, things: Table
) -> None:
    insert_rows(connection, things, _columns(700))
    query = select(things.c.id).where(among_wanted(connection.dialect.name, things.c.id))
    for numbers in ([], [1], [3, 1, 2, 9_999_999_999], list(range(1, 701))):
        values = {"wanted": as_wanted(connection, numbers)}
        found = {number for (number,) in driver_rows(connection.execute(query, values))}
        assert found == set(numbers) & set(range(1, 701))


@pytest.mark.parametrize(("count", "portions"), [(0, []), (5, [5]), (11, [5, 5, 1])])
def test_rows_come_in_portions_and_in_order(
    connection: Connection, things: Table, count: int, portions: list[int]
) -> None:
    insert_rows(connection, things, _columns(count))
    query = select(things.c.name, things.c.data).order_by(things.c.id)
    found = list(stream_rows(connection, query, 5))
    own = _columns(count).own
    assert [len(portion) for portion in found] == portions
    assert [row for portion in found for row in portion] == list(
        zip(own["name"], own["data"], strict=True)
    )


def test_what_is_asked_for_now_is_as_it_is_now(own_engine: Engine) -> None:
    kept = Table("kept", MetaData(), Column("name", Text))
    kept.create(own_engine)
    statement = "SELECT name FROM kept"
    for number in range(3):
        with own_engine.begin() as connection:
            connection.execute(kept.insert().values(name=str(number)))
        assert len(fetch_now(own_engine, statement, ())) == number + 1


def test_what_cannot_be_asked_for_now_says_so_and_the_next_can(own_engine: Engine) -> None:
    with pytest.raises((DatabaseError, ProgrammingError), match=r"no such table|does not exist"):
        fetch_now(own_engine, "SELECT name FROM nowhere", ())
    assert fetch_now(own_engine, "SELECT 1", ()) == [(1,)]


def test_what_is_asked_for_now_survives_a_connection_that_was_lost(own_engine: Engine) -> None:
    if own_engine.dialect.name == "sqlite":
        pytest.skip("a file has no connections to lose")
    with own_engine.connect() as one:
        with own_engine.connect() as other:
            number = other.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        one.exec_driver_sql("SELECT pg_terminate_backend(%s)", (number,))
    for _ in range(3):
        assert fetch_now(own_engine, "SELECT 1", ()) == [(1,)]


def test_a_roomy_transaction_is_one(own_engine: Engine) -> None:
    def cache() -> Any:
        with own_engine.connect() as connection:
            if own_engine.dialect.name == "sqlite":
                pragmas = ("cache_size", "temp_store")
                return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas]
            return None

    kept = Table("kept", MetaData(), Column("name", Text, unique=True))
    before = cache()
    with roomy_transaction(own_engine) as connection:
        kept.create(connection)
    with pytest.raises(IntegrityError):
        _fill_badly(own_engine, kept)
    with own_engine.connect() as connection:
        assert connection.execute(select(kept)).all() == []
    assert cache() == before


def _fill_badly(engine: Engine, kept: Table) -> None:
    with roomy_transaction(engine) as connection:
        insert_rows(connection, kept, Columns({}, {"name": ["a"]}))
        insert_rows(connection, kept, Columns({}, {"name": ["a"]}))
