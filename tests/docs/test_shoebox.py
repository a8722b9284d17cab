"""Runs the page "From a shoebox to names", command by command."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import forks
from pages import ROOT, snippets
from portraits import mirrored_grace
from reknown.cli.demo_images import EILEEN, GRACE, jpeg

_PAGE = ROOT / "docs" / "how-to" / "from-a-shoebox-to-names.md"
_REKNOWN = Path(sys.executable).with_name("reknown")


def _archive(root: Path) -> None:
    for name, data in {
        "party/1.jpg": jpeg(GRACE.crop()),
        "party/2.jpg": mirrored_grace(),
        "launch/1.jpg": jpeg(EILEEN.crop()),
    }.items():
        path = root / "PHOTOS" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _commands() -> list[list[str]]:
    shells = (each.text for each in snippets(_PAGE) if each.language == "sh")
    return [shlex.split(line)[1:] for text in shells for line in text.splitlines() if line]


def test_the_page_works_as_it_is_written(tmp_path: Path) -> None:
    _archive(tmp_path)
    shown: dict[str, str] = {}
    for arguments in _commands():
        done = forks.run(
            [_REKNOWN, *arguments],
            cwd=tmp_path,
            env=os.environ | {"REKNOWN_DATA": str(tmp_path / "data")},
        )
        assert done.returncode == 0, (arguments, done.stderr)
        shown[" ".join(arguments)] = done.stdout
    assert "3 files with 3 faces" in shown["scan PHOTOS/"]
    assert "2 faces in 2 files" in shown["find Grace Hopper"]
    assert sorted(path.name for path in (tmp_path / "GRACE").iterdir())[1:] == ["2.jpg"]
    assert (tmp_path / "grace.csv").read_text().count("\n") == 3
    for page in ("groups.html", "group-1.html", "grace.html"):
        assert "data:image/jpeg;base64," in (tmp_path / page).read_text(), page
