from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from reknown.biometrics.errors import DatabaseError
from reknown.ledger import counting
from reknown.ledger.actor import Actor
from reknown.ledger.counting import EventCount, reasons, tallies
from reknown.ledger.log import Choice, append
from reknown.ledger.records import Failure, ListUsersRecord, Refusal, RefuseSearchRecord
from reknown.ledger.schema import events
from unit.ledger.examples import DIGEST, write_untyped

if TYPE_CHECKING:
    from sqlalchemy import Engine

ADA, BOB = Actor("key:ada"), Actor("cli:bob")
DENIED = Refusal("list users", "ListUsers", "AccessDeniedException")


def fill(database: Engine) -> None:
    with database.begin() as connection:
        for number in range(3):
            append(connection, ADA, "friends", ListUsersRecord(number))
        append(connection, BOB, None, ListUsersRecord(0))
        append(connection, ADA, "friends", DENIED)
        append(connection, BOB, "friends", DENIED)
        append(connection, BOB, None, Failure("detect", DIGEST, "VideoError"))
        write_untyped(connection, {"faces": []})


def test_rows_that_are_alike_are_counted(own_engine: Engine) -> None:
    fill(own_engine)
    assert tallies(own_engine, Choice()) == [
        EventCount("cli:bob", "detect", "", "failed", "VideoError", 1),
        EventCount("cli:bob", "enrol", "people", "done", "", 1),
        EventCount("cli:bob", "list users", "", "done", "", 1),
        EventCount("cli:bob", "list users", "friends", "refused", "AccessDeniedException", 1),
        EventCount("key:ada", "list users", "friends", "done", "", 3),
        EventCount("key:ada", "list users", "friends", "refused", "AccessDeniedException", 1),
    ]


def test_only_what_is_chosen_is_counted(own_engine: Engine) -> None:
    fill(own_engine)
    start = datetime(2025, 1, 1, tzinfo=UTC)
    old = Choice(since=start, until=start.replace(year=2026))
    assert tallies(own_engine, old) == [EventCount("cli:bob", "enrol", "people", "done", "", 1)]
    assert sum(it.count for it in tallies(own_engine, Choice(actor="key:ada"))) == 4
    assert tallies(own_engine, Choice(since=start.replace(year=2100))) == []


def test_portions_of_a_long_ledger_are_added_up(
    own_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(own_engine)
    whole = tallies(own_engine, Choice())
    for rows in (1, 3, 4, 8):
        monkeypatch.setattr(counting, "_PORTION", rows)
        read: list[int] = []
        assert tallies(own_engine, Choice(), read.append) == whole
        assert sum(read) == 8
        assert max(read) <= rows


def test_reasons_are_counted_by_error(own_engine: Engine) -> None:
    fill(own_engine)
    counted = tallies(own_engine, Choice())
    assert reasons(counted, "failed") == {"VideoError": 1}
    assert reasons(counted, "refused") == {"AccessDeniedException": 2}
    assert reasons(tallies(own_engine, Choice(actor="key:ada")), "refused") == {
        "AccessDeniedException": 1
    }


def test_a_refused_search_is_one_refusal_with_the_reason_of_the_rules(own_engine: Engine) -> None:
    asked, job, other = (Actor("key:ada", name) for name in ("asked", "job", "other"))
    refused = RefuseSearchRecord("PurposeMissing")
    denied = Refusal("identify", "SearchFaces", "AccessDeniedException")
    with own_engine.begin() as connection:
        # as former releases did: the use case and the gateway, or a video job and its end
        append(connection, asked, "people", refused)
        append(connection, asked, "people", denied)
        append(connection, job, "people", refused)
        append(connection, job, "people", Failure("identify", DIGEST, "PolicyError"))
        # as it is now, without a request and with one
        append(connection, BOB, "people", refused)
        append(connection, other, "people", RefuseSearchRecord("PurposeMissing", DIGEST))
        # requests of their own
        append(connection, Actor("key:ada", "another"), "people", denied)
        append(connection, BOB, "people", denied)
    counted = tallies(own_engine, Choice())
    assert reasons(counted, "refused") == {"AccessDeniedException": 2, "PurposeMissing": 4}
    assert reasons(counted, "failed") == {}
    assert not [it for it in counted if it.kind == "done"]


def test_a_damaged_row_is_not_counted_as_something_else(own_engine: Engine) -> None:
    with own_engine.begin() as connection:
        key = append(connection, ADA, "friends", DENIED)
        connection.execute(update(events).where(events.c.id == key).values(detail="{}"))
    with pytest.raises(DatabaseError, match="damaged"):
        tallies(own_engine, Choice())
