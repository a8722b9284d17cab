from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from reknown.biometrics.errors import InputError
from reknown.evaluation.data.images import EvaluatedImages
from reknown.evaluation.measures.chance import Resampling, Verdict
from reknown.evaluation.measures.scores import ScoreSet
from reknown.evaluation.runs.group_data import GroupThreshold, data_of_images, data_of_scores
from reknown.evaluation.runs.groups import groups_report
from reknown.evaluation.runs.judging import GroupPlan
from reknown.reporting.blocks import Caution, Forest, HeatMap, Table
from unit.evaluation.runs.grouped import (
    CALIBRATION,
    manifest_with,
    population,
    templates_of,
)

if TYPE_CHECKING:
    from reknown.reporting.report import Report

PLAN = GroupPlan(resampling=Resampling(replicates=200))


def report_of(made: EvaluatedImages, fmr: float = 0.01, by: tuple[str, ...] = ()) -> Report:
    data = data_of_images(made, GroupThreshold(fmr=fmr), by)
    return groups_report(data, PLAN)


def column(report: Report) -> dict[str, Any]:
    (only,) = report.figures["columns"]
    assert isinstance(only, dict)
    return only


def cautions(report: Report) -> str:
    blocks = [block for section in report.sections for block in section.blocks]
    return "\n".join(block.text for block in blocks if isinstance(block, Caution))


def test_a_planted_worse_group_is_found() -> None:
    report = report_of(population({"a": (50, 0), "b": (50, 0.6), "c": (50, 0)}))
    found = column(report)
    fmr = found["differentials"]["FMR"]
    assert (fmr["verdict"], fmr["worst"]) == (Verdict.DIFFERENT.value, "b")
    assert fmr["interval"]["low"] > 1
    assert fmr["chance"]["max/min"]["p_value"] < 0.05
    assert fmr["ratio"] == found["measures"]["FMR max/min"] > 5
    rates = {group["group"]: group["fmr"]["rate"] for group in found["groups"]}
    assert max(rates, key=lambda name: rates[name]) == "b"


def test_equal_groups_do_not_differ_by_more_than_chance() -> None:
    fmr = column(report_of(population({"a": (50, 0), "b": (50, 0), "c": (50, 0)})))
    assert fmr["differentials"]["FMR"]["verdict"] == Verdict.CHANCE.value


def test_counts_fit_together() -> None:
    made = population({"a": (40, 0), "b": (35, 0.4)})
    report = report_of(made)
    found, cross = column(report), column(report)["cross_fmr"]
    trials = np.array(cross["trials"])
    assert [group["images"] for group in found["groups"]] == [80, 70]
    assert trials[0, 0] == 80 * 79 // 2 - 40
    assert trials[0, 1] == trials[1, 0] == 80 * 70
    assert np.triu(trials).sum() == report.figures["fmr"]["trials"]
    assert np.triu(cross["errors"]).sum() == report.figures["fmr"]["errors"]
    assert found["groups"][1]["fmr"]["trials"] == trials[1, 1]
    assert report.figures["fnmr"]["trials"] == 75
    level = report.figures["pairing"][1]
    assert level["trials"] == trials[0, 0] + trials[1, 1]
    assert report.figures["fmr"]["rate"] <= 0.01


def test_scores_of_another_system_give_the_same_counts() -> None:
    made = population({"a": (34, 0), "b": (33, 0.5)})
    subjects, _ = made.manifest.subjects()
    groups, names = made.manifest.groups(["region"])
    rows = np.array([(i, j) for i in range(len(subjects)) for j in range(i)])
    vectors = made.templates.vectors.astype(np.float64)
    values = np.rint((vectors[rows[:, 0]] * vectors[rows[:, 1]]).sum(axis=1) * 2**24) / 2**24
    mated = subjects[rows[:, 0]] == subjects[rows[:, 1]]
    scores = ScoreSet(
        values[mated], values[~mated], subjects[rows[mated, 0]], subjects[rows[~mated]],
        groups[rows[mated, 0]], groups[rows[~mated]],
    )  # fmt: skip
    listed = groups_report(data_of_scores(scores, names, 0.01), PLAN).figures
    counted = report_of(made).figures
    for key in ("fmr", "fnmr"):
        assert listed[key] == pytest.approx(counted[key])
    for one, other in zip(
        listed["columns"][0]["groups"], column(report_of(made))["groups"], strict=True
    ):
        assert one["fmr"] == pytest.approx(other["fmr"])
    assert listed["columns"][0]["cross_fmr"] == counted["columns"][0]["cross_fmr"]


