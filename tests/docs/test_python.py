"""Python on the pages is run, on the files that it names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import drawn_text
import portraits
import videos
from pages import ROOT, Snippet, name, snippets

_PAGES = (
    ROOT / "README.md",
    ROOT / "docs" / "how-to" / "use-from-python.md",
    ROOT / "docs" / "how-to" / "watch.md",
    ROOT / "docs" / "reference" / "python.md",
)


def _programs(page: Path) -> list[Snippet]:
    """Those that need no server."""
    found = [snippet for snippet in snippets(page) if snippet.language == "python"]
    return [snippet for snippet in found if "boto3" not in snippet.text]


@pytest.fixture
def _files(people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the pages speak of; a second image of one person, as evaluations need."""
    monkeypatch.chdir(tmp_path)
    (people / "Grace Hopper" / "2.jpg").write_bytes(portraits.mirrored_grace())
    Path("party.jpg").write_bytes(portraits.pair())
    Path("sign.jpg").write_bytes(drawn_text.as_jpeg(drawn_text.sign("Platform 7")))
    Path("landscape.png").write_bytes(portraits.png(portraits.nobody()))
    shown = [(videos.grace(), videos.still((0.5, 0.5)))]
    videos.render(Path("party.mp4"), videos.scene(videos.steady(0, 1000), shown))


@pytest.mark.usefixtures("_files")
@pytest.mark.parametrize("page", _PAGES, ids=name)
def test_programs_run(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    programs = _programs(page)
    assert programs
    for program in programs:
        exec(compile(program.text, program.place, "exec"), names)
    said = "arrived ['Grace Hopper']" if page.name == "watch.md" else "face 2: Grace Hopper"
    assert said in capsys.readouterr().out
