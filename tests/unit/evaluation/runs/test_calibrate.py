from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from reknown.biometrics.errors import InputError
from reknown.evaluation.data.score_files import read_score_file
from reknown.evaluation.runs.calibrate import (
    MeasuredCalibration,
    calibrate_images,
    calibrate_scores,
    calibration_report,
)
from reknown.evaluation.runs.calibration_toml import calibration_toml
from reknown.reporting.blocks import Caution, Text
from reknown.vision.packs.manifest import CalibrationTable
from unit.evaluation.runs.made import made_images, with_labels, write_scores

if TYPE_CHECKING:
    from pathlib import Path


def _even(tmp_path: Path, count: int = 10_000) -> MeasuredCalibration:
    """Non-mated scores spread evenly below 1: FMR at s is 1 - s."""
    rows = [(k / count, 0) for k in range(count)] + [(0.9999, 1)] * 10
    return calibrate_scores(read_score_file(write_scores(tmp_path / "s.csv", rows)), "even")


def test_scores_with_a_known_answer(tmp_path: Path) -> None:
    measured = _even(tmp_path)
    assert [row.rate for row in measured.rows][-1] == 5e-4
    for row in measured.rows:
        assert row.score == pytest.approx(1 - row.rate, abs=2e-6)
        assert row.fmr.errors == round(row.rate * 10_000)
        assert row.interval is not None
        assert row.interval.low < row.rate < row.interval.high
    assert measured.unreached[0] == 2e-4
    assert calibration_report(measured) == calibration_report(_even(tmp_path))


def test_the_block_is_what_packs_declare(tmp_path: Path) -> None:
    measured = _even(tmp_path)
    text = calibration_toml(measured, "a" * 64, "b" * 64)
    table = msgspec.convert(tomllib.loads(text)["calibration"], CalibrationTable)
    assert table.table() == measured.calibration()
    assert table.dataset_digest == measured.digest
    assert table.false_matches[1:] == tuple(row.fmr.errors for row in measured.rows)
    assert len(table.low) == len(table.high) == len(table.scores)


def test_equal_scores_leave_out_the_rarer_rate(tmp_path: Path) -> None:
    rows = [(0.1, 0)] * 9_000 + [(0.5, 0)] * 1_000 + [(0.9, 1)]
    measured = calibrate_scores(read_score_file(write_scores(tmp_path / "s.csv", rows)))
    scores = [row.score for row in measured.rows]
    assert scores == sorted(set(scores))
    assert [row.rate for row in measured.rows] == [0.5, 5e-2]


def test_images_kept_in_part_have_the_same_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    images = made_images([2] * 80, noise=1.0)
    every = calibrate_images(images)
    monkeypatch.setattr("reknown.evaluation.runs.calibrate._KEPT", 1_000)
    some = calibrate_images(images)
    for full, part in zip(every.rows, some.rows, strict=True):
        if part.interval is None:
            assert part.score == pytest.approx(full.score, abs=1.1e-4)
            assert part.fmr.value <= part.rate
        else:
            assert part == full
    assert some.rows[0].interval is None


def test_no_group_of_enough_subjects_exceeds_a_rate() -> None:
    images = made_images([2] * 150, noise=1.0)
    # the first 60 subjects are drawn together, so that they resemble each other
    vectors = images.templates.vectors.astype(np.float64)
    subjects, names = images.manifest.subjects()
    alike = np.array([int(name.split()[1]) < 60 for name in names])
    vectors[alike[subjects]] += 0.1 * np.ones(64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    images.templates.vectors[:] = vectors.astype(np.float32)
    labels = ["alike" if flag else "others" for flag in alike]
    labels[labels.index("others")] = "alone"
    grouped = with_labels(images, "kind", labels)
    everybody = calibrate_images(grouped)
    worst = calibrate_images(grouped, worst_group="kind")
    assert worst.small_groups == ("alone",)
    assert {row.group for row in worst.rows} == {"alike"}
    for row in worst.rows:
        same = next(other for other in everybody.rows if other.rate == row.rate)
        assert row.score > same.score
    codes = np.array([labels[subject] == "alike" for subject in subjects])
    inside = images.templates.vectors[codes].astype(np.float64)
    own = subjects[codes]
    scores = (inside @ inside.T)[np.triu(own[:, None] != own[None], 1)]
    for row in worst.rows:
        assert (scores >= row.score).mean() <= row.rate


def _words(measured: MeasuredCalibration) -> str:
    (section,) = calibration_report(measured).sections
    return " ".join(
        block.text if isinstance(block, Caution) else " ".join(block.paragraphs)
        for block in section.blocks
        if isinstance(block, (Caution, Text))
    )


def test_where_the_table_ends_is_said(tmp_path: Path) -> None:
    text = _words(_even(tmp_path))
    assert "FMR 0.0001 cannot be shown with 10,000 non-mated comparisons" in text
    assert "The table ends at similarity 73. Higher ones, the usual 80" in text
    assert "The table ends" not in _words(_even(tmp_path, 200_000))
    labels = ["many"] * 100 + ["few"] * 35
    grouped = with_labels(made_images([2] * 135, noise=1.0), "kind", labels)
    ended = calibrate_images(grouped, worst_group="kind")
    assert ended.rows[-1].rate == 2e-3
    assert "FMR 0.001, 0.0005, 0.0002, 0.0001: not every group has" in _words(ended)


def test_without_a_group_of_enough_subjects_there_is_no_worst_one() -> None:
    grouped = with_labels(made_images([2] * 40), "kind", ["a", "b"] * 20)
    with pytest.raises(InputError, match="no group has 30 subjects"):
        calibrate_images(grouped, worst_group="kind")
    with pytest.raises(InputError, match="no group column 'age'"):
        calibrate_images(grouped, worst_group="age")


def test_scores_outside_the_scale_or_too_few_are_refused(tmp_path: Path) -> None:
    many = [(k, 0) for k in range(1_000)] + [(2_000, 1)]
    with pytest.raises(InputError, match="between -1 and 1"):
        calibrate_scores(read_score_file(write_scores(tmp_path / "s.csv", many)))
    few = [(0.1, 0), (0.2, 1)]
    with pytest.raises(InputError, match="too few for a calibration"):
        calibrate_scores(read_score_file(write_scores(tmp_path / "s.csv", few)))


def test_scores_without_groups_have_no_worst_group(tmp_path: Path) -> None:
    file = read_score_file(write_scores(tmp_path / "s.csv", [(0.1, 0), (0.2, 1)]))
    with pytest.raises(InputError, match="group_a"):
        calibrate_scores(file, by_group=True)
