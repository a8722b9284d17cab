"""What commands and the Python client delete, while another process has the database open."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from reknown import Reknown
from remains import held_open, remains
from sealed_galleries import people_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unit.cli.conftest import Run

    RunCommand = Callable[..., Run]

EILEEN, GRACE = b"Eileen Collins", b"Grace Hopper"


@pytest.fixture
def data(tmp_path: Path, run: RunCommand, people: Path) -> Path:
    """A data folder with both people enrolled."""
    assert run("enroll", people).status == 0
    return tmp_path / "data"


def templates(data: Path, user: bytes | None = None) -> list[bytes]:
    own = [face for name, _, face, _ in people_of(data) if user in {None, name.encode()}]
    with closing(sqlite3.connect(data / "reknown.db")) as connection:
        rows = connection.execute("SELECT face_id, template FROM faces").fetchall()
    return [template for face, template in rows if face in own]


def test_a_person_deleted_by_a_command(run: RunCommand, data: Path) -> None:
    pieces, others = templates(data, EILEEN), templates(data, GRACE)
    assert not remains(data, EILEEN, GRACE)
    assert remains(data, *pieces)["reknown.db"] == pieces
    with held_open(data):
        assert run("users", "delete", EILEEN.decode(), "--yes").status == 0
        assert not remains(data, *pieces)
    assert remains(data, *others) == {"reknown.db": others}


def test_faces_and_a_collection_deleted_by_commands(run: RunCommand, data: Path) -> None:
    pieces = templates(data)
    (face, _) = run("faces", "list", "--json").lines
    with held_open(data):
        assert run("faces", "delete", face["face_id"]).status == 0
        assert len(remains(data, *pieces)["reknown.db"]) == 1
        assert run("collections", "delete", "people", "--yes").status == 0
        assert not remains(data, *pieces, EILEEN, GRACE, b"1.jpg")


def test_a_collection_deleted_in_python(data: Path) -> None:
    pieces = [EILEEN, GRACE, *templates(data)]
    with held_open(data), Reknown(data) as reknown:
        reknown.collections.delete("people")
        assert not remains(data, *pieces)


def test_a_database_is_rewritten_when_asked(run: RunCommand, data: Path) -> None:
    done = run("compact")
    assert done.status == 0
    assert "MiB before" in done.out
    left = sorted(path.name for path in data.iterdir())
    assert left == ["keys.db", "ledger.checkpoints", "master.key", "reknown.db"]
    assert len(templates(data)) == 2
