from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import Rate
from reknown.evaluation.measures.scores import ScoreSet
from reknown.evaluation.measures.verification import (
    area_under_curve,
    d_prime,
    det_curve,
    equal_error_rate,
    false_match_rate,
    false_non_match_rate,
    operating_point,
    operating_points,
    threshold_for,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

MATED = np.array([0.90, 0.82, 0.75, 0.61, 0.55, 0.40, 0.81, 0.70])
NON_MATED = np.array([0.10, 0.22, 0.05, 0.33, 0.41, 0.18, 0.27, 0.55, 0.12, 0.30])
V1 = ScoreSet(MATED, NON_MATED)

# few distinct values, so that ties within and between the sides are common
SIDE = st.lists(st.sampled_from([-math.inf, *np.linspace(0, 1, 9)]), min_size=1, max_size=40)


def made(mated: list[float], non_mated: list[float]) -> ScoreSet | None:
    if max(mated + non_mated) == -math.inf:
        return None
    return ScoreSet(np.array(mated), np.array(non_mated))


@pytest.mark.parametrize(
    ("threshold", "fmr", "fnmr"),
    [
        (0.41, Rate(2, 10), Rate(1, 8)),
        (0.55, Rate(1, 10), Rate(1, 8)),
        (np.nextafter(0.55, 1), Rate(0, 10), Rate(2, 8)),
    ],
)
def test_v1_rates_at_a_threshold(threshold: float, fmr: Rate, fnmr: Rate) -> None:
    assert false_match_rate(V1, threshold) == fmr
    assert false_non_match_rate(V1, threshold) == fnmr
    point = operating_point(V1, threshold)
    assert (point.target, point.fmr, point.fnmr) == (None, fmr, fnmr)


def test_v1_thresholds_of_targets() -> None:
    points = operating_points(V1, [0.3, 0.2, 0.1, 0])
    assert [point.threshold for point in points] == [0.33, 0.40, 0.55, 0.61]
    assert [point.fnmr.value for point in points] == [0, 0, 0.125, 0.25]
    assert [point.fmr.errors for point in points] == [3, 2, 1, 0]


def test_v1_summaries() -> None:
    eer = equal_error_rate(V1)
    assert (eer.threshold, eer.fmr.value, eer.fnmr.value) == (0.55, 0.1, 0.125)
    assert eer.value == pytest.approx(0.1125)
    assert area_under_curve(V1) == 0.96875
    assert d_prime(V1) == pytest.approx(2.941634291, abs=1e-9)
    assert d_prime(V1, ddof=1) == pytest.approx(2.769802561, abs=1e-9)


def test_v1_agrees_with_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    truth = np.r_[np.ones(8), np.zeros(10)]
    fmr, fnmr, thresholds = metrics.det_curve(truth, np.r_[MATED, NON_MATED])
    finite = np.isfinite(thresholds)
    for rate, miss, threshold in zip(fmr[finite], fnmr[finite], thresholds[finite], strict=True):
        assert false_match_rate(V1, threshold).value == pytest.approx(rate)
        assert false_non_match_rate(V1, threshold).value == pytest.approx(miss)
    area = metrics.roc_auc_score(truth, np.r_[MATED, NON_MATED])
    assert area == pytest.approx(area_under_curve(V1))


def test_v1_agrees_with_pyeer() -> None:
    stats = pytest.importorskip("pyeer.eer_info")
    report = stats.get_eer_stats(list(MATED), list(NON_MATED))
    assert report.eer == pytest.approx(equal_error_rate(V1).value)
    assert (report.eer_low, report.eer_high, report.eer_th) == pytest.approx((0.1, 0.125, 0.55))
    assert report.auc == pytest.approx(area_under_curve(V1))


def test_many_scores_agree_with_scikit_learn_and_pyeer() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    stats = pytest.importorskip("pyeer.eer_info")
    generator = np.random.default_rng(3)
    mated, others = generator.normal(2, 1, 400).round(2), generator.normal(0, 1, 3000).round(2)
    scores = ScoreSet(mated, others)
    truth, values = np.r_[np.ones(400), np.zeros(3000)], np.r_[mated, others]
    assert area_under_curve(scores) == pytest.approx(metrics.roc_auc_score(truth, values))
    fmr, fnmr, thresholds = metrics.det_curve(truth, values)
    curve = det_curve(scores)
    places = np.searchsorted(curve.thresholds, thresholds[np.isfinite(thresholds)])
    np.testing.assert_allclose(curve.fmr[places], fmr[np.isfinite(thresholds)])
    np.testing.assert_allclose(curve.fnmr[places], fnmr[np.isfinite(thresholds)])
    report = stats.get_eer_stats(list(mated), list(others))
    assert report.decidability == pytest.approx(d_prime(scores))
    assert report.eer == pytest.approx(equal_error_rate(scores).value, abs=2e-3)
    assert report.auc == pytest.approx(area_under_curve(scores), abs=1e-3)


def test_ten_of_a_hundred_genuine_pairs_unreadable_are_ten_per_cent_false_rejects() -> None:
    mated = np.r_[np.full(90, 0.9), np.full(10, -math.inf)]
    scores = ScoreSet(mated, np.linspace(0, 0.5, 1000))
    assert operating_points(scores, [1e-3])[0].fnmr == Rate(10, 100)
    assert operating_points(scores.successes(), [1e-3])[0].fnmr == Rate(0, 90)
    assert false_non_match_rate(scores, -math.inf) == Rate(10, 100)


def test_failures_lower_fmr_unless_left_out() -> None:
    scores = ScoreSet(np.array([0.9]), np.array([0.8, 0.1, -math.inf, -math.inf]))
    assert false_match_rate(scores, 0.5) == Rate(1, 4)
    assert false_match_rate(scores.successes(), 0.5) == Rate(1, 2)


def test_d_prime_refuses_failures_and_equal_scores() -> None:
    with pytest.raises(InputError, match="successes"):
        d_prime(ScoreSet(np.array([1.0, -math.inf]), np.array([0.0, 0.1])))
    with pytest.raises(InputError):
        d_prime(ScoreSet(np.array([1.0, 1.0]), np.array([0.0, 0.0])))
    with pytest.raises(InputError):
        d_prime(ScoreSet(np.array([1.0]), np.array([0.0, 0.1])), ddof=1)


@pytest.mark.parametrize("target", [-0.1, 1.1, math.nan])
def test_a_target_that_is_no_rate_is_refused(target: float) -> None:
    with pytest.raises(InputError):
        threshold_for(V1, target)


def test_no_threshold_without_any_success() -> None:
    scores = ScoreSet(np.array([-math.inf]), np.array([-math.inf]))
    with pytest.raises(InputError):
        threshold_for(scores, 0.1)
    with pytest.raises(InputError):
        det_curve(scores)


@given(SIDE, SIDE)
def test_the_det_curve_is_monotone_and_counts_what_the_rates_count(
    mated: list[float], non_mated: list[float]
) -> None:
    scores = made(mated, non_mated)
    if scores is None:
        return
    curve = det_curve(scores)
    assert (np.diff(curve.false_matches) <= 0).all()
    assert (np.diff(curve.false_non_matches) >= 0).all()
    assert (curve.false_matches[-1], curve.false_non_matches[-1]) == (0, len(mated))
    for place, threshold in enumerate(curve.thresholds):
        assert false_match_rate(scores, threshold).errors == curve.false_matches[place]
        assert false_non_match_rate(scores, threshold).errors == curve.false_non_matches[place]


@given(SIDE, SIDE, st.floats(0, 1))
def test_the_threshold_is_the_lowest_that_keeps_the_target(
    mated: list[float], non_mated: list[float], target: float
) -> None:
    scores = made(mated, non_mated)
    if scores is None:
        return
    threshold = threshold_for(scores, target)
    assert false_match_rate(scores, threshold).value <= target
    curve = det_curve(scores)
    assert threshold == curve.thresholds[np.argmax(curve.fmr <= target)]


@given(SIDE, SIDE)
def test_the_order_of_comparisons_does_not_matter(
    mated: list[float], non_mated: list[float]
) -> None:
    scores = made(mated, non_mated)
    other = made(sorted(mated), sorted(non_mated, reverse=True))
    if scores is None or other is None:
        return
    assert equal_error_rate(scores) == equal_error_rate(other)
    assert area_under_curve(scores) == area_under_curve(other)
    assert operating_points(scores, [0.1]) == operating_points(other, [0.1])


def brute_area(mated: NDArray[np.float64], non_mated: NDArray[np.float64]) -> float:
    wins = (mated[:, None] > non_mated).sum() + (mated[:, None] == non_mated).sum() / 2
    return float(wins / (len(mated) * len(non_mated)))


@given(SIDE, SIDE)
def test_the_area_is_the_share_of_pairs_in_order(
    mated: list[float], non_mated: list[float]
) -> None:
    scores = ScoreSet(np.array(mated), np.array(non_mated))
    assert area_under_curve(scores) == pytest.approx(brute_area(scores.mated, scores.non_mated))
