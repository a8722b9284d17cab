from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from reknown.biometrics.errors import InputError
from reknown.evaluation.data.duplicates import Duplicates
from reknown.evaluation.data.images import EvaluatedImages
from reknown.evaluation.data.protocols import gallery_split
from reknown.evaluation.runs.galleries import IdentificationPlan
from reknown.evaluation.runs.gallery_plan import threshold_plan
from reknown.evaluation.runs.identify import identification_report
from reknown.reporting.blocks import Caution, Lines
from unit.evaluation.runs.grouped import (
    CALIBRATION,
    manifest_with,
    population,
    templates_of,
)

if TYPE_CHECKING:
    from reknown.biometrics.calibration import Calibration
    from reknown.reporting.report import Report

MADE = population({"a": (60, 0.3)}, images=3)


def report_of(
    made: EvaluatedImages,
    plan: IdentificationPlan | None = None,
    calibration: Calibration | None = CALIBRATION,
) -> Report:
    return identification_report(dataclasses.replace(made, calibration=calibration), plan)


def cautions(report: Report) -> str:
    blocks = [block for section in report.sections for block in section.blocks]
    return "\n".join(block.text for block in blocks if isinstance(block, Caution))


def test_the_largest_gallery_agrees_with_a_count_by_hand() -> None:
    figures = report_of(MADE).figures
    split = gallery_split(MADE.manifest, 30, seed="1")
    vectors = MADE.templates.vectors.astype(np.float64)
    strangers = (vectors[split.non_mated_probes] @ vectors[split.gallery].T).max(axis=1)
    scores = vectors[split.mated_probes] @ vectors[split.gallery].T
    own = split.subjects[split.mated_probes][:, None] == split.subjects[split.gallery]
    mates = scores[own]
    first = mates > np.where(own, -1, scores).max(axis=1)
    last = figures["galleries"][-1]
    assert (last["gallery_size"], last["mated_searches"], last["non_mated_searches"]) == (
        30,
        60,
        90,
    )
    assert last["rank_one_miss"]["errors"] == np.count_nonzero(~first)
    for point in last["points"][:3]:
        assert point["fpir"]["errors"] == np.count_nonzero(strangers >= point["score"])
        missed = ~(first & (mates >= point["score"]))
        assert point["fnir"]["errors"] == np.count_nonzero(missed)
    assert figures["cmc"]["found_by_rank"][0] == np.count_nonzero(first)
    assert figures["cmc"]["found_by_rank"][-1] == 60


def test_sizes_grow_and_false_positives_with_them() -> None:
    galleries = report_of(MADE).figures["galleries"]
    assert [gallery["gallery_size"] for gallery in galleries] == [10, 30]
    assert len({gallery["non_mated_searches"] for gallery in galleries}) == 1
    small, large = (gallery["points"] for gallery in galleries)
    for one, other in zip(small[:3], large[:3], strict=True):
        assert one["fpir"]["errors"] <= other["fpir"]["errors"]


def test_thresholds_for_fpir_go_as_far_as_the_searches() -> None:
    report = report_of(MADE)
    points = {point["name"]: point for point in report.figures["galleries"][-1]["points"]}
    assert "cannot show" in points["FPIR 0.003"]["withheld"]
    assert 0 < points["FPIR 0.1"]["fpir"]["errors"] <= 9
    assert "90 non-mated searches cannot show FPIR 0.003" in cautions(report)


def test_several_references_and_given_sizes() -> None:
    plan = IdentificationPlan(sizes=(5, 20), references=2)
    figures = report_of(MADE, plan).figures
    assert [gallery["gallery_size"] for gallery in figures["galleries"]] == [5, 20]
    assert figures["galleries"][1]["mated_searches"] == 20
    assert figures["failures"]["references"]["images"] == 40


def test_without_a_calibration_only_chosen_thresholds_are_shown() -> None:
    report = report_of(MADE, calibration=None)
    names = [point["name"] for point in report.figures["galleries"][0]["points"]]
    assert names == ["FPIR 0.003", "FPIR 0.01", "FPIR 0.1"]
    assert "no calibration" in cautions(report)


