from __future__ import annotations

import shlex
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.main import get_command

from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.records import (
    FaceRecord,
    ImageRecord,
    KnownGender,
    Profile,
    UserRecord,
)
from reknown.biometrics.text import printable
from reknown.cli.main import cli
from reknown.cli.undo import Undo, print_undo
from reknown.gallery.groups import GroupRecord
from reknown.services.archive.group_names import NamedGroup

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_COMMAND = get_command(cli)
names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)


def _parsed(command: str) -> dict[str, object]:
    """What the command line takes the words for."""
    program, group, verb, *words = shlex.split(command)
    assert program == "reknown"
    found = _COMMAND.commands[group].commands[verb]  # type: ignore[attr-defined]
    return dict(found.make_context(verb, words).params)


def _face(number: int, user: str | None) -> FaceRecord:
    image, box = ImageRecord("ab", "1.jpg", 9, 9), BoundingBox(0, 0, 1, 1)
    return FaceRecord(str(UUID(int=number)), image, box, 1.0, 90, 1.0, None, user, _NOW)


@given(old=names, new=names, collection=names, data=names)
def test_every_name_comes_back_as_it_was(old: str, new: str, collection: str, data: str) -> None:
    undo = Undo(collection, Path(data))
    renamed = _parsed(undo.renaming(old, new))
    assert (renamed["name"], renamed["new"]) == (new, old)
    made = _parsed(undo.making(new))
    assert (made["name"], made["keep_faces"], made["yes"]) == (new, True, True)
    (moved,) = undo.moving([_face(1, old)])
    assert _parsed(moved)["to"] == old
    for found in (renamed, made, _parsed(moved)):
        assert (found["collection"], found["data"]) == (collection, Path(data))


@pytest.mark.parametrize("name", ['it\'s; $(rm -rf) `x` "y"', "--yes", "a\nb", "~", "*", "!!"])
def test_a_shell_takes_the_words_for_the_same(name: str) -> None:
    command = Undo("people", None).renaming("old", name)
    done = subprocess.run(
        ["/bin/sh", "-c", command.replace("reknown", "printf '%s\\0'", 1)],
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode().split("\0")[:-1] == shlex.split(command)[1:]


def test_thousands_of_faces_are_moved_back_by_several_commands() -> None:
    moved = [_face(number, "Ada" if number % 2 else None) for number in range(5001)]
    commands = list(Undo("people", None).moving(moved))
    assert max(map(len, commands)) < 100_000
    ids = {None: list[str](), "Ada": list[str]()}
    for found in map(_parsed, commands):
        face_ids = found["face_ids"]
        assert isinstance(face_ids, list | tuple)
        assert (found["to"] is None) == found["to_nobody"]
        ids["Ada" if found["to"] else None].extend(face_ids)
    assert [len(each) for each in ids.values()] == [2501, 2500]
    assert {*ids[None], *ids["Ada"]} == {face.face_id for face in moved}


def test_what_was_told_is_told_again() -> None:
    profile = Profile(("example.org", "example.com/x"), KnownGender.FEMALE)
    (command,) = Undo("people", None).telling(UserRecord("-a", 0, _NOW, "", profile))
    found = _parsed(command)
    assert (found["name"], tuple(found["url"] or ())) == ("-a", profile.urls)  # type: ignore[arg-type]
    assert found["known_gender"] is KnownGender.FEMALE
    assert not list(Undo("people", None).telling(UserRecord("a", 0, _NOW, "", Profile())))


@pytest.mark.parametrize("name", ["a\nb", "\x1b[31m'\\red", "x\u202e\U000e0041y", "\t \u200d"])
def test_names_that_cannot_be_shown_are_escaped(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = Undo("people", None).renaming("old one", name)
    print_undo([command])
    (_, shown) = capsys.readouterr().out.splitlines()
    assert printable(shown) == shown
    script = shown.strip().replace("reknown", r"printf '%s\0'", 1)
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"}
    )
    assert done.stdout.decode().split("\0")[:-1] == shlex.split(command)[1:]


def test_nothing_to_undo_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    print_undo([])
    assert capsys.readouterr().out == ""
    print_undo(["one", "two"])
    assert capsys.readouterr().out == "to undo:\n  one\n  two\n"


def test_a_group_that_had_another_name_is_not_undone_to_none() -> None:
    group = GroupRecord(7, 2, 2, "Anna", ignored=False, first=None, last=None)
    undo = Undo("people", None)
    assert list(undo.unnaming(NamedGroup(group, 2, (), new_person=True, former="Bob"))) == []
    (command,) = undo.unnaming(NamedGroup(group, 2, ("a",), new_person=True, former=None))
    assert _parsed(command)["number"] == 7
