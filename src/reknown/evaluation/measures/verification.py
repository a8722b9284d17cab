"""One-to-one error rates: FMR, FNMR and what is derived from them.

FMR and FNMR as in ISO/IEC 19795-1 and NIST's FRTE 1:1 reports. Every function counts
failures (score -inf) as errors; for rates conditional on success give it
`scores.successes()`. Nothing is interpolated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import Rate, check_proportion
from reknown.evaluation.measures.scores import matches, most_errors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reknown.evaluation.measures.arrays import Counts, Floats
    from reknown.evaluation.measures.scores import ScoreSet


@dataclass(frozen=True, slots=True, eq=False)
class DetCurve:
    """Detection error trade-off at all distinct thresholds, ascending; all arrays (t,).

    `false_matches` of `non_mated` comparisons fall, `false_non_matches` of `mated` ones rise.
    The last threshold lies above every score.
    """

    thresholds: Floats
    false_matches: Counts
    false_non_matches: Counts
    non_mated: int
    mated: int

    @property
    def fmr(self) -> Floats:
        """False match rate at each threshold (t,)."""
        return self.false_matches / self.non_mated

    @property
    def fnmr(self) -> Floats:
        """False non-match rate at each threshold (t,)."""
        return self.false_non_matches / self.mated


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """The rates at one `threshold`; `target` is the FMR it was chosen for, None if given."""

    target: float | None
    threshold: float
    fmr: Rate
    fnmr: Rate


@dataclass(frozen=True, slots=True)
class EqualErrorRate:
    """Both rates at the threshold where they are nearest to each other."""

    threshold: float
    fmr: Rate
    fnmr: Rate

    @property
    def value(self) -> float:
        """The mean of the two rates: a summary, not an operating point."""
        return (self.fmr.value + self.fnmr.value) / 2


def false_match_rate(scores: ScoreSet, threshold: float) -> Rate:
    """FMR: non-mated comparisons at or above `threshold`."""
    errors = np.count_nonzero(matches(scores.non_mated, threshold))
    return Rate(int(errors), len(scores.non_mated))


def false_non_match_rate(scores: ScoreSet, threshold: float) -> Rate:
    """FNMR: mated comparisons below `threshold`, failures among them."""
    found = np.count_nonzero(matches(scores.mated, threshold))
    return Rate(len(scores.mated) - int(found), len(scores.mated))


def det_curve(scores: ScoreSet) -> DetCurve:
    """FMR and FNMR over all distinct scores and one threshold above them.

    Raises `InputError` when every comparison failed.
    """
    thresholds = distinct_thresholds(np.concatenate([scores.mated, scores.non_mated]))
    non_mated, mated = np.sort(scores.non_mated), np.sort(scores.mated)
    return DetCurve(
        thresholds,
        len(non_mated) - np.searchsorted(non_mated, thresholds).astype(np.int64),
        np.searchsorted(mated, thresholds).astype(np.int64),
        len(non_mated),
        len(mated),
    )


def distinct_thresholds(scores: Floats) -> Floats:
    """The distinct finite scores, ascending, and the next number above the highest.

    Raises `InputError` when no score is finite.
    """
    finite = np.unique(scores[scores > -math.inf])
    if not len(finite):
        raise InputError("every comparison failed: there is no threshold to choose")
    return np.append(finite, np.nextafter(finite[-1], math.inf))


def threshold_for(scores: ScoreSet, target: float) -> float:
    """The lowest of all distinct scores, or just above them, at which FMR <= `target`.

    The rate that is reached never exceeds the one that was asked for (as in
    bob.measure.far_threshold); report it with `operating_points`. Raises `InputError` for a
    target outside 0 to 1, or when every comparison failed.
    """
    check_proportion(target, "a target FMR")
    allowed = most_errors(target, len(scores.non_mated))
    # one more match than allowed begins at this score, so the threshold is above it
    barrier = highest_but(scores.non_mated, allowed)
    return _lowest_above(barrier, scores.mated, scores.non_mated)


def operating_points(scores: ScoreSet, targets: Iterable[float]) -> tuple[OperatingPoint, ...]:
    """For each target FMR its threshold, the FMR reached there and the FNMR."""
    points = []
    for target in targets:
        threshold = threshold_for(scores, target)
        fmr = false_match_rate(scores, threshold)
        fnmr = false_non_match_rate(scores, threshold)
        points.append(OperatingPoint(target, threshold, fmr, fnmr))
    return tuple(points)


def operating_point(scores: ScoreSet, threshold: float) -> OperatingPoint:
    """Both rates at a threshold that was chosen elsewhere, on other subjects."""
    fmr = false_match_rate(scores, threshold)
    return OperatingPoint(None, threshold, fmr, false_non_match_rate(scores, threshold))


def equal_error_rate(scores: ScoreSet) -> EqualErrorRate:
    """EER at the lowest of the distinct thresholds where |FMR - FNMR| is smallest."""
    curve = det_curve(scores)
    # in whole numbers, so that rounding decides no tie
    gaps = abs(curve.false_matches * curve.mated - curve.false_non_matches * curve.non_mated)
    best = int(np.argmin(gaps))
    return EqualErrorRate(
        float(curve.thresholds[best]),
        Rate(int(curve.false_matches[best]), curve.non_mated),
        Rate(int(curve.false_non_matches[best]), curve.mated),
    )


def area_under_curve(scores: ScoreSet) -> float:
    """Probability that a mated score exceeds a non-mated one, ties counted half; 0 to 1.

    The area under the ROC (Mann-Whitney). Two failures tie.
    """
    ordered = np.sort(scores.non_mated)
    below = np.searchsorted(ordered, scores.mated, "left").sum(dtype=np.int64)
    up_to = np.searchsorted(ordered, scores.mated, "right").sum(dtype=np.int64)
    return float(int(below) + int(up_to)) / (2 * len(scores.mated) * len(ordered))


def d_prime(scores: ScoreSet, ddof: int = 0) -> float:
    """Distance of the means in units of the root of the mean variance (divisor n - `ddof`).

    Raises `InputError` with failures in the set (use `successes()`), with no more scores than
    `ddof` on a side, and when all scores of both sides are equal.
    """
    if scores.mated_failures or scores.non_mated_failures:
        raise InputError("d' needs finite scores: give it scores.successes()")
    if min(len(scores.mated), len(scores.non_mated)) <= ddof:
        raise InputError(f"d' with ddof {ddof} needs more than {ddof} scores on each side")
    variance = (scores.mated.var(ddof=ddof) + scores.non_mated.var(ddof=ddof)) / 2
    if variance == 0:
        raise InputError("d' is not defined where the scores of each side are all equal")
    return float(abs(scores.mated.mean() - scores.non_mated.mean()) / math.sqrt(variance))


def highest_but(scores: Floats, count: int) -> float:
    """The highest score but `count`: -inf when there are no more than `count`."""
    if count >= len(scores):
        return -math.inf
    place = len(scores) - 1 - count
    return float(np.partition(scores, place)[place])


def _lowest_above(barrier: float, *sets: Floats) -> float:
    above = [float(part[part > barrier].min()) for part in sets if (part > barrier).any()]
    if above:
        return min(above)
    if barrier == -math.inf:
        raise InputError("every comparison failed: there is no threshold to choose")
    return float(np.nextafter(barrier, math.inf))
