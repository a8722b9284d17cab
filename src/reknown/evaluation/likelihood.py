"""Scores as weights of evidence: pool adjacent violators, Cllr and minCllr.

Cllr of Brümmer and du Preez (2006) in bits: 0 is perfect, 1 is what a system that says nothing
gets. A likelihood ratio is never a probability of identity.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import isotonic_regression

from reknown.biometrics.errors import InputError
from reknown.evaluation.scores import checked_scores

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from reknown.evaluation.scores import ScoreSet

    Floats = NDArray[np.float64]


def pool_adjacent_violators(scores: ArrayLike, mated: ArrayLike) -> Floats:
    """The share of mated comparisons as a non-decreasing step function of the score (n,).

    `scores` (n,) in any order, `mated` (n,) true or false (or 1 and 0). Equal scores are
    pooled first, so that the order of the input does not matter.
    """
    values = checked_scores(scores, "scores")
    truth = np.asarray(mated)
    if truth.shape != values.shape or not np.isin(truth, (0, 1)).all():
        raise InputError("say of each score whether its comparison is mated: true or false")
    _, level, counts = np.unique(values, return_inverse=True, return_counts=True)
    shares = np.bincount(level, truth.astype(np.float64)) / counts
    fitted = isotonic_regression(shares, weights=counts.astype(np.float64)).x
    return np.asarray(fitted, np.float64)[level]


def cllr(mated: ArrayLike, non_mated: ArrayLike) -> float:
    """Cost of natural log likelihood ratios (m,) and (n,), in bits, 0 to infinity.

    Raises `InputError` for NaN or an empty side; an infinite ratio on the wrong side costs
    infinitely much.
    """
    sides = np.asarray(mated, np.float64), np.asarray(non_mated, np.float64)
    for side in sides:
        if side.ndim != 1 or not len(side) or np.isnan(side).any():
            raise InputError("Cllr needs log likelihood ratios of both kinds, none of them NaN")
    misses, alarms = np.logaddexp(0, -sides[0]).mean(), np.logaddexp(0, sides[1]).mean()
    return float(misses + alarms) / (2 * math.log(2))


def min_cllr(scores: ScoreSet) -> float:
    """Cllr after the best monotone calibration of these very scores, 0 to 1.

    What the scores could tell apart if calibrated; optimistic, as it is fitted to the same
    set. Failures, -inf, are the lowest score.
    """
    m, n = len(scores.mated), len(scores.non_mated)
    truth = np.concatenate([np.ones(m), np.zeros(n)])
    fitted = pool_adjacent_violators(np.concatenate([scores.mated, scores.non_mated]), truth)
    with np.errstate(divide="ignore"):
        ratios = np.log(fitted) - np.log1p(-fitted) - math.log(m / n)
    return cllr(ratios[:m], ratios[m:])
