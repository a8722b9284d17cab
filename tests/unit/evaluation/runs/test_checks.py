from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from reknown.biometrics.calibration import Calibration
from reknown.evaluation.data.duplicates import find_duplicates
from reknown.evaluation.data.images import EvaluatedImages
from reknown.evaluation.data.score_files import read_score_file
from reknown.evaluation.runs.calibrate import (
    calibrate_scores,
    calibration_report,
)
from reknown.evaluation.runs.calibration_toml import calibration_toml
from reknown.evaluation.runs.checks import check_elsewhere
from reknown.reporting.blocks import Table
from reknown.vision.packs.manifest import CalibrationTable, read_calibration
from unit.evaluation.runs.grouped import manifest_with, templates_of
from unit.evaluation.runs.made import write_scores

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from reknown.evaluation.runs.calibrate import MeasuredCalibration
    from reknown.evaluation.runs.checks import GroupCheck

# Similarities 50, 70, 80, 90 and 99 are the scores 0.35, 0.5, 0.6, 0.65 and 0.7.
CALIBRATION = Calibration(
    (-1.0, 0.35, 0.5, 0.6, 0.65, 0.7), (1.0, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6), "made", 10**8
)
# Each person looks one way. Cosines: Ada and Bob 0.64, Bob and Cy 0.34, Cy and Di 0.57, others
# below 0.
DIRECTIONS = {"Ada": 0, "Bob": 50, "Cy": 120, "Di": 175}
FIRST_TWO = {"Ada": "first", "Bob": "first", "Cy": "last", "Di": "last"}


def made(
    owners: Sequence[str] = tuple(sorted([*DIRECTIONS] * 2)),
    failed: Sequence[int] = (),
    **columns: Mapping[str, str],
) -> EvaluatedImages:
    """Two images of each, or of those `owners`; rows `failed` have no template."""
    labels = {
        column: [kinds.get(owner, "") for owner in owners] for column, kinds in columns.items()
    }
    manifest = manifest_with(owners, labels)
    angles = np.radians([DIRECTIONS[owner] for owner in owners])
    templates = templates_of(np.stack([np.cos(angles), np.sin(angles)], axis=1), failed)
    return EvaluatedImages.of(manifest, templates)


def counts(found: Sequence[GroupCheck]) -> dict[str, tuple[int, int, list[int]]]:
    """By group: people, comparisons, and the false matches at each similarity."""
    return {
        check.group: (
            check.people,
            check.points[0].fmr.trials,
            [point.fmr.errors for point in check.points],
        )
        for check in found
    }


def test_false_matches_are_counted_at_every_threshold_of_the_scale() -> None:
    (check,) = check_elsewhere(CALIBRATION, made(), "four people")
    assert (check.dataset, check.group, check.people) == ("four people", "everybody", 4)
    assert check.similarities == (50, 70, 80, 90, 99)
    thresholds = [point.threshold for point in check.points]
    assert thresholds == pytest.approx([0.35, 0.5, 0.6, 0.65, 0.7])
    # of 6 pairs of people, each with 2 x 2 images
    assert counts([check])["everybody"] == (4, 24, [8, 8, 4, 0, 0])
    for point in check.points:
        assert point.fmr_interval.low <= point.fmr.value <= point.fmr_interval.high


def test_strangers_of_each_group_are_counted_among_themselves() -> None:
    found = check_elsewhere(CALIBRATION, made(kind=FIRST_TWO), "x")
    assert counts(found) == {
        "everybody": (4, 24, [8, 8, 4, 0, 0]),
        "kind: first": (2, 4, [4, 4, 4, 0, 0]),
        "kind: last": (2, 4, [4, 4, 0, 0, 0]),
    }


def test_every_column_has_groups_of_its_own_in_order() -> None:
    ages = {"Ada": "young", "Bob": "young", "Cy": "young", "Di": "old"}
    found = check_elsewhere(CALIBRATION, made(kind=FIRST_TWO, age=ages), "x")
    assert list(counts(found)) == ["everybody", "kind: first", "kind: last", "age: young"]
    assert counts(found)["age: young"] == (3, 12, [4, 4, 4, 0, 0])


def test_a_group_of_one_person_has_no_strangers_and_is_left_out() -> None:
    alone = FIRST_TWO | {"Di": "alone"}
    assert list(counts(check_elsewhere(CALIBRATION, made(kind=alone), "x"))) == [
        "everybody",
        "kind: first",
    ]


def test_who_has_no_label_counts_among_everybody_alone() -> None:
    labelled = {"Ada": "first", "Bob": "first"}
    found = check_elsewhere(CALIBRATION, made(kind=labelled), "x")
    assert counts(found) == {
        "everybody": (4, 24, [8, 8, 4, 0, 0]),
        "kind: first": (2, 4, [4, 4, 4, 0, 0]),
    }


def test_an_image_without_a_template_matches_nobody_and_is_still_compared() -> None:
    found = check_elsewhere(CALIBRATION, made(failed=[0], kind=FIRST_TWO), "x")
    assert counts(found)["everybody"] == (4, 24, [6, 6, 2, 0, 0])
    assert counts(found)["kind: first"] == (2, 4, [2, 2, 2, 0, 0])


def test_a_group_without_mates_has_false_matches_too() -> None:
    owners = ["Ada", "Ada", "Bob", "Bob", "Cy", "Di"]
    found = check_elsewhere(CALIBRATION, made(owners, kind=FIRST_TWO), "x")
    assert counts(found)["kind: first"] == (2, 4, [4, 4, 4, 0, 0])
    assert counts(found)["kind: last"] == (2, 1, [1, 1, 0, 0, 0])


