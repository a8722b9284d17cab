from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reknown.biometrics.errors import InputError
from reknown.evaluation.data.score_files import ScoreFile, read_score_file
from reknown.evaluation.runs.compare import image_comparison, score_comparison
from unit.evaluation.runs.made import made_images, write_scores

if TYPE_CHECKING:
    from pathlib import Path


def _scores(path: Path, found: set[int]) -> ScoreFile:
    """100 mated comparisons, those `found` above every non-mated one."""
    rows = [(k / 1000, 0) for k in range(1000)]
    rows += [(2.0 if k in found else -1.0, 1) for k in range(100)]
    return read_score_file(write_scores(path, rows))


def test_misses_of_one_system_alone_are_counted(tmp_path: Path) -> None:
    first = _scores(tmp_path / "a.csv", set(range(80)))
    second = _scores(tmp_path / "b.csv", set(range(5, 95)))
    figures = score_comparison(first, second, ("a", "b"), (1e-2,)).figures
    point = figures["points"][0]
    assert point["first"]["fnmr"]["errors"] == 20
    assert point["second"]["fnmr"]["errors"] == 10
    assert point["missed_by_both"] == 5
    assert point["missed_by_first_alone"] == 15
    assert point["missed_by_second_alone"] == 5
    assert point["difference"]["value"] == pytest.approx(0.1)
    assert point["difference"]["low"] < 0.1 < point["difference"]["high"]
    assert point["mcnemar_p"] == pytest.approx(0.0413894653)


def test_a_system_does_not_differ_from_itself() -> None:
    one, two = (made_images([2] * 100, [3], noise=1.5, pack=name) for name in ("a", "b"))
    report = image_comparison(one, two)
    for point in report.figures["points"]:
        assert point["difference"]["value"] == 0
        assert point["mcnemar_p"] == 1
    assert report == image_comparison(one, two)


def test_other_images_or_rows_are_refused(tmp_path: Path) -> None:
    first = _scores(tmp_path / "a.csv", {1})
    rows = [(0.1, 0), (0.2, 1)]
    second = read_score_file(write_scores(tmp_path / "b.csv", rows))
    with pytest.raises(InputError, match="same comparisons"):
        score_comparison(first, second, ("a", "b"))
    header = "score,mated,subject_a,subject_b"
    pairs = [("a", "b"), ("a", "c")]
    one, two = (
        read_score_file(
            write_scores(tmp_path / "c.csv", [(1, 1, a, a), (0, 0, a, b), (0, 0, "b", "c")], header)
        )
        for a, b in pairs
    )
    with pytest.raises(InputError, match="the same subjects"):
        score_comparison(one, two, ("a", "b"))


def test_too_few_comparisons_are_said(tmp_path: Path) -> None:
    file = read_score_file(write_scores(tmp_path / "a.csv", [(0.1, 0), (0.2, 1)]))
    with pytest.raises(InputError, match="reach none of the target rates"):
        score_comparison(file, file, ("a", "b"))
