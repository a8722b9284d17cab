from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from contexts import make_context
from reknown.biometrics.errors import InputError
from reknown.biometrics.templates import TemplateSpace
from reknown.cli.completion import complete_operation
from reknown.gallery.collections import create_collection
from reknown.gallery.users import create_user, delete_user
from reknown.ledger.actor import Actor
from reknown.ledger.log import append
from reknown.ledger.records import (
    CandidateRecord,
    CreateUserRecord,
    DeleteCollectionRecord,
    ListUsersRecord,
    Refusal,
)
from reknown.ledger.schema import events
from reknown.services.sealing import opened_keyring, unlock
from reknown.storage.database import open_database
from unit.ledger.examples import FACE, IDENTIFIED, write_untyped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reknown.storage.database import Connection, Database

    Command = Callable[..., Any]

GATE = Actor("key:RKGATE", "request 1")
SPACE = TemplateSpace("tiny", "ab" * 32, 4)


@pytest.fixture
def database(run: Command, tmp_path: Path) -> Iterator[Database]:
    """Of a folder that is in use: the first record is that its master key was adopted."""
    run("ledger")
    folder = tmp_path / "data"
    database = open_database(folder)
    with opened_keyring(database, folder) as keyring:
        unlock(make_context(database), keyring, folder, None)
        yield database
    database.dispose()


@pytest.fixture
def ada(database: Database) -> str:
    """The subject id of the only user; her creation and a search that found her are recorded."""
    with database.begin() as connection:
        create_collection(connection, "people", SPACE)
        subject = create_user(connection, "people", "Ada\x1b Lovelace").subject_id
        append(connection, Actor("cli:bob"), "people", CreateUserRecord(subject))
        hit = CandidateRecord(FACE, subject, 0.61, 98.25)
        append(connection, GATE, "people", replace(IDENTIFIED, candidates=((hit,),), job=None))
    return subject


def told(run: Command, *words: str) -> list[str]:
    """The lines for people, but for that first one."""
    return [line for line in run("ledger", *words).out.splitlines() if "  adopt master" not in line]


def rows(run: Command, *words: str) -> list[dict[str, Any]]:
    """The rows for machines, but for that first one."""
    found = run("ledger", "--json", *words).lines
    return [row for row in found if row["operation"] != "adopt master key"]


def _at(connection: Connection, key: int, moment: datetime) -> None:
    at = moment.isoformat(timespec="microseconds")
    connection.execute(update(events).where(events.c.id == key).values(at=at))


def test_names_are_looked_up_now(run: Command, database: Database, ada: str) -> None:
    created, found = told(run)
    assert created.split()[2:] == ["cli:bob", "create", "user", "people", "Ada\ufffd", "Lovelace"]
    assert "key:RKGATE" in found
    assert found.endswith("among 12 subjects at 80.0 or above: Ada\ufffd Lovelace 98.2")
    with database.begin() as connection:
        delete_user(connection, "people", "Ada\x1b Lovelace")
    created, found = told(run)
    assert created.endswith("people      deleted subject")
    assert found.endswith("deleted subject 98.2")


def test_json_has_the_typed_record_and_the_names(
    run: Command, database: Database, ada: str
) -> None:
    created, found = rows(run)
    assert created.pop("at").endswith("+00:00")
    assert created == {
        "id": 2,
        "actor": "cli:bob",
        "operation": "create user",
        "collection": "people",
        "request_id": None,
        "purpose": None,
        "kind": "done",
        "version": 1,
        "record": {"subject_id": ada, "repeated": False},
        "names": {ada: "Ada\x1b Lovelace"},
    }
    assert found["record"]["threshold"]["similarity"] == 80
    assert found["record"]["candidates"][0][0]["similarity"] == 98.25
    assert "Ada" not in json.dumps([created["record"], found["record"]])
    with database.begin() as connection:
        delete_user(connection, "people", "Ada\x1b Lovelace")
    assert [row["names"] for row in rows(run)] == [{}, {}]


def test_a_page_shows_the_events_chosen(
    run: Command, database: Database, ada: str, tmp_path: Path
) -> None:
    with database.begin() as connection:
        create_user(connection, "people", "<script>alert(1)</script>")
        append(connection, Actor("cli:<b>eve</b>"), "people", CreateUserRecord(ada))
    page = tmp_path / "ledger.html"
    assert run("ledger", "--report", str(page)).out == f"report: {page}\n"
    text = page.read_text(encoding="utf-8")
    assert "at 80.0 or above: Ada\ufffd Lovelace 98.2" in text
    assert "cli:&lt;b&gt;eve" in text
    assert "<b>eve" not in text
    run("ledger", "--actor", "nobody", "--report", str(page))
    assert "No event matches." in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [("x.html", "--json"), ("x.html", "--follow"), ("x.txt",)])
