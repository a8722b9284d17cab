from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from reknown.biometrics.errors import DatabaseError
from reknown.ledger.actor import Actor
from reknown.ledger.counting import ErrorCount, EventCount, reasons, tallies
from reknown.ledger.log import Choice, append
from reknown.ledger.records import Failure, ListUsersRecord, Refusal
from reknown.ledger.schema import events
from unit.ledger.examples import DIGEST, write_untyped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

ADA, BOB = Actor("key:ada"), Actor("cli:bob")
DENIED = Refusal("list users", "ListUsers", "AccessDeniedException")


@pytest.fixture
def connection(own_engine: Engine) -> Iterator[Connection]:
    """Of a ledger in which nobody else has written."""
    with own_engine.connect() as connection:
        yield connection
        connection.rollback()


def fill(connection: Connection) -> None:
    for number in range(3):
        append(connection, ADA, "friends", ListUsersRecord(number))
    append(connection, BOB, None, ListUsersRecord(0))
    append(connection, ADA, "friends", DENIED)
    append(connection, BOB, "friends", DENIED)
    append(connection, BOB, None, Failure("detect", DIGEST, "VideoError"))
    write_untyped(connection, {"faces": []})


def test_rows_that_are_alike_are_counted(connection: Connection) -> None:
    fill(connection)
    assert tallies(connection, Choice()) == [
        EventCount("cli:bob", "detect", None, "failed", 1),
        EventCount("cli:bob", "enrol", "people", "done", 1),
        EventCount("cli:bob", "list users", None, "done", 1),
        EventCount("cli:bob", "list users", "friends", "refused", 1),
        EventCount("key:ada", "list users", "friends", "done", 3),
        EventCount("key:ada", "list users", "friends", "refused", 1),
    ]


def test_only_what_is_chosen_is_counted(connection: Connection) -> None:
    fill(connection)
    start = datetime(2025, 1, 1, tzinfo=UTC)
    old = Choice(since=start, until=start.replace(year=2026))
    assert tallies(connection, old) == [EventCount("cli:bob", "enrol", "people", "done", 1)]
    assert sum(it.count for it in tallies(connection, Choice(actor="key:ada"))) == 4
    assert tallies(connection, Choice(since=start.replace(year=2100))) == []


def test_reasons_are_counted_by_error(connection: Connection) -> None:
    fill(connection)
    assert reasons(connection, Choice()) == [
        ErrorCount("failed", "VideoError", 1),
        ErrorCount("refused", "AccessDeniedException", 2),
    ]
    assert reasons(connection, Choice(actor="key:ada")) == [
        ErrorCount("refused", "AccessDeniedException", 1)
    ]


def test_a_damaged_row_is_not_counted_as_something_else(connection: Connection) -> None:
    key = append(connection, ADA, "friends", DENIED)
    connection.execute(update(events).where(events.c.id == key).values(detail="{}"))
    with pytest.raises(DatabaseError, match="damaged"):
        reasons(connection, Choice())
