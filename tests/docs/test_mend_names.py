"""Runs the page "Mend names", command by command."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

import forks
from pages import ROOT, snippets
from portraits import mirrored_grace
from reknown.cli.demo_images import EILEEN, GRACE, jpeg

_PAGE = ROOT / "docs" / "how-to" / "mend-names.md"
_REKNOWN = Path(sys.executable).with_name("reknown")


def _people(root: Path) -> None:
    for name, data in {
        "G. Hopper/1.jpg": jpeg(GRACE.crop()),
        "Amazing Grace/2.jpg": mirrored_grace(),
        "Eileen Collins/3.jpg": jpeg(EILEEN.crop()),
    }.items():
        path = root / "people" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _archive(root: Path) -> None:
    """Two people, seen twice each."""
    root.mkdir()
    for name, data in (("eileen", jpeg(EILEEN.crop())), ("grace", jpeg(GRACE.crop()))):
        for number in (1, 2):
            (root / f"{name} {number}.jpg").write_bytes(data + bytes([number]))


def test_the_page_works_as_it_is_written(tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        done = forks.run(
            [_REKNOWN, *arguments],
            cwd=tmp_path,
            env=os.environ | {"REKNOWN_DATA": str(tmp_path / "data")},
        )
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout

    def faces() -> list[Any]:
        return [json.loads(line) for line in run("faces", "list", "--json").splitlines()]

    _people(tmp_path)
    run("enroll", "people")
    _archive(tmp_path / "archive")
    run("scan", "archive")
    run("groups", "list")
    face = next(face["face_id"] for face in faces() if face["image"]["name"] == "2.jpg")
    shown: dict[str, str] = {}
    for snippet in (each.text for each in snippets(_PAGE) if each.language == "sh"):
        for line in filter(None, snippet.splitlines()):
            words = shlex.split(line.replace("FACE", face))[1:]
            shown[line] = run(*words)
    moved = shown['reknown faces move FACE --to "Eileen Collins"']
    assert "1 face moved: Eileen Collins's now" in moved
    assert (tmp_path / "face.jpg").stat().st_size > 1_000
    assert "to undo:" in shown["reknown enroll people/ --sync --yes"]
    owners = {face["image"]["name"]: face["user"] for face in faces()}
    assert owners == {"1.jpg": "G. Hopper", "2.jpg": "Amazing Grace", "3.jpg": "Eileen Collins"}
