"""One-number summaries: EER, AUC and d'; exact, or to a bin where not every score was kept."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.rates import Rate
from reknown.evaluation.measures.verification import EqualErrorRate
from reknown.evaluation.runs.comparisons import bin_edges

if TYPE_CHECKING:
    from reknown.evaluation.measures.arrays import Counts, Floats
    from reknown.evaluation.runs.comparisons import Comparisons


@dataclass(frozen=True, slots=True)
class Summary:
    """EER and AUC count failures as errors; d' is of the successes and None if undefined.

    `exact` is False where non-mated scores were counted in bins.
    """

    eer: EqualErrorRate
    auc: float
    d_prime: float | None
    exact: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Weighted:
    """Non-mated scores (k,), ascending, each so many times."""

    scores: Floats
    counts: Counts
    comparisons: int
    failures: int


def summarise(data: Comparisons) -> Summary:
    """The summaries of all the comparisons."""
    others = _weighted(data)
    mated = np.sort(data.mated)
    return Summary(
        _equal_error_rate(mated, others),
        _area(mated, others, data.mated_failures),
        _d_prime(mated[mated > -math.inf], others),
        data.bins is None,
    )


def _weighted(data: Comparisons) -> _Weighted:
    tail = data.tail
    if data.bins is None:
        scores, counts = np.unique(tail.scores, return_counts=True)
        return _Weighted(scores, counts.astype(np.int64), tail.comparisons, tail.failures)
    used = np.flatnonzero(data.bins)
    edges = bin_edges()
    # the middle of a bin stands for what lies in it
    middles = (edges[used] + edges[used + 1]) / 2
    return _Weighted(middles, data.bins[used], tail.comparisons, tail.failures)


def _equal_error_rate(mated: Floats, others: _Weighted) -> EqualErrorRate:
    finite = mated[mated > -math.inf]
    thresholds = np.unique(np.concatenate([finite, others.scores]))
    thresholds = np.append(thresholds, np.nextafter(thresholds[-1], math.inf))
    below = np.concatenate([[0], others.counts.cumsum()])
    reaching = int(below[-1]) - below[np.searchsorted(others.scores, thresholds)]
    missed = np.searchsorted(mated, thresholds)
    gaps = np.abs(reaching / others.comparisons - missed / len(mated))
    best = int(np.argmin(gaps))
    return EqualErrorRate(
        float(thresholds[best]),
        Rate(int(reaching[best]), others.comparisons),
        Rate(int(missed[best]), len(mated)),
    )


def _area(mated: Floats, others: _Weighted, failed: int) -> float:
    finite = mated[mated > -math.inf]
    below = np.concatenate([[0], others.counts.cumsum()]) + others.failures
    less = below[np.searchsorted(others.scores, finite, "left")].sum(dtype=np.float64)
    most = below[np.searchsorted(others.scores, finite, "right")].sum(dtype=np.float64)
    total = less + most + failed * others.failures  # two failures tie
    return float(total / (2 * len(mated) * others.comparisons))


def _d_prime(mated: Floats, others: _Weighted) -> float | None:
    mean = float(np.average(others.scores, weights=others.counts))
    variance = float(np.average((others.scores - mean) ** 2, weights=others.counts))
    spread = (variance + float(mated.var())) / 2
    if spread <= 0:
        return None
    return abs(float(mated.mean()) - mean) / math.sqrt(spread)
