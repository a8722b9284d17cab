"""Names mended by commands, and taken back by the commands that these show."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from reknown.biometrics.errors import InputError, NotFoundError
from remains import held_open, remains
from sealed_galleries import people_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unit.cli.conftest import Run

    RunCommand = Callable[..., Run]

EILEEN, GRACE = "Eileen Collins", "Grace Hopper"


@pytest.fixture
def data(tmp_path: Path, run: RunCommand, people: Path) -> Path:
    """A data folder with both people enrolled, and a group of sightings."""
    assert run("enroll", people).status == 0
    assert run("scan", people).status == 0
    return tmp_path / "data"


def _state(data: Path) -> list[tuple[object, ...]]:
    """Who has which faces, and what is told of whom."""
    return [(name, urls, face) for name, _, face, urls in people_of(data)]


def _take_back(run: RunCommand, commands: list[str]) -> None:
    for command in commands:
        program, *words = shlex.split(command)
        assert program == "reknown"
        assert run(*words).status == 0


def _shown(out: str) -> list[str]:
    """The commands below "to undo:"."""
    return [line.strip() for line in out.partition("to undo:\n")[2].splitlines()]


@pytest.mark.parametrize("new", ["Ada", 'it\'s; $(rm -rf) "x"', "--yes", "家族"])
def test_a_renamed_person_is_renamed_back(run: RunCommand, data: Path, new: str) -> None:
    before = _state(data)
    done = run("users", "rename", "--", GRACE, new)
    assert done.status == 0
    assert f"{GRACE} is called {new} now" in done.out
    assert _state(data) != before
    _take_back(run, _shown(done.out))
    assert _state(data) == before


def test_merged_people_are_parted(run: RunCommand, data: Path) -> None:
    run("users", "describe", GRACE, "--url", "example.org/hopper", "--known-gender", "female")
    before = _state(data)
    (done,) = run("users", "merge", GRACE, EILEEN, "--json").lines
    assert (done["merged"], done["into"], len(done["faces"])) == (GRACE, EILEEN, 1)
    with pytest.raises(NotFoundError):
        run("users", "describe", GRACE)
    _take_back(run, done["undo"])
    assert _state(data) == before


def test_moved_faces_are_moved_back(run: RunCommand, data: Path) -> None:
    before = _state(data)
    ids = [face["face_id"] for face in run("faces", "list", "--json").lines]
    done = run("faces", "move", *ids, "--to", GRACE)
    assert done.status == 0
    assert "2 faces moved: Grace Hopper's now" in done.out
    assert f"{EILEEN} has no face left" in done.out
    _take_back(run, _shown(done.out))
    assert _state(data) == before
    nobody = run("faces", "move", ids[0], "--to-nobody")
    assert "1 face moved: nobody's now" in nobody.out
    _take_back(run, _shown(nobody.out))
    assert _state(data) == before


def test_a_new_person_is_gone_again(run: RunCommand, data: Path) -> None:
    before = _state(data)
    ids = [face["face_id"] for face in run("faces", "list", "--json").lines]
    done = run("faces", "move", *ids, "--to", "--new; one")
    assert "--new; one's now (a new person)" in done.out
    _take_back(run, _shown(done.out))
    assert _state(data) == before


def _groups(run: RunCommand) -> dict[int, str | None]:
    """The names of all groups."""
    lines = run("groups", "list", "--all", "--json").lines
    return {line["number"]: line["user"] for line in lines if "number" in line}


def test_named_groups_come_back(run: RunCommand, data: Path, people: Path, grace: bytes) -> None:
    for number in range(3):
        (people / GRACE / f"more {number}.jpg").write_bytes(grace + b"%d" % number)
    assert run("scan", people).status == 0
    assert run("groups", "list").status == 0
    (number, *_) = _groups(run)
    assert run("groups", "name", number, GRACE).status == 0
    before = _state(data), _groups(run)
    assert before[1][number] == GRACE
    done = run("users", "merge", GRACE, EILEEN)
    assert _groups(run)[number] == EILEEN
    _take_back(run, _shown(done.out))
    assert (_state(data), _groups(run)) == before


def test_a_person_without_faces_is_merged_without_a_way_back(run: RunCommand, data: Path) -> None:
    run("users", "describe", GRACE, "--url", "example.org/hopper")
    ids = [face["face_id"] for face in run("faces", "list", "--user", GRACE, "--json").lines]
    run("faces", "move", *ids, "--to", EILEEN)
    (done,) = run("users", "merge", GRACE, EILEEN, "--json").lines
    assert (done["faces"], done["undo"]) == ([], [])


def test_a_move_needs_one_target(run: RunCommand, data: Path) -> None:
    for words in ((), ("--to", "Ada", "--to-nobody")):
        with pytest.raises(InputError, match="either --to NAME or --to-nobody"):
            run("faces", "move", "an id", *words)


def test_an_old_name_is_gone_from_the_files(run: RunCommand, data: Path) -> None:
    run("sightings", "forget", data.parent)
    with held_open(data):
        assert run("users", "rename", GRACE, "Amazing").status == 0
        assert run("users", "merge", EILEEN, "Amazing").status == 0
        left = remains(data, GRACE.encode(), EILEEN.encode())
    assert "reknown.db" not in left


def test_a_face_is_shown(run: RunCommand, data: Path, tmp_path: Path, people: Path) -> None:
    (face, _) = run("faces", "list", "--json").lines
    target = tmp_path / "face.png"
    done = run("faces", "show", face["face_id"], "--output", target)
    assert done.status == 0
    assert str(people) in done.out
    assert target.read_bytes().startswith(b"\x89PNG")
    original = people / face["user"] / face["image"]["name"]
    with pytest.raises(InputError, match="would overwrite"):
        run("faces", "show", face["face_id"], "--output", original)
    (tmp_path / "linked.png").symlink_to(original)
    (tmp_path / "nowhere.png").symlink_to("nothing")
    for taken in (target, tmp_path / "linked.png", tmp_path / "nowhere.png"):
        with pytest.raises(InputError, match="would overwrite"):
            run("faces", "show", face["face_id"], "--output", taken)
    kept = original.read_bytes()
    original.rename(tmp_path / "elsewhere.jpg")
    lost = run("faces", "show", face["face_id"], "--output", tmp_path / "none.png")
    assert (lost.status, "give --in FOLDER" in lost.out) == (1, True)
    assert not (tmp_path / "none.png").exists()
    (found,) = run("faces", "show", face["face_id"], "--in", tmp_path, "--json").lines
    assert found["path"] == str(tmp_path / "elsewhere.jpg")
    assert (tmp_path / "elsewhere.jpg").read_bytes() == kept


def _sync(run: RunCommand, people: Path, *words: str, answer: str | None = None) -> Run:
    return run("enroll", people, "--sync", *words, answer=answer)


def test_the_gallery_follows_the_folder_when_it_is_asked_to(
    run: RunCommand, data: Path, people: Path
) -> None:
    before = _state(data)
    (people / GRACE).rename(people / "Amazing Grace")
    for done in (
        _sync(run, people, "--dry-run"),
        _sync(run, people, answer="n\n"),
        _sync(run, people, answer=""),
    ):
        assert "renamed" in done.out
        assert "Amazing Grace" in done.out
        assert _state(data) == before
    done = _sync(run, people, answer="y\n")
    assert done.status == 0
    assert [name for name, *_ in _state(data)] == ["Amazing Grace", EILEEN]
    _take_back(run, _shown(done.out))
    assert _state(data) == before


def test_what_is_new_is_enrolled_and_what_is_gone_deleted(
    run: RunCommand, data: Path, people: Path, eileen: bytes
) -> None:
    for path in (people / GRACE).iterdir():
        path.unlink()
    (people / GRACE).rmdir()
    (people / "Pamela").mkdir()
    (people / "Pamela/1.jpg").write_bytes(eileen + b"another")
    done = _sync(run, people, "--yes")
    assert done.status == 0
    assert "1 image enrolled" in done.out
    assert [name for name, *_ in _state(data)] == [EILEEN, "Pamela"]
    again = _sync(run, people, "--yes", "--json")
    assert [line["change"] for line in again.lines] == ["done"]


def test_the_refusal_names_what_mends_it(run: RunCommand, data: Path, people: Path) -> None:
    path = next((people / GRACE).iterdir())
    path.rename(people / EILEEN / "wrong.jpg")
    done = run("enroll", people, "--json")
    (refused,) = [line for line in done.lines if line["outcome"] == "refused"]
    assert "--sync" in refused["reason"]
    assert _sync(run, people, "--yes").status == 0
    assert run("enroll", people).status == 0


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--dry-run",), "are for --sync"),
        (("--yes",), "are for --sync"),
        (("--sync", "--json"), "cannot ask"),
        (("--sync", "--from-xmp"), "--from-xmp goes with neither"),
        (("--from-xmp", "--root", "x"), "--from-xmp goes with neither"),
        (("--root", "x"), "--root is for a CSV file"),
    ],
)
def test_options_that_make_no_sense_together(
    run: RunCommand, people: Path, words: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        run("enroll", people, *words)


def test_a_list_is_not_followed(run: RunCommand, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("image,subject\n1.jpg,Ada\n")
    with pytest.raises(InputError, match="follows a folder"):
        _sync(run, tmp_path / "people.csv", "--yes")
