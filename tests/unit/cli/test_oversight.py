from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from reknown.biometrics.errors import InputError
from reknown.storage.database import open_database
from unit.services.oversight.ledgers import ADA, GATE, fill

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unit.cli.conftest import Run

    Command = Callable[..., Run]

_DAYS = ("--since", "2026-11-01", "--until", "2026-11-30")


@pytest.fixture
def command(run: Command, tmp_path: Path) -> Command:
    """Runs a command with a ledger of two months."""
    database = open_database(tmp_path / "data")
    fill(database)
    database.dispose()
    return lambda *words: run(*words, "--data", tmp_path / "data")


def test_usage_is_a_line_an_actor(command: Command) -> None:
    lines = command("usage", "--month", "2026-11", "--json").lines
    ada, gate = (line for line in lines if line["actor"] in {ADA, f"key:{GATE}"})
    assert (ada["actor"], ada["done"]) == (ADA, {"list faces": 17})
    assert gate == {
        "month": "2026-11",
        "actor": f"key:{GATE}",
        "name": "gate",
        "done": {"enrol": 2, "identify": 79},
        "refused": {},
        "failed": {"detect": 2},
        "faces_enrolled": 20,
        "faces_deleted": 0,
        "faces_stored": 35,
    }


def test_usage_is_a_table_byte_for_byte(command: Command, tmp_path: Path) -> None:
    for target in ("first.csv", "second.csv"):
        words = ("--key", GATE, "--csv", tmp_path / target)
        shown = command("usage", "--month", "2026-11", *words).out
    first = (tmp_path / "first.csv").read_bytes()
    assert first == (tmp_path / "second.csv").read_bytes()
    assert first.decode().split("\r\n")[:3] == [
        "month,actor,name,measure,operation,count",
        f"2026-11,key:{GATE},gate,done,enrol,2",
        f"2026-11,key:{GATE},gate,done,identify,79",
    ]
    assert "2026-11, operations and faces" in shown


def test_a_table_on_standard_output_is_alone_there(command: Command) -> None:
    shown = command("usage", "--month", "2026-11", "--csv", "-").out
    assert shown.startswith("month,actor,")
    assert "operations and faces" not in shown


def test_a_month_without_anything_is_told(command: Command) -> None:
    assert command("usage", "--month", "2000-01").out == "the ledger has nothing of 2000-01\n"
    with pytest.raises(InputError, match="write it as 2026-11"):
        command("usage", "--month", "soon")


def test_the_report_is_three_files_byte_for_byte(command: Command, tmp_path: Path) -> None:
    for folder in ("first", "second"):
        told = command("report", "transparency", *_DAYS, "--out", tmp_path / folder).out
        assert told == f"report: {tmp_path / folder}/transparency.html, .json and .csv\n"
    names = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert names == ["transparency.csv", "transparency.html", "transparency.json"]
    for name in names:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
    figures = json.loads((tmp_path / "first" / "transparency.json").read_text())
    assert figures["searches_total"] == 79


def test_the_report_on_the_screen(command: Command) -> None:
    shown = command("report", "transparency", *_DAYS).out
    assert "missing-person" in shown
    assert "withheld" in shown
    (figures,) = command("report", "transparency", *_DAYS, "--json").lines
    assert figures["refusals"]["total"] == 14


def test_a_time_that_goes_on_is_told(command: Command) -> None:
    days = ("--since", "2026-11-01", "--until", "2999-12-31")
    assert "has not ended" in command("report", "transparency", *days, "--json").err


def test_a_report_is_of_a_time(command: Command) -> None:
    with pytest.raises(InputError, match="--since and --until"):
        command("report", "transparency")
