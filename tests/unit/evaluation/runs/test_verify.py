from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reknown.biometrics.calibration import Calibration
from reknown.biometrics.errors import InputError
from reknown.evaluation.data.duplicates import Duplicates
from reknown.evaluation.data.protocols import ListedPairs
from reknown.evaluation.data.score_files import read_score_file
from reknown.evaluation.runs.verify import score_report, verification_report
from reknown.reporting.blocks import Caution, Table
from unit.evaluation.runs.made import made_images, write_scores


def _plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(type(key) is str and _plain(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(_plain, value))
    return value is None or (
        type(value) in {str, int, bool} or (type(value) is float and math.isfinite(value))
    )


def test_ten_of_a_hundred_unreadable_images_are_ten_percent_of_misses() -> None:
    figures = verification_report(made_images([2] * 100, range(0, 20, 2))).figures
    for point in figures["points"]:
        assert (point["fnmr"]["errors"], point["fnmr"]["trials"]) == (10, 100)
        assert point["fnmr"]["rate"] == 0.1
        assert point["on_success"]["fnmr"] == {"errors": 0, "trials": 90, "rate": 0.0}
        assert point["fmr"]["trials"] == 19_800
    assert figures["failures"]["fta"]["errors"] == 10
    assert figures["failures"]["fta"]["trials"] == 200
    assert figures["failures"]["fte"]["errors"] == 0
    assert figures["unusable"]["count"] == 10


def test_figures_are_plain_json_and_the_report_is_the_same_again() -> None:
    first, second = (verification_report(made_images([3] * 40, [5])) for _ in range(2))
    assert first == second
    assert _plain(first.figures)
    assert json.dumps(first.figures, sort_keys=True) == json.dumps(second.figures, sort_keys=True)


def test_targets_beyond_the_data_are_named_with_what_they_take() -> None:
    figures = verification_report(made_images([2] * 100)).figures
    assert [point["target_fmr"] for point in figures["points"]] == [1e-2, 1e-3]
    assert figures["unreached"][0] == {
        "target_fmr": 1e-4,
        "comparisons_needed": 29_956,
        "subjects_needed": 246,
    }


def test_the_target_is_never_exceeded() -> None:
    figures = verification_report(made_images([2] * 100, noise=2.0)).figures
    for point in figures["points"]:
        assert point["fmr"]["rate"] <= point["target_fmr"]
        assert point["fmr"]["low"] <= point["fmr"]["rate"] <= point["fmr"]["high"]


def test_held_out_rates_are_of_the_other_subjects() -> None:
    held_out = verification_report(made_images([2] * 100)).figures["held_out"]
    tuning, testing = held_out["tuning_subjects"], held_out["testing_subjects"]
    assert tuning + testing == 100
    point = held_out["points"][0]
    assert point["fnmr"]["trials"] == testing
    assert point["fmr"]["trials"] == 2 * testing * (testing - 1)


def test_summaries_of_a_binned_set_agree_with_the_exact_ones() -> None:
    from reknown.evaluation.runs.comparisons import compare_all
    from reknown.evaluation.runs.summary import summarise

    images = made_images([2] * 120, [7], noise=1.2)
    exact = summarise(compare_all(images).comparisons)
    binned = summarise(compare_all(images, keep=500).comparisons)
    assert exact.exact
    assert not binned.exact
    assert binned.eer.value == pytest.approx(exact.eer.value, abs=1e-3)
    assert binned.auc == pytest.approx(exact.auc, abs=1e-4)
    assert exact.d_prime is not None
    assert binned.d_prime == pytest.approx(exact.d_prime, rel=1e-3)


def test_the_fewest_kept_scores_change_no_operating_point() -> None:
    from reknown.evaluation.runs.comparisons import compare_all
    from reknown.evaluation.runs.points import TARGETS, points_at_targets

    images = made_images([2] * 100, [7], noise=1.2)
    every, some = (compare_all(images, keep=keep).comparisons for keep in (1_000_000, 1))
    assert not some.complete
    assert points_at_targets(some, TARGETS) == points_at_targets(every, TARGETS)


def test_names_can_be_left_out() -> None:
    named, hidden = (
        json.dumps(verification_report(made_images([2] * 40, [3]), without_names=flag).figures)
        for flag in (False, True)
    )
    assert "1/0.jpg" in named
    assert ".jpg" not in hidden


def test_an_image_under_two_names_is_pointed_out() -> None:
    images = made_images([2] * 40)
    wrong = Duplicates(
        np.array([0, 4]),
        np.array([1, 7]),
        np.array([True, False]),
        np.array([0, 3]),
        np.array([True, False]),
    )
    figures = verification_report(replace(images, duplicates=wrong)).figures
    assert figures["data"]["excluded_mated"]["same_picture"] == 1
    assert figures["data"]["mated"] == 39
    assert figures["data"]["non_mated_duplicates"] == 1
    assert figures["duplicates"]["first"][0]["same_subject"] is False


def test_the_gallery_is_the_rate_times_its_size() -> None:
    figures = verification_report(made_images([2] * 100)).figures
    rate = figures["points"][0]["fmr"]["rate"]
    expected = [
        item["false_candidates"]
        for item in figures["gallery_expectations"]
        if item["target_fmr"] == 1e-2
    ]
    assert expected == pytest.approx([rate * 100, rate * 10_000, rate * 1_000_000])


def test_thresholds_are_similarities_where_the_pack_is_calibrated() -> None:
    table = Calibration((-1.0, 0.5), (1.0, 1e-6), "none", 1)
    images = replace(made_images([2] * 100), calibration=table)
    point = verification_report(images).figures["points"][0]
    assert point["similarity"] == pytest.approx(table.similarity(point["threshold"]), abs=0.01)


def test_the_thresholds_of_the_pack_are_judged_as_they_are() -> None:
    images = made_images([2] * 100, [3])
    table = Calibration((-1.0, 0.1, 0.3, 0.5), (1.0, 1e-2, 1e-4, 1e-6), "none", 1)
    calibrated = replace(images, calibration=table)
    rows = verification_report(calibrated).figures["calibrated"]
    assert [row["asked_similarity"] for row in rows] == [80, 90, 99]
    assert [row["promised_fmr"] for row in rows] == pytest.approx([1e-4, 1e-5, 1e-6])
    vectors, failed = images.templates.vectors, images.templates.failed
    scores = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    subjects = np.repeat(np.arange(100), 2)
    apart = np.triu(subjects[:, None] != subjects, 1) & ~(failed[:, None] | failed)
    assert rows[0]["score"] == 0.3
    assert rows[0]["fmr"]["errors"] == np.count_nonzero(apart & (scores >= 0.3))
    assert rows[0]["fmr"]["trials"] == 19_800
    assert rows[0]["fnmr"]["errors"] >= 1
    asked = verification_report(calibrated, similarities=[85.5]).figures["calibrated"]
    assert [row["asked_similarity"] for row in asked] == [85.5]
    assert asked[0]["promised_fmr"] == pytest.approx(10**-4.55)


def test_a_calibration_that_promises_too_much_is_told() -> None:
    table = Calibration((-1.0, 0.0, 0.5), (1.0, 1e-4, 1e-6), "none", 1)
    images = replace(made_images([2] * 100), calibration=table)
    report = verification_report(images)
    texts = [
        block.text
        for section in report.sections
        for block in section.blocks
        if isinstance(block, Caution)
    ]
    assert any("At similarity 80 FMR is" in text and "calibrate again" in text for text in texts)
    assert not any("At similarity 99 FMR" in text for text in texts)


def test_similarities_need_a_calibration() -> None:
    assert verification_report(made_images([2] * 40)).figures["calibrated"] is None
    with pytest.raises(InputError, match="leave out --similarity"):
        verification_report(made_images([2] * 40), similarities=[80])


def test_too_few_comparisons_get_no_summaries(tmp_path: Path) -> None:
    for mated, others in ((1, 1), (29, 5_000), (100, 298)):
        rows = [(k / others / 2, 0) for k in range(others)] + [(0.9, 1)] * mated
        report = score_report(read_score_file(write_scores(tmp_path / "s.csv", rows)))
        assert report.figures["eer"] is None
        assert report.figures["auc"] is None
        assert report.figures["d_prime"] is None
        tables = [b for s in report.sections for b in s.blocks if isinstance(b, Table)]
        assert all(table.rows for table in tables)


def test_listed_pairs_and_their_folds() -> None:
    images = made_images([2] * 40)
    mated = [(2 * k, 2 * k + 1) for k in range(40)]
    others = [(2 * k, (2 * k + 2) % 80) for k in range(40)]
    rows = np.array(mated + others)
    flags = np.array([True] * 40 + [False] * 40)
    listed = ListedPairs(rows[:, 0], rows[:, 1], flags, np.tile(np.arange(4), 20))
    figures = verification_report(images, listed).figures
    assert figures["data"]["non_mated"] == 40
    assert figures["folds"]["accuracy"] > 0.95
    assert figures["folds"]["pairs"] == [20] * 4
    assert figures["points"] == []


@pytest.mark.parametrize(
    ("counts", "failed", "message"),
    [
        ([5], (), "one subject"),
        ([1] * 30, (), "no subject has two different images"),
        ([2] * 10, range(20), "no image gave a template, of 20.*the first: no face found"),
        ([2] * 10, range(0, 20, 2), "every mated or every non-mated comparison failed"),
    ],
)
def test_data_without_an_answer_are_refused(counts: list[int], failed: range, message: str) -> None:
    with pytest.raises(InputError, match=message):
        verification_report(made_images(counts, failed))


def test_scores_with_known_answers(tmp_path: Path) -> None:
    others = [(k / 1000, 0) for k in range(1000)]
    mated = [(0.5, 1)] * 5 + [("", 1)] * 10 + [(2.0, 1)] * 85
    file = read_score_file(write_scores(tmp_path / "s.csv", [*others, *mated]))
    figures = score_report(file).figures
    point = figures["points"][0]
    assert point["threshold"] == 0.99
    assert (point["fmr"]["errors"], point["fmr"]["trials"]) == (10, 1000)
    assert (point["fnmr"]["errors"], point["fnmr"]["trials"]) == (15, 100)
    assert point["on_success"]["fnmr"] == {"errors": 5, "trials": 90, "rate": 5 / 90}
    assert figures["intervals"] == "independent"
    assert figures["held_out"] == {"reason": "the subjects are not known"}
    assert "worst" not in figures
    assert _plain(figures)


def test_scores_with_subjects_have_clustered_intervals(tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    rows = [(generator.normal(), 0, a, b) for a in range(60) for b in range(a)]
    rows += [(generator.normal() + 3, 1, a, a) for a in range(60)]
    header = "score,mated,subject_a,subject_b"
    file = read_score_file(write_scores(tmp_path / "s.csv", rows, header))
    figures = score_report(file).figures
    assert figures["intervals"] == "clustered by subject"
    assert figures["held_out"]["points"]
    assert len(figures["worst"]["non_mated"]) == 10


@pytest.mark.parametrize("constant", [(0.5, 0.5), (-3.0, 4.0)])
def test_scores_that_are_all_equal_make_a_report_too(
    tmp_path: Path, constant: tuple[float, float]
) -> None:
    rows = [(constant[0], 0)] * 400 + [(constant[1], 1)] * 10
    figures = score_report(read_score_file(write_scores(tmp_path / "s.csv", rows))).figures
    assert _plain(figures)
    assert figures["d_prime"] is None
    assert figures["points"][0]["fmr"]["errors"] == 0


def test_fifty_million_comparisons_take_less_than_a_gigabyte() -> None:
    script = Path(__file__).parents[4] / "bench" / "evaluation.py"
    command = [sys.executable, str(script), "reknown", "10000"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=120)
    found = json.loads(done.stdout)
    assert found["peak_mib"] < 1_024
    assert found["html_bytes"] > 50_000
