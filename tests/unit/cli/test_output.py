from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING

import pytest

from reknown.cli.output import percent, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unit.cli.conftest import Run

    RunCommand = Callable[..., Run]

EVIL = "\x1b[31mEve\x07 [bold]x[/nonsense]\u202e\u0085"


class _Colour(Enum):
    RED = "red"


@dataclass
class _Thing:
    name: str
    parts: tuple[int, ...]
    colour: _Colour


def test_similarities_have_one_decimal() -> None:
    assert (percent(None), percent(80.04), percent(100)) == ("-", "80.0", "100.0")


def test_json_is_one_line_of_what_json_knows(capsys: pytest.CaptureFixture[str]) -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    print_json({"thing": _Thing("a\nb", (1, 2), _Colour.RED), "at": at, "none": None})
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {
        "thing": {"name": "a\nb", "parts": [1, 2], "colour": "red"},
        "at": "2026-01-02T00:00:00+00:00",
        "none": None,
    }


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_json_never_holds_what_is_no_number(number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        print_json({"x": [number]})


def test_json_is_text_whatever_file_names_are(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    name = os.fsdecode(b"\xff\xfe.jpg")
    print_json({"image": name, name: [name]})
    told = json.loads(capsysbinary.readouterr().out)
    assert told == {"image": "\ufffd\ufffd.jpg", "\ufffd\ufffd.jpg": ["\ufffd\ufffd.jpg"]}


def test_tables_show_markup_as_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name", "count "), [(EVIL, 1)], EVIL)
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\x07" not in out
    assert out.count("[bold]x[/nonsense]") == 2


def test_no_command_prints_control_characters_from_names(
    run: RunCommand, people: Path, tmp_path: Path
) -> None:
    (people / "Eileen Collins").rename(people / EVIL.replace("/", "|"))
    name = EVIL.replace("/", "|")
    image = tmp_path / f"{name}.jpg"
    image.write_bytes((people / name / "1.jpg").read_bytes())
    blank = tmp_path / f"{name}2.jpg"
    blank.write_bytes(b"nothing")
    commands: list[list[object]] = [
        ["enroll", people, "-c", name],
        ["identify", image, blank, "-c", name],
        ["detect", image, blank],
        ["detect", image, "--draw", tmp_path / f"{name}.png"],
        ["collections", "list"],
        ["collections", "tag", name, f"{name}={name}"],
        ["users", "list", "-c", name],
        ["faces", "list", "-c", name],
        ["faces", "delete", name, "-c", name],
        ["ledger"],
        ["users", "delete", name, "-c", name],
    ]
    for words in commands:
        done = run(*words)
        for character in "\x1b\x07\u202e\u0085":
            assert character not in done.out + done.err, words


def test_undecodable_file_names_are_shown(
    run: RunCommand, people: Path, grace: bytes, tmp_path: Path
) -> None:
    odd = tmp_path / os.fsdecode(b"\xff\xfe.jpg")
    odd.write_bytes(grace)
    for json_flag in ([], ["--json"]):
        assert run("detect", odd, *json_flag).status == 0
    odd.rename(people / "Grace Hopper" / odd.name)
    assert run("enroll", people).status == 0