def test_small_groups_get_no_figure_but_are_told_how_many_they_need() -> None:
    report = report_of(population({"a": (40, 0), "b": (29, 0), "c": (1, 0)}))
    found = column(report)
    withheld = [group["fmr"].get("more_subjects") for group in found["groups"][1:]]
    assert withheld == [1, 29]
    for group in found["groups"][1:]:
        assert "rate" not in group["fmr"]
        assert "rate" not in group["fnmr"]
        assert "fta" not in group
    assert found["differentials"]["FMR"]["verdict"] == Verdict.SUPPRESSED.value
    assert (found["measures"], found["cross_fmr"]) == ({}, None)
    assert "fewer than two groups" in cautions(report)
    tables = [b for s in report.sections for b in s.blocks if isinstance(b, Table)]
    assert any("1 more is needed" in row[-1] for table in tables for row in table.rows)


def test_blocks_show_what_was_measured() -> None:
    report = report_of(population({"a": (40, 0), "b": (40, 0.5)}))
    blocks = [block for section in report.sections for block in section.blocks]
    forests = [block for block in blocks if isinstance(block, Forest)]
    assert [forest.x.label for forest in forests] == ["FMR", "FNMR"]
    assert forests[0].reference == report.figures["fmr"]["rate"]
    (heat,) = [block for block in blocks if isinstance(block, HeatMap)]
    assert heat.labels == ("a", "b")
    assert heat.values[0][1] == heat.values[1][0]


def test_unlabelled_samples_are_in_no_group() -> None:
    made = population({"a": (40, 0), "": (20, 0), "b": (40, 0)})
    report = report_of(made)
    assert column(report)["unlabelled_subjects"] == 20
    assert "20 subjects have no label" in cautions(report)
    assert report.figures["fmr"]["trials"] > np.triu(column(report)["cross_fmr"]["trials"]).sum()


def test_failures_are_counted_by_group_and_said() -> None:
    made = population({"a": (40, 0), "b": (40, 0)}, failed=range(10))
    report = report_of(made)
    first, second = column(report)["groups"]
    assert (first["fta"]["errors"], first["fte"]["errors"], second["fta"]["errors"]) == (10, 5, 0)
    assert first["fnmr"]["errors"] >= 5
    assert first["fnmr"]["trials"] - first["fnmr_of_successes"]["trials"] == 5
    assert first["fmr_of_successes"]["trials"] == 70 * 69 // 2 - 35
    assert "a: 10 of 80 images gave no template" in cautions(report)


def test_the_similarity_is_that_of_the_calibration() -> None:
    made = population({"a": (40, 0), "b": (40, 0.5)})
    data = data_of_images(
        dataclasses.replace(made, calibration=CALIBRATION), GroupThreshold(similarity=50)
    )
    assert (data.operating.score, data.operating.target) == pytest.approx((0.35, 0.01))
    default = data_of_images(dataclasses.replace(made, calibration=CALIBRATION), GroupThreshold())
    assert default.operating.score == pytest.approx(0.6)


def test_more_false_matches_than_the_calibration_says_are_told() -> None:
    made = population({"a": (40, 0.8), "b": (40, 0.8)})
    data = data_of_images(
        dataclasses.replace(made, calibration=CALIBRATION), GroupThreshold(similarity=50)
    )
    assert "where the calibration says 0.01" in cautions(groups_report(data, PLAN))
    chosen = report_of(made)
    assert "calibration" not in cautions(chosen)
    errors = chosen.figures["fmr"]["errors"]
    assert errors / 4 <= chosen.figures["false_match_subject_pairs"] <= errors


def test_mated_comparisons_of_one_session_are_told() -> None:
    made = population({"a": (40, 0), "b": (40, 0)})
    samples = tuple(
        dataclasses.replace(sample, session="day" if row < 20 else None)
        for row, sample in enumerate(made.manifest.samples)
    )
    dated = EvaluatedImages.of(dataclasses.replace(made.manifest, samples=samples), made.templates)
    assert "10 of 80 mated comparisons are of one session" in cautions(report_of(dated))
    assert "session" not in cautions(report_of(made))


def test_scores_within_groups_only_give_no_chance() -> None:
    pairs = np.array([(i, j) for i in range(80) for j in range(i) if i % 2 == j % 2])
    values = np.random.default_rng(3).random(len(pairs))
    groups = np.arange(80) % 2
    scores = ScoreSet(np.ones(80), values, np.arange(80), pairs, groups, groups[pairs])
    report = groups_report(data_of_scores(scores, ("x", "y"), 0.1), PLAN)
    assert column(report)["measures"] == {}
    assert "labels cannot be permuted" in cautions(report)
    assert report.figures["pairing"][1]["trials"] == len(pairs)


