from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from reknown.biometrics.errors import InputError, SpaceMismatchError
from reknown.biometrics.templates import TemplateSpace
from reknown.evaluation.data.images import EvaluatedImages
from reknown.evaluation.runs.audit import AuditPlan, congress_report
from reknown.reporting.blocks import Caution, Lines, Table
from unit.evaluation.runs.grouped import CALIBRATION, manifest_with, templates_of

if TYPE_CHECKING:
    from reknown.reporting.report import Report

GALLERY, MEMBERS, HITS, COLOUR, COLOUR_HITS = 25_000, 535, 28, 107, 11


def side(
    vectors: np.ndarray[Any, Any], prefix: str, labels: list[str] | None = None, **more: Any
) -> EvaluatedImages:
    owners = [f"{prefix}{row}" for row in range(len(vectors))]
    groups = None if labels is None else {"group": labels}
    return EvaluatedImages.of(
        manifest_with(owners, groups, prefix),
        templates_of(vectors, prefix=prefix, **more),
        CALIBRATION,
    )


def members(**more: Any) -> EvaluatedImages:
    """Those who are hit look like everybody in the gallery, the others like nobody."""
    hit = np.zeros(MEMBERS, bool)
    hit[:COLOUR_HITS] = hit[COLOUR : COLOUR + HITS - COLOUR_HITS] = True
    labels = ["colour"] * COLOUR + ["white"] * (MEMBERS - COLOUR)
    return side(np.where(hit[:, None], [1.0, 0, 0], [0, 1.0, 0]), "member", labels, **more)


def strangers(count: int = GALLERY) -> EvaluatedImages:
    return side(np.tile([1.0, 0, 0], (count, 1)), "stranger")


def cautions(report: Report) -> str:
    blocks = [block for section in report.sections for block in section.blocks]
    return "\n".join(block.text for block in blocks if isinstance(block, Caution))


def test_v16_the_congress_test() -> None:
    plan = AuditPlan(similarities=(80.0,), by=("group",))
    report = congress_report(strangers(), members(), plan)
    (result,) = report.figures["thresholds"]
    assert (result["fpir"]["errors"], result["fpir"]["trials"]) == (28, 535)
    assert result["fpir"]["rate"] == pytest.approx(0.05233645, abs=1e-8)
    assert result["fpir"]["low"] == pytest.approx(0.03645513, abs=1e-8)
    assert result["fpir"]["high"] == pytest.approx(0.07460065, abs=1e-8)
    assert result["implied_fmr"] == pytest.approx(2.15022742e-6, rel=1e-8)
    assert result["planned_fpir"]["1000000"] == pytest.approx(0.8835, abs=5e-5)
    share = result["shares"][0]
    assert (share["share"]["errors"], share["share"]["trials"]) == (11, 28)
    assert share["base"]["rate"] == pytest.approx(0.2)
    assert share["binomial_p"] == pytest.approx(0.0168, abs=5e-5)
    assert share["odds_ratio"] == pytest.approx(2.77, abs=5e-3)
    assert share["fisher_p"] == pytest.approx(0.0142, abs=5e-5)
    (table,) = [
        block
        for section in report.sections
        for block in section.blocks
        if isinstance(block, Table) and "Shares" in block.caption
    ]
    assert table.rows[0][:5] == ("group: colour", "107", "11 of 28", "0.393", "0.2")
    assert result["gallery_size_for_one_in_100"] == pytest.approx(4_675, abs=2)


def test_every_threshold_is_shown() -> None:
    report = congress_report(strangers(50), members())
    assert [r["similarity"] for r in report.figures["thresholds"]] == [80, 95, 99]
    counts = [point["fpir"]["errors"] for point in report.figures["curve"]]
    assert counts == sorted(counts, reverse=True)
    lines = [b for s in report.sections for b in s.blocks if isinstance(b, Lines)]
    assert lines[0].series[0].xs[0] == 50


