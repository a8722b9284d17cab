"""What the golden files compare and what they leave open."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from golden import commands
from golden.placeholders import Placeholders
from golden.recording import EXPECTED, Recording, diff
from golden.test_commands import COMMANDS
from golden.test_operations import OPERATIONS

if TYPE_CHECKING:
    from typing import Any


def _kept(*steps: tuple[str, dict[str, Any]], known: dict[str, str] | None = None) -> Recording:
    recording = Recording(Placeholders(known or {}))
    for file, step in steps:
        recording.add(file, step)
    return recording


def test_an_id_is_known_again_wherever_it_stands() -> None:
    first, second = str(uuid4()), str(uuid4())
    recording = _kept(
        ("enroll", {"face_id": first}),
        ("enroll", {"face_id": second, "note": f"{first} and {second}"}),
        ("ledger", {"detail": {"face": second}}),
    )
    assert recording.files == {
        "enroll": [
            {"face_id": "<face 1>"},
            {"face_id": "<face 2>", "note": "<face 1> and <face 2>"},
        ],
        "ledger": [{"detail": {"face": "<face 2 of enroll>"}}],
    }


def test_what_a_deed_lists_in_no_order_is_compared_in_one() -> None:
    recording = _kept(
        ("ledger", {"operation": "erase", "record": {"faces": ["b", "a"], "sightings": 2}}),
        ("ledger", {"operation": "index faces", "record": {"faces": ["b", "a"]}}),
    )
    erased, indexed = (step["record"] for step in recording.files["ledger"])
    assert erased == {"faces": ["a", "b"], "sightings": 2}
    assert indexed["faces"] == ["b", "a"]


def test_times_and_known_texts_have_names() -> None:
    recording = _kept(
        ("a", {"at": "2026-01-02T03:04:05.000006+00:00", "LastUpdatedTimestamp": 1.5}),
        ("a", {"place": "/here/data", "Timestamp": 1500}),
        known={"/here": "<folder>"},
    )
    assert recording.files["a"] == [
        {"at": "<time>", "LastUpdatedTimestamp": "<time>"},
        {"place": "<folder>/data", "Timestamp": 1500},
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"score": 0.976}, {"score": 0.977}),
        ({"similarity": 99.9}, {"similarity": 100.0}),
        ({"false_match_rate": 1e-05}, {"false_match_rate": 1.1e-05}),
        ({"quality": 79}, {"quality": 80}),
        ([{"left": 0.1}, {"left": 0.2}], [{"left": 0.101}, {"left": 0.199}]),
    ],
)
def test_another_processor_makes_no_difference(before: Any, after: Any) -> None:
    assert diff(before, after) == ""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"score": 0.976}, {"score": 0.979}),
        ({"similarity": 99.9}, {"similarity": 99.6}),
        ({"false_match_rate": 1e-05}, {"false_match_rate": 2e-05}),
        ({"faces": 3}, {"faces": 4}),
        ({"threshold": 80}, {"threshold": 80.0}),
        ({"user": "<face 1>"}, {"user": "<face 2>"}),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"a": 1}, {"a": 1, "b": None}),
        ({"a": 1, "b": None}, {"a": 1}),
        ([1, 2], [2, 1]),
        ([1, 2], [1]),
    ],
)
def test_a_changed_answer_is_shown(before: Any, after: Any) -> None:
    assert diff(before, after).startswith("--- expected")


def test_there_is_a_file_for_each_command_and_operation_and_no_other() -> None:
    found = {
        path.relative_to(EXPECTED).as_posix() for path in EXPECTED.rglob("*") if path.is_file()
    }
    expected = {f"commands/{command.replace(' ', '-')}.json" for command in COMMANDS}
    assert found == expected | {f"operations/{operation}.json" for operation in OPERATIONS}


def test_the_commands_come_from_the_command_line() -> None:
    names = commands.with_json()
    assert {"detect", "video tracks list", "evaluate audit congress"} <= set(names)
    assert "serve" not in names
    assert commands.file_of("video tracks list --json") == "video-tracks-list"
