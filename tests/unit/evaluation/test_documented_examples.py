import re
from pathlib import Path

import pytest

import reknown.evaluation

_PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "evaluate.md"


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
