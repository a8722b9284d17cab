"""Runs the page "Audit the ledger", command by command, as operator, witness and auditor."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import forks
from pages import ROOT, snippets
from reknown.cli.demo_images import GRACE, jpeg

_PAGE = ROOT / "docs" / "how-to" / "audit.md"
_REKNOWN = Path(sys.executable).with_name("reknown")


@dataclass
class _Cast:
    """Operator and witness in one folder, the auditor in another with nothing but what they get."""

    folder: Path
    known: dict[str, str] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)

    @property
    def auditor(self) -> Path:
        return self.folder / "auditor"

    def run(self, *words: str, folder: Path | None = None) -> str:
        here, environment = folder or self.folder, {"REKNOWN_DATA": str(self.folder / "data")}
        if words[0] == "reknown":
            done = forks.run([_REKNOWN, *words[1:]], cwd=here, env=os.environ | environment)
        else:
            command = [sys.executable, "-I", *words[1:]]
            done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def play(self, line: str) -> None:
        words, _, target = line.partition(" > ")
        given = [self.known.get(word, word) for word in shlex.split(words)]
        if given[0] == "python":
            self.hand_over()
            self.shown[line] = self.run(*given, folder=self.auditor)
            return
        self.shown[line] = self.run(*given)
        if target:
            (self.folder / target).write_text(self.shown[line], encoding="utf-8")
        self.follow(line)

    def hand_over(self) -> None:
        for name in ("reknown_check.py", "search.json", "ledger.jsonl", "november.checkpoint"):
            if (self.folder / name).exists():
                shutil.copy(self.folder / name, self.auditor)

    def follow(self, line: str) -> None:
        """What the reader sees goes into later commands; somebody is deleted in between."""
        if "witness november" in line:
            self.known["WITNESS"] = self.shown[line].splitlines()[-1]
            self.run("reknown", "users", "delete", "Grace Hopper", "-c", "friends", "--yes")
        if "identify --json" in line:
            record = json.loads(self.shown[line].splitlines()[-1])
            self.known["17"] = str(record["id"])
            self.known["subject"] = record["record"]["candidates"][0][0]["subject_id"]


def test_the_page_works_as_it_is_written(tmp_path: Path) -> None:
    cast = _Cast(tmp_path)
    cast.auditor.mkdir()
    portrait = tmp_path / "people" / "Grace Hopper" / "1.jpg"
    portrait.parent.mkdir(parents=True)
    portrait.write_bytes(jpeg(GRACE.crop()))
    cast.run("reknown", "keys", "create")
    cast.run("reknown", "enroll", "people", "--collection", "friends")
    cast.run("reknown", "identify", str(portrait), "--collection", "friends")
    cast.known["VKEY"] = cast.run("reknown", "ledger", "key").strip()
    for snippet in snippets(_PAGE):
        for line in snippet.text.splitlines() if snippet.language == "sh" else ():
            cast.play(line)
    search, export = (text for line, text in cast.shown.items() if line.startswith("python"))
    assert "identify by cli:" in search
    assert "and seen by reknown.witness/" in search
    assert export.startswith("All ")
    lines = (tmp_path / "ledger.jsonl").read_text().splitlines()[1:]
    records = [json.loads(line) for line in lines]
    (deletion,) = (each for each in records if each["operation"] == "delete user")
    assert deletion["detail"]["subject_id"] == cast.known["subject"]
    assert cast.known["subject"] not in json.dumps(records[records.index(deletion) + 1 :])