def test_a_group_of_which_no_image_gave_a_template_does_not_end_the_others() -> None:
    found = check_elsewhere(CALIBRATION, made(failed=[4, 5, 6, 7], kind=FIRST_TWO), "x")
    assert counts(found)["kind: first"] == (2, 4, [4, 4, 4, 0, 0])


def test_however_many_strangers_match_they_are_counted() -> None:
    """Of millions of comparisons reports keep the highest scores alone."""
    owners = [str(row // 2) for row in range(1000)]
    manifest = manifest_with(owners)
    angles = np.random.default_rng(0).uniform(0, np.pi / 6, len(owners))
    templates = templates_of(np.stack([np.cos(angles), np.sin(angles)], axis=1))
    duplicates = find_duplicates(templates.images, manifest.subjects()[0])
    found = check_elsewhere(CALIBRATION, EvaluatedImages(manifest, templates, duplicates), "x")
    comparisons = 1000 * 998 // 2
    assert counts(found)["everybody"] == (500, comparisons, [comparisons] * 5)


def ended(last: float) -> Calibration:
    """The same table as far as that rate."""
    kept = [rate for rate in CALIBRATION.false_match_rates if rate >= last]
    return replace(
        CALIBRATION, scores=CALIBRATION.scores[: len(kept)], false_match_rates=tuple(kept)
    )


@pytest.mark.parametrize(
    ("last", "similarities"),
    [(1e-6, (50, 70, 80, 90, 99)), (1e-4, (50, 70, 80)), (1e-3, (50, 70)), (1e-2, (50,))],
)
def test_no_threshold_is_counted_that_was_not_calibrated(
    last: float, similarities: tuple[float, ...]
) -> None:
    for check in check_elsewhere(ended(last), made(kind=FIRST_TWO), "x"):
        assert check.similarities == similarities
        assert len(check.points) == len(similarities)


def _measured(tmp_path: Path, count: int) -> MeasuredCalibration:
    """Non-mated scores spread evenly below 1: FMR at s is 1 - s."""
    rows = [(k / count, 0) for k in range(count)] + [(0.9999, 1)] * 10
    return calibrate_scores(read_score_file(write_scores(tmp_path / "s.csv", rows)), "even")


def test_a_calibration_that_ends_before_the_scale_begins_can_be_kept(tmp_path: Path) -> None:
    measured = _measured(tmp_path, 200)
    assert measured.rows[-1].rate > 1e-2
    checks = check_elsewhere(measured.calibration(), made(), "x")
    path = tmp_path / "block.toml"
    path.write_text(calibration_toml(measured, "a" * 64, "b" * 64, checks), "utf-8")
    assert read_calibration(path).table() == measured.calibration()


def test_the_counts_come_back_from_the_block_as_they_were(tmp_path: Path) -> None:
    measured = _measured(tmp_path, 10_000)
    checks = check_elsewhere(CALIBRATION, made(kind=FIRST_TWO, age={"Ada": "a", "Di": "a"}), "four")
    path = tmp_path / "block.toml"
    path.write_text(calibration_toml(measured, "a" * 64, "b" * 64, checks), "utf-8")
    table = read_calibration(path)
    assert table.table() == measured.calibration()
    assert [kept.group for kept in table.checks] == [check.group for check in checks]
    for kept, check in zip(table.checks, checks, strict=True):
        assert (kept.dataset, kept.people) == ("four", check.people)
        assert kept.comparisons == check.points[0].fmr.trials
        assert kept.similarities == check.similarities
        assert kept.false_matches == tuple(point.fmr.errors for point in check.points)
        limits = [(point.fmr_interval.low, point.fmr_interval.high) for point in check.points]
        assert list(zip(kept.low, kept.high, strict=True)) == [
            pytest.approx(limit, rel=1e-5) for limit in limits
        ]


def test_names_of_groups_survive_the_block(tmp_path: Path) -> None:
    odd = 'naïve "x" \\ = [y] # 山田'
    checks = check_elsewhere(CALIBRATION, made(kind={"Ada": odd, "Bob": odd}), odd)
    block = calibration_toml(_measured(tmp_path, 1_000), "a" * 64, "b" * 64, checks)
    table = msgspec.convert(tomllib.loads(block)["calibration"], CalibrationTable)
    assert [check.group for check in table.checks] == ["everybody", f"kind: {odd}"]
    assert {check.dataset for check in table.checks} == {odd}


def test_the_report_shows_the_counts_and_gives_them_to_machines(tmp_path: Path) -> None:
    measured = _measured(tmp_path, 1_000)
    checks = check_elsewhere(CALIBRATION, made(kind=FIRST_TWO), "four people")
    report = calibration_report(measured, checks)
    tables = [block for block in report.sections[0].blocks if isinstance(block, Table)]
    (shown,) = [table for table in tables if "four people" in table.caption]
    assert len(shown.rows) == 3 * 5
    assert shown.rows[2][:3] == ("everybody", "4", "80")
    assert "4 of 24" in shown.rows[2][3]
    everybody, first, last = report.figures["checks"]
    assert (everybody["dataset"], first["group"], last["people"]) == (
        "four people",
        "kind: first",
        2,
    )
    at_80 = everybody["points"][2]
    assert (at_80["similarity"], at_80["fmr"]["errors"], at_80["fmr"]["trials"]) == (80, 4, 24)
    without = calibration_report(measured)
    assert without.figures["checks"] == []
    assert "four people" not in str(without.sections)
