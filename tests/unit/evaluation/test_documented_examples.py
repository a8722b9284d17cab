import json
import re
from pathlib import Path

import pytest

import reknown.evaluation

_ROOT = Path(__file__).parents[3]
_PAGE = _ROOT / "docs" / "how-to" / "evaluate.md"


def test_the_examples_of_the_documentation_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", _PAGE.read_text(encoding="utf-8"), re.M | re.S)
    assert len(blocks) >= 4
    names: dict[str, object] = {}
    for block in blocks:
        exec(block, names)
        assert capsys.readouterr().out
    assert (tmp_path / "report.html").stat().st_size > 10_000


def test_every_public_name_is_there_and_explained() -> None:
    assert sorted(reknown.evaluation.__all__) == reknown.evaluation.__all__
    for name in reknown.evaluation.__all__:
        assert getattr(reknown.evaluation, name).__doc__, name


def test_the_accuracy_over_folds_is_everywhere_that_of_the_report() -> None:
    report = json.loads((_ROOT / "docs" / "reports" / "lfw-view2-folds.json").read_text("utf-8"))
    folds = report["folds"]
    expected = (f"{100 * folds['accuracy']:.2f}", f"{100 * folds['standard_error']:.2f}")
    pages = [_ROOT / "README.md", *(_ROOT / "docs").rglob("*.md")]
    text = "\n".join(page.read_text("utf-8") for page in pages)
    told = re.findall(r"([0-9.]+) % right \(standard error ([0-9.]+)\)", text)
    told += re.findall(r"^\| \*\*`opencv`\*\*.*\| ([0-9.]+) % \(([0-9.]+)\) \|$", text, re.M)
    assert len(told) >= 2
    assert set(told) == {expected}