def test_failures_are_misses_and_no_false_positives() -> None:
    lost = population({"a": (60, 0.3)}, images=3, failed=range(0, 180, 4))
    report = report_of(lost)
    failures = report.figures["failures"]
    assert sum(count["failed"] for count in failures.values()) == 45
    last = report.figures["galleries"][-1]
    assert last["rank_one_miss"]["errors"] >= failures["mated probes"]["failed"]
    assert "references have no template" in cautions(report)


def test_the_same_image_is_no_search() -> None:
    split = gallery_split(MADE.manifest, 30, seed="1")
    row, probe = split.gallery[0], split.mated_probes[0]
    copies = Duplicates(
        np.array([min(row, probe)]), np.array([max(row, probe)]), np.array([True]),
        np.array([0]), np.array([True]),
    )  # fmt: skip
    report = identification_report(
        dataclasses.replace(MADE, duplicates=copies, calibration=CALIBRATION)
    )
    assert report.figures["galleries"][-1]["mated_searches"] == 59
    assert "1 probe was left out" in cautions(report)


def test_lines_show_growth_and_ranks() -> None:
    blocks = [block for section in report_of(MADE).sections for block in section.blocks]
    lines = [block for block in blocks if isinstance(block, Lines)]
    assert [line.y.label for line in lines] == ["FPIR", "FNIR", "share of mated searches"]
    assert lines[0].series[0].xs == (10.0, 30.0)


def test_reports_repeat_to_the_byte() -> None:
    assert report_of(MADE) == report_of(MADE)
    one, other = (
        json.dumps(report_of(MADE, IdentificationPlan(seed=seed)).figures, allow_nan=False)
        for seed in (1, 2)
    )
    assert one != other


def test_bad_input_is_refused_in_words() -> None:
    nothing = dataclasses.replace(MADE.templates, failed=np.ones(180, bool))
    alone = EvaluatedImages.of(manifest_with(["x", "x"]), templates_of(np.eye(2)))
    single = EvaluatedImages.of(manifest_with(["x", "y"]), templates_of(np.eye(2)))
    for case, words in (
        (EvaluatedImages.of(MADE.manifest, nothing), "no image gave a template"),
        (alone, "needs two subjects"),
        (single, "needs two subjects"),
    ):
        with pytest.raises(InputError, match=words):
            report_of(case)
    for sizes in ((61,), (60,), (0, 5)):
        with pytest.raises(InputError):
            report_of(MADE, IdentificationPlan(sizes))
    with pytest.raises(InputError, match="between 0 and 1"):
        IdentificationPlan(fpirs=(1.5,))


def test_a_threshold_from_the_size_of_the_gallery() -> None:
    figures = threshold_plan(CALIBRATION, 100, 0.01).figures
    assert figures["fmr"] == pytest.approx(1.005e-4, rel=1e-3)
    assert figures["score"] == pytest.approx(CALIBRATION.threshold(figures["fmr"]))
    assert figures["expected_false_candidates"] == pytest.approx(0.01005, rel=1e-3)
    assert figures["similarity"] == pytest.approx(80, abs=0.1)


def test_nothing_is_extrapolated() -> None:
    with pytest.raises(InputError, match=r"extrapolation refused.* reaches galleries of 10,050"):
        threshold_plan(CALIBRATION, 10_051, 0.01)
    threshold_plan(CALIBRATION, 10_050, 0.01)
    with pytest.raises(InputError, match=r"similarity 99, 1,000,000 .* 1 false cand.* FPIR 0\.632"):
        threshold_plan(CALIBRATION, 1_000_000, 0.003)
    with pytest.raises(InputError, match="not calibrated"):
        threshold_plan(None, 10, 0.01)
    for fpir in (0.0, 1.0, float("nan")):
        with pytest.raises(InputError, match="between 0 and 1"):
            threshold_plan(CALIBRATION, 10, fpir)
