"""`enroll --sync`: what it says before it asks, and what it does."""

from __future__ import annotations

import shlex
import shutil
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from reknown.biometrics.errors import InputError
from reknown.gallery.collections import list_collections
from reknown.gallery.faces import set_origin
from reknown.gallery.schema import images
from reknown.services.sealing import lent_keyring
from reknown.storage.database import close_database, open_database
from remains import held_open, remains
from sealed_galleries import people_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unit.cli.conftest import Run

    RunCommand = Callable[..., Run]

EILEEN, GRACE = "Eileen Collins", "Grace Hopper"


@pytest.fixture
def data(tmp_path: Path, run: RunCommand, people: Path, grace: bytes) -> Path:
    """A data folder with both people enrolled, Grace from two images."""
    (people / GRACE / "2.jpg").write_bytes(grace + b"2")
    assert run("enroll", people).status == 0
    return tmp_path / "data"


def _held(data: Path) -> list[tuple[object, ...]]:
    """All people, with the images of whom each has faces."""
    return [*people_of(data)]


def _forget_origins(data: Path) -> None:
    """As if enrolled over the API, or by a release that kept none."""
    database = open_database(data)
    with lent_keyring(database, data, data, None), database.begin() as connection:
        digests = connection.execute(select(images.c.sha256)).scalars().all()
        (collection,) = list_collections(connection).items
        set_origin(connection, collection.name, digests, "")
    close_database(database)


def _take_back(run: RunCommand, commands: list[str]) -> None:
    for command in commands:
        program, *words = shlex.split(command)
        assert program == "reknown"
        assert run(*words).status == 0


def test_what_was_enrolled_otherwise_is_left_alone_until_adopted(
    run: RunCommand, data: Path, people: Path
) -> None:
    _forget_origins(data)
    before = _held(data)
    done = run("enroll", people, "--sync", "--yes")
    assert done.status == 0
    assert "left alone: enrolled otherwise, --adopt follows them" in done.out
    shutil.rmtree(people / GRACE)
    assert run("enroll", people, "--sync", "--yes").status == 0
    assert _held(data) == before


def test_adopting_is_asked_about_and_deletes_nothing_at_once(
    run: RunCommand, data: Path, people: Path
) -> None:
    _forget_origins(data)
    (people / GRACE / "2.jpg").unlink()
    before = _held(data)
    for answer in ("n\n", "y\n"):
        done = run("enroll", people, "--sync", "--adopt", answer=answer)
        assert "Change the gallery?" in done.out
        assert "followed from now on" in done.out
        assert _held(data) == before
    shutil.rmtree(people / GRACE)
    (line, last) = run("enroll", people, "--sync", "--yes", "--json").lines
    assert (line["change"], line["person"], line["image"]) == ("deleted", GRACE, "1.jpg")
    assert last["change"] == "done"  # she stays, as her other face was never followed
    assert [row[:2] for row in _held(data)] == [(EILEEN, "1.jpg"), (GRACE, "2.jpg")]


def test_a_new_person_is_taken_back_too(run: RunCommand, data: Path, people: Path) -> None:
    before = _held(data)
    (people / "Ada").mkdir()
    (people / GRACE / "2.jpg").rename(people / "Ada/2.jpg")
    moved, done = run("enroll", people, "--sync", "--yes", "--json").lines
    assert (moved["change"], moved["person"], moved["to"]) == ("moved", GRACE, "Ada")
    assert ("Ada", "2.jpg") in [row[:2] for row in _held(data)]
    _take_back(run, done["undo"])
    assert _held(data) == before


def test_a_new_person_with_new_images_keeps_them(
    run: RunCommand, data: Path, people: Path, grace: bytes
) -> None:
    (people / "Ada").mkdir()
    (people / GRACE / "2.jpg").rename(people / "Ada/2.jpg")
    (people / "Ada/3.jpg").write_bytes(grace + b"3")
    lines = run("enroll", people, "--sync", "--yes", "--json").lines
    (done,) = [line for line in lines if line.get("change") == "done"]
    _take_back(run, done["undo"])
    assert [row[:2] for row in _held(data)] == [
        ("Ada", "3.jpg"),
        (EILEEN, "1.jpg"),
        (GRACE, "1.jpg"),
        (GRACE, "2.jpg"),
    ]


def test_swapped_people_are_swapped_back(run: RunCommand, data: Path, people: Path) -> None:
    before = _held(data)
    (people / GRACE).rename(people / "x")
    (people / EILEEN).rename(people / GRACE)
    (people / "x").rename(people / EILEEN)
    lines = run("enroll", people, "--sync", "--yes", "--json").lines
    assert [line["change"] for line in lines] == ["moved", "moved", "moved", "done"]
    assert _held(data) != before
    _take_back(run, lines[-1]["undo"])
    assert _held(data) == before


def test_people_brought_together_are_parted(run: RunCommand, data: Path, people: Path) -> None:
    """Both into a folder of a third name: one is renamed, the other moved and gone."""
    before = _held(data)
    (people / GRACE).rename(people / "Ada")
    (people / EILEEN / "1.jpg").rename(people / "Ada/3.jpg")
    (people / EILEEN).rmdir()
    lines = run("enroll", people, "--sync", "--yes", "--json").lines
    assert [line["change"] for line in lines[:-1]].count("renamed") == 1
    assert {row[0] for row in _held(data)} == {"Ada"}
    _take_back(run, lines[-1]["undo"])
    assert _held(data) == before


def test_a_long_list_is_cut_and_counted(run: RunCommand, data: Path, people: Path) -> None:
    for number in range(60):
        (people / EILEEN / f"empty {number}.jpg").touch()
    shutil.rmtree(people / GRACE)
    done = run("enroll", people, "--sync", "--dry-run")
    assert "and 13 more: --json shows them all" in done.out
    assert "2 deleted" in done.out
    assert "1 person deleted" in done.out
    assert len(run("enroll", people, "--sync", "--dry-run", "--json").lines) == 63


def test_names_of_files_do_not_move_the_cursor(run: RunCommand, data: Path, people: Path) -> None:
    (people / EILEEN / "\x1b[2Jempty\n.jpg").touch()
    done = run("enroll", people, "--sync", "--dry-run")
    assert "\x1b[2J" not in done.out


def test_names_that_went_are_gone_from_the_files(run: RunCommand, data: Path, people: Path) -> None:
    (people / GRACE).rename(people / "Ada")
    shutil.rmtree(people / EILEEN)
    with held_open(data):
        assert run("enroll", people, "--sync", "--yes").status == 0
        assert not remains(data, GRACE.encode(), EILEEN.encode())


def test_adopting_is_for_sync(run: RunCommand, people: Path) -> None:
    with pytest.raises(InputError, match="--adopt are for --sync"):
        run("enroll", people, "--adopt")