def test_one_image_a_subject_gives_no_fnmr() -> None:
    report = report_of(population({"a": (60, 0), "b": (60, 0)}, images=1))
    assert report.figures["fnmr"] is None
    assert "FNMR was not measured" in cautions(report)


def test_two_columns_make_levels_and_may_be_taken_together() -> None:
    made = population({"a": (40, 0), "b": (40, 0.5)})
    owners = [sample.subject for sample in made.manifest.samples]
    regions = [sample.groups["region"] for sample in made.manifest.samples]
    sexes = ["x" if int(owner[2:]) % 2 else "y" for owner in owners]
    wider = EvaluatedImages.of(
        manifest_with(owners, {"sex": sexes, "region": regions}), made.templates
    )
    figures = report_of(wider).figures
    assert [level["pairing"] for level in figures["pairing"]] == [
        "L0, any two", "L1, same sex", "L2, same sex and region",
    ]  # fmt: skip
    sizes = [level["trials"] for level in figures["pairing"]]
    assert sizes[0] > sizes[1] > sizes[2] == 4 * (40 * 39 // 2 - 20)
    joined = column(report_of(wider, by=("sex,region",)))
    assert [group["group"] for group in joined["groups"]] == ["x / a", "x / b", "y / a", "y / b"]


def test_reports_repeat_to_the_byte() -> None:
    made = population({"a": (40, 0), "b": (40, 0.5)})
    one, other = (json.dumps(report_of(made).figures, allow_nan=False) for _ in range(2))
    assert one == other
    assert report_of(made) == report_of(made)


def test_bad_input_is_refused_in_words() -> None:
    made = population({"a": (40, 0), "b": (40, 0)})
    bare = EvaluatedImages.of(
        manifest_with([s.subject for s in made.manifest.samples]), made.templates
    )
    torn = EvaluatedImages.of(
        manifest_with(["x", "x", "y", "y"], {"g": ["1", "2", "1", "1"]}), templates_of(np.eye(4))
    )
    alone = EvaluatedImages.of(
        manifest_with(["x", "x"], {"g": ["1", "1"]}), templates_of(np.eye(2))
    )
    empty = EvaluatedImages.of(manifest_with(["x", "y"], {"g": ["", ""]}), templates_of(np.eye(2)))
    nothing = dataclasses.replace(made.templates, failed=np.ones(160, bool))
    for case, words in (
        (bare, "declares no groups"),
        (torn, "two labels"),
        (empty, "is empty"),
        (alone, "one subject"),
        (EvaluatedImages.of(made.manifest, nothing), "no image gave a template"),
    ):
        with pytest.raises(InputError, match=words):
            report_of(case)
    with pytest.raises(InputError, match="no group column"):
        report_of(made, by=("colour",))
    with pytest.raises(InputError, match="cannot show FMR"):
        report_of(made, fmr=1e-9)
    with pytest.raises(InputError, match="not calibrated"):
        data_of_images(made, GroupThreshold())
    with pytest.raises(InputError, match="not both"):
        GroupThreshold(80, 0.1)
    with pytest.raises(InputError, match="between 0 and 1"):
        GroupThreshold(fmr=2)


def test_a_column_that_cannot_be_used_is_left_out_and_named() -> None:
    made = population({"a": (40, 0), "b": (40, 0)})
    owners = [sample.subject for sample in made.manifest.samples]
    regions = [sample.groups["region"] for sample in made.manifest.samples]
    light = [str(row % 2) for row in range(len(owners))]
    report = report_of(
        EvaluatedImages.of(
            manifest_with(owners, {"light": light, "region": regions}), made.templates
        )
    )
    assert column(report)["column"] == "region"
    assert "left out: the group column 'light'" in cautions(report)


def test_scores_that_all_failed_are_refused() -> None:
    subjects, groups = np.array([[0, 1], [1, 2]]), np.array([[0, 0], [0, 0]])
    lost = np.full(2, -np.inf)
    for mated, non_mated in ((lost, np.ones(2)), (np.ones(2), lost)):
        scores = ScoreSet(mated, non_mated, np.array([0, 1]), subjects, np.array([0, 0]), groups)
        with pytest.raises(InputError, match="failed"):
            data_of_scores(scores, ("a",), 0.5)