def test_no_false_match_promises_nothing() -> None:
    nobody = side(np.tile([0, 0, 1.0], (40, 1)), "nobody", ["a"] * 40)
    plan = AuditPlan(similarities=(80.0,), by=("group",))
    (result,) = congress_report(strangers(50), nobody, plan).figures["thresholds"]
    assert result["fpir"]["errors"] == 0
    assert result["fpir"]["high"] > 0.05
    assert (result["planned_fpir"], result["gallery_size_for_one_in_100"]) == (None, None)
    assert "no share" in result["shares"][0]["withheld"]


def test_small_groups_and_repeated_subjects_get_no_test() -> None:
    vectors = np.tile([1.0, 0, 0], (60, 1))
    few = side(vectors, "p", ["few"] * 5 + ["many"] * 55)
    plan = AuditPlan(similarities=(80.0,), by=("group",))
    (result,) = congress_report(strangers(9), few, plan).figures["thresholds"]
    assert result["shares"][0]["withheld"] == "5 probes, fewer than 30"
    manifest = manifest_with(["one"] * 2 + [f"p{n}" for n in range(58)], {"group": ["a"] * 60})
    report = congress_report(strangers(9), EvaluatedImages.of(manifest, few.templates), plan)
    assert "not independent" in report.figures["thresholds"][0]["shares"][0]["withheld"]
    assert "Some probes are of one subject" in cautions(report)


def test_nobody_may_be_on_both_sides() -> None:
    gallery = strangers(5)
    with pytest.raises(InputError, match="5 subjects are in the gallery"):
        congress_report(gallery, gallery)
    renamed = EvaluatedImages.of(manifest_with(["x", "y", "z", "u", "v"]), gallery.templates)
    with pytest.raises(InputError, match="5 probes are the same file"):
        congress_report(gallery, renamed)


def test_probes_that_look_like_the_gallery_are_told() -> None:
    gallery, probes = strangers(3), members()
    image = np.random.default_rng(1).integers(0, 256, 256).astype(np.uint8)
    sides = []
    for one in (gallery, probes):
        marks = one.templates.images
        marks.hashes[0], marks.thumbnails[0] = 77, image
        sides.append(
            EvaluatedImages.of(
                one.manifest, dataclasses.replace(one.templates, images=marks), CALIBRATION
            )
        )
    assert "1 probe looks like" in cautions(congress_report(sides[0], sides[1]))


def test_failures_match_nobody_and_are_said() -> None:
    report = congress_report(strangers(5), members(failed=range(11)))
    assert report.figures["thresholds"][0]["fpir"]["errors"] == 17
    assert "11 of 535 images of the probes" in cautions(report)


def test_without_a_calibration_scores_are_needed() -> None:
    uncalibrated = dataclasses.replace(strangers(5), calibration=None)
    with pytest.raises(InputError, match="--scores"):
        congress_report(uncalibrated, members())
    report = congress_report(uncalibrated, members(), AuditPlan(scores=(0.5,)))
    assert report.figures["thresholds"][0]["fpir"]["errors"] == 28
    assert report.figures["curve"] == []


def test_bad_input_is_refused_in_words() -> None:
    lost = strangers(2)
    lost = EvaluatedImages.of(
        lost.manifest, templates_of(np.eye(2, 3), failed=[0, 1], prefix="lost"), CALIBRATION
    )
    with pytest.raises(InputError, match="no image of the gallery"):
        congress_report(lost, members())
    with pytest.raises(InputError, match="no group column"):
        congress_report(strangers(5), members(), AuditPlan(by=("colour",)))
    torn = side(np.eye(3), "t", ["a", "", "b"])
    with pytest.raises(InputError, match="1 probes have no label"):
        congress_report(strangers(5), torn, AuditPlan(by=("group",)))
    other = dataclasses.replace(members().templates, space=TemplateSpace("other", "1" * 64, 3))
    with pytest.raises(SpaceMismatchError):
        congress_report(strangers(5), EvaluatedImages.of(members().manifest, other))


def test_reports_repeat_to_the_byte() -> None:
    plan = AuditPlan(by=("group",))
    one, other = (congress_report(strangers(99), members(), plan) for _ in range(2))
    assert one == other
    assert json.dumps(one.figures, allow_nan=False) == json.dumps(other.figures)
