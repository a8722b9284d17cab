"""Runs the page "Tell the public what was done", command by command."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pages import ROOT, snippets
from reknown.storage.database import open_database
from unit.services.oversight.ledgers import GATE, fill

if TYPE_CHECKING:
    import pytest

_PAGE = ROOT / "docs" / "how-to" / "transparency.md"


def test_the_page_works_as_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    database = open_database(tmp_path / "data")
    fill(database)
    database.dispose()
    environment = os.environ | {
        "REKNOWN_DATA": str(tmp_path / "data"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    lines = [
        line
        for snippet in snippets(_PAGE)
        if snippet.language == "sh"
        for line in snippet.text.splitlines()
    ]
    assert len(lines) == 6
    for line in lines:
        words = shlex.split(line.replace("RKEXAMPLE", GATE))
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (line, done.stdout, done.stderr)
    assert json.loads(Path("report/transparency.json").read_text())["searches_total"] == 84
    table = Path("november.csv").read_text().splitlines()
    shown = next(s.text for s in snippets(_PAGE) if s.language == "text").splitlines()
    assert set(shown) <= set(table)
