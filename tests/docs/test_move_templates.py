"""Runs the page "Move templates", command by command."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import forks
from pages import ROOT, snippets
from reknown.cli.demo_images import EILEEN, GRACE, jpeg

if TYPE_CHECKING:
    import pytest

_PAGE = ROOT / "docs" / "how-to" / "move-templates.md"
_REKNOWN = Path(sys.executable).with_name("reknown")


def test_the_page_works_as_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> str:
        done = forks.run(
            [_REKNOWN, *arguments],
            env=os.environ | {"REKNOWN_DATA": str(tmp_path / "data")},
        )
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout

    for name, portrait in {"Ada Lovelace": EILEEN, "Grace Hopper": GRACE}.items():
        path = tmp_path / "people" / name / "1.jpg"
        path.parent.mkdir(parents=True)
        path.write_bytes(jpeg(portrait.crop()))
    run("enroll", "people", "--collection", "friends")
    drawn = np.random.default_rng(4).normal(size=(4, 128))
    np.save("embeddings.npy", drawn)
    Path("names.txt").write_text("Ada\nAda\n\nZo\u00eb\n", encoding="utf-8")
    shown: dict[str, str] = {}
    told: dict[str, Any] = {}
    for snippet in snippets(_PAGE):
        if snippet.language == "python":
            exec(snippet.text, told)
        elif snippet.language == "sh":
            for line in filter(None, snippet.text.splitlines()):
                shown[line] = run(*shlex.split(line)[1:])
    counts = [text.partition("(")[0] for line, text in shown.items() if " import " in line]
    assert counts == [
        "friends: 2 faces imported, 0 were in already ",
        "rehearsal: 2 faces imported, 0 were in already ",
        "mine: 4 faces imported, 0 were in already ",
    ]
    assert "ada.parquet: 1 face of friends" in "".join(shown.values())
    # the last program on the page reads what the first command wrote
    assert sorted(told["names"]) == ["Ada Lovelace", "Grace Hopper"]
    assert told["vectors"].shape == (2, 128)
    found = run("identify", "people/Ada Lovelace/1.jpg", "-c", "friends", "--data", "other")
    assert "Ada Lovelace" in found