def test_a_page_is_written_alone_and_named_so(run: Command, words: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="--report"):
        run("ledger", "--report", *words)


def test_rows_from_before_records_had_types_are_shown(run: Command, database: Database) -> None:
    with database.begin() as connection:
        write_untyped(connection, {"image": "x", "user": "Ada"})
    (line,) = rows(run)
    assert (line["version"], line["kind"], line["names"]) == (0, None, {})
    assert line["record"] == {"user": "Ada", "image": "x"}
    assert run("ledger").out.rstrip().endswith('{"image": "x", "user": "Ada"}')


def test_an_operation_that_says_everything_needs_no_more_words(
    run: Command, database: Database
) -> None:
    with database.begin() as connection:
        append(connection, GATE, "people", DeleteCollectionRecord())
        append(connection, GATE, None, Refusal("detect", "DetectFaces", "ThrottlingException"))
    deleted, refused = told(run)
    assert deleted.endswith("delete collection  people")
    assert refused.split()[3:] == ["detect", "-", "refused", "DetectFaces:", "ThrottlingException"]


@pytest.fixture
def days(database: Database) -> None:
    """An event at noon of each of five days, the last of which other ones did."""
    with database.begin() as connection:
        for day in range(1, 6):
            actor = GATE if day < 5 else Actor("key:other", "request 2")
            key = append(connection, actor, "people" if day < 5 else "cars", ListUsersRecord(day))
            _at(connection, key, datetime(2026, 11, day, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ([], [1, 2, 3, 4, 5]),
        (["--since", "2026-11-03"], [3, 4, 5]),
        (["--until", "2026-11-03"], [1, 2, 3]),
        (["--since", "2026-11-02", "--until", "2026-11-02"], [2]),
        (["--since", "2026-11-03T12:00:01"], [4, 5]),
        (["--until", "2026-11-03 12:00"], [1, 2]),
        (["--since", "2026-11-03T14:00+02:00"], [3, 4, 5]),
        (["--actor", "key:other"], [5]),
        (["--actor", "key"], []),
        (["--operation", "list users"], [1, 2, 3, 4, 5]),
        (["--operation", "list faces"], []),
        (["--collection", "cars"], [5]),
        (["-c", "people", "--limit", "2"], [3, 4]),
        (["--request", "request 1"], [1, 2, 3, 4]),
        (["--limit", "2"], [4, 5]),
        (["--limit", "0"], []),
        (["--limit", "9"], [1, 2, 3, 4, 5]),
        (["--until", "2026-11-04", "--limit", "1"], [4]),
    ],
)
def test_events_are_chosen(run: Command, days: None, words: list[str], shown: list[int]) -> None:
    assert [row["record"]["listed"] for row in rows(run, *words)] == shown
    assert len(told(run, *words)) == len(shown)


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "", "9999-12-31", "0001-01-01T00+14"])
def test_a_time_that_is_none_is_refused(run: Command, text: str) -> None:
    with pytest.raises(InputError, match="write 2026-11-28 or"):
        run("ledger", "--until", text)


def test_what_is_to_come_has_no_end(run: Command) -> None:
    with pytest.raises(InputError, match="leave out --until"):
        run("ledger", "--follow", "--until", "2026-11-28")


def test_following_ends_with_ctrl_c(
    run: Command, database: Database, days: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sleep(_: float) -> None:
        if pauses.pop():
            raise KeyboardInterrupt
        with database.begin() as connection:
            append(connection, GATE, None, ListUsersRecord(6))

    pauses = [True, False]
    monkeypatch.setattr("reknown.services.history.time.sleep", sleep)
    done = run("ledger", "--follow", "--json", "--limit", "1")
    assert (done.status, done.err) == (0, "")
    assert [line["record"]["listed"] for line in done.lines] == [5, 6]
    assert datetime.now(UTC) - datetime.fromisoformat(done.lines[-1]["at"]) < timedelta(minutes=1)


def test_operations_are_offered() -> None:
    assert complete_operation("list") == [
        "list approvals",
        "list archive",
        "list cases",
        "list collections",
        "list consents",
        "list faces",
        "list groups",
        "list jobs",
        "list reviewers",
        "list sightings",
        "list tags",
        "list tracks",
        "list users",
        "list watches",
    ]
