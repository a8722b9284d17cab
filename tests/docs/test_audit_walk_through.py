"""Runs the page "An audit, step by step": operator and auditor, and seven who cheat.

The auditor has a Python of its own with nothing but `cryptography`, an empty environment, and only
the files that the page hands over.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import forks
from pages import ROOT, Snippet, snippets
from reknown.cli.demo_images import EILEEN, GRACE, jpeg
from reknown.proofs import reknown_check

if TYPE_CHECKING:
    from collections.abc import Callable

_PAGE = ROOT / "docs" / "how-to" / "audit-walk-through.md"
_REKNOWN = Path(sys.executable).with_name("reknown")
_NEEDED = ("cryptography", "cffi", "pycparser")
_SENT = ("october.checkpoint", "certificate.json", "search.json", "erasure.json", "ledger.jsonl")
_DRAWN = (
    (re.compile(r"reknown\.local/[0-9a-f]{32}"), "<ledger>"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00"), "<time>"),
    (re.compile(r"\bcli:\S+"), "<actor>"),
)


def plain(text: str) -> str:
    """Without what no two runs share."""
    for pattern, name in _DRAWN:
        text = pattern.sub(name, text)
    return text.strip()


def blocks() -> dict[str, list[Snippet]]:
    """The page's blocks by the heading that they stand under."""
    found: dict[str, list[Snippet]] = {}
    parts = re.split(r"^#{1,3} (.*)$", _PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    ends = [part.count("\n") for part in parts]
    for each in snippets(_PAGE):
        line = int(each.place.rpartition(":")[2])
        at = next(n for n in range(0, len(parts), 2) if line <= 1 + sum(ends[: n + 1]))
        found.setdefault(parts[at - 1], []).append(each)
    return found


@dataclass
class _Story:
    """The operator's machine and the auditor's."""

    operator: Path
    auditor: Path
    key: str = ""
    data: str = "data"
    statuses: list[int] = field(default_factory=list)

    def operate(self, *words: str) -> str:
        done = forks.run(
            [str(_REKNOWN), *words],
            cwd=self.operator,
            env=os.environ | {"REKNOWN_DATA": str(self.operator / self.data)},
        )
        self.statuses.append(done.returncode)
        assert done.returncode in {0, 1}, (words, done.stderr)
        return done.stdout

    def audit(self, *words: str) -> str:
        program, *rest = (self.key if word == "VKEY" else word for word in words)
        done = subprocess.run(
            [program, "-I", *rest],
            cwd=self.auditor,
            env={},
            capture_output=True,
            text=True,
            check=False,
        )
        self.statuses.append(done.returncode)
        return done.stdout + done.stderr

    def play(self, line: str) -> str:
        """One line of the page, by whoever it is of."""
        words = shlex.split(line)
        if words[0] == "reknown":
            return self.operate(*words[1:])
        assert words[0] == "audit/bin/python"
        return self.audit(*words)

    def send(self, *names: str) -> None:
        for name in names:
            shutil.copy(self.operator / name, self.auditor)

    def export(self) -> None:
        self.operate("ledger", "export", "--out", "again.jsonl")
        shutil.move(self.operator / "again.jsonl", self.auditor / "ledger.jsonl")

    def sql(self, statement: str) -> None:
        """What somebody does who can write to the database."""
        with closing(sqlite3.connect(self.operator / self.data / "reknown.db")) as connection:
            connection.execute(statement)
            connection.commit()

    def put_back(self) -> None:
        self.data = "october"


def _prepare(folder: Path) -> None:
    """The page's own Python: as `python -m venv` and pip make it, without a network."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "audit"], check=True)
    (site,) = (folder / "audit" / "lib").glob("python3*/site-packages")
    for package in _NEEDED:
        files = importlib.metadata.files(package) or ()
        for top in {file.parts[0] for file in files if ".." not in file.parts}:
            (site / top).symlink_to(
                Path(str(importlib.metadata.distribution(package).locate_file(top)))
            )
    shutil.copy(reknown_check.__file__, folder)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> _Story:
    """All that the page does before anybody cheats, each output as it says."""
    root = tmp_path_factory.mktemp("audit")
    story = _Story(root / "operator", root / "auditor")
    for folder in (story.operator, story.auditor):
        folder.mkdir()
    for name, portrait in {"Eileen Collins": EILEEN, "Grace Hopper": GRACE}.items():
        (story.operator / "people" / name).mkdir(parents=True)
        (story.operator / "people" / name / "1.jpg").write_bytes(jpeg(portrait.crop()))
    (story.operator / "portrait.jpg").write_bytes(jpeg(GRACE.crop()))
    _prepare(story.auditor)
    story.operate("enroll", "people")
    page = blocks()
    story.key = story.operate("ledger", "key").strip()
    for title in ("What the auditor has from before", "What the auditor asks for"):
        for line in _lines(page[title]):
            if "identify portrait.jpg" in line and not (story.operator / "october").exists():
                shutil.copytree(story.operator / "data", story.operator / "october")
            shown = story.play(line)
            if line.endswith("--json"):
                (record,) = (each for each in map(json.loads, shown.splitlines()) if each["id"] < 7)
                assert f"prove {record['id']} " in "\n".join(_lines(page[title]))
    story.operate("ledger", "checkpoint", "--out", "november.checkpoint")
    story.send(*_SENT, "november.checkpoint")
    assert sorted(story.statuses)[-2:] == [0, 1]  # the search after the erasure finds nobody
    return story


def _lines(shown: list[Snippet]) -> list[str]:
    return [line for each in shown if each.language == "sh" for line in each.text.splitlines()]


def test_the_auditor_has_no_reknown(honest: _Story) -> None:
    modules = "import sys, cryptography; print(sorted(m for m in ('numpy', 'reknown') if m in "
    modules += "sys.modules or __import__('importlib.util').util.find_spec(m)))"
    assert honest.audit("audit/bin/python", "-c", modules).strip() == "[]"
    made = {path.name for path in honest.auditor.iterdir()}
    assert made == {*_SENT, "november.checkpoint", "audit", "reknown_check.py"}


def test_a_search_and_a_deletion_are_checked(honest: _Story, tmp_path: Path) -> None:
    story = _copy(honest, tmp_path)
    page = blocks()["On the auditor's machine"]
    _write_program(story)
    told = _played(story, page[1:])
    assert told == [plain(each.text) for each in page if each.language == "text"]
    assert set(story.statuses) == {0}


@pytest.mark.parametrize(
    ("what", "told"), [("subject_id", "subject_id"), ("faces", "faces"), ("keys", "keys")]
)
def test_a_certificate_that_says_something_else_is_found(
    honest: _Story, tmp_path: Path, what: str, told: str
) -> None:
    story = _copy(honest, tmp_path)
    _write_program(story)
    certificate = json.loads((story.auditor / "certificate.json").read_text())
    certificate["record"]["detail"][what] = "0" if what == "subject_id" else []
    (story.auditor / "certificate.json").write_text(json.dumps(certificate))
    said = story.audit("audit/bin/python", "certificate.py")
    assert f"the certificate has other {told} than record 6" in said


def test_somebody_who_is_found_after_the_erasure_is_seen(honest: _Story, tmp_path: Path) -> None:
    story = _copy(honest, tmp_path)
    _write_program(story)
    ledger = story.auditor / "ledger.jsonl"
    lines = ledger.read_text().splitlines()
    ledger.write_text("\n".join([*lines, lines[5]]))
    assert "record 5 still has somebody" in story.audit("audit/bin/python", "certificate.py")


def _change_proof(story: _Story) -> None:
    proof = story.auditor / "search.json"
    document = json.loads(proof.read_text())
    document["record"]["detail"]["candidates"][0][0]["score"] = 0.1
    proof.write_text(json.dumps(document))


def _change_record(story: _Story) -> None:
    story.sql("UPDATE events SET actor = 'cli:nobody' WHERE id = 5")
    story.export()


def _remove_record(story: _Story) -> None:
    story.sql("DELETE FROM events WHERE id = 5")
    story.export()


def _leave_out(story: _Story) -> None:
    ledger = story.auditor / "ledger.jsonl"
    lines = ledger.read_text().splitlines(keepends=True)
    ledger.write_text("".join([*lines[:5], *lines[6:]]))


def _fork(story: _Story) -> None:
    story.put_back()
    for _ in range(4):
        story.operate("users", "list", "-c", "people")
    story.export()


def _cut_off(story: _Story) -> None:
    story.put_back()
    story.export()


def _show_another(story: _Story) -> None:
    story.data = "others"
    story.operate("enroll", "people")
    story.export()


CHEATS: dict[str, Callable[[_Story], None]] = {
    "The proof is changed": _change_proof,
    "A record is changed in the database": _change_record,
    "A record is removed from the database": _remove_record,
    "A line is left out of the file": _leave_out,
    "The log is forked": _fork,
    "The log is cut off": _cut_off,
    "Another ledger is shown": _show_another,
}


def test_the_page_has_all_who_cheat() -> None:
    titles = list(blocks())
    assert titles[titles.index("The proof is changed") :] == list(CHEATS)


@pytest.mark.parametrize("title", CHEATS)
def test_who_cheats_is_seen(honest: _Story, tmp_path: Path, title: str) -> None:
    story = _copy(honest, tmp_path)
    CHEATS[title](story)
    story.statuses.clear()
    page = blocks()[title]
    shown = [plain(each.text) for each in page if each.language == "text"]
    for told, said in zip(_played(story, page), shown, strict=True):
        assert said in told
    assert set(story.statuses) == {1}


def _played(story: _Story, page: list[Snippet]) -> list[str]:
    return [plain(story.play(line)) for line in _lines(page)]


def _write_program(story: _Story) -> None:
    page = blocks()["On the auditor's machine"]
    (program,) = (each.text for each in page if each.language == "python")
    (story.auditor / "certificate.py").write_text(program)


def _copy(story: _Story, folder: Path) -> _Story:
    """Both machines as they are before anybody cheats."""
    for machine in (story.operator, story.auditor):
        shutil.copytree(machine, folder / machine.name, symlinks=True)
    return _Story(folder / "operator", folder / "auditor", story.key)
