"""Two systems on the same comparisons: McNemar's test, and by how much they differ.

Only comparisons on which one is right and the other wrong tell them apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binomtest

from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import LEVEL, Interval, Rate, normal_quantile
from reknown.evaluation.measures.scores import checked_codes

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from reknown.evaluation.measures.arrays import Ints, Mask


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """Errors of two systems on the same comparisons.

    `only_first` and `only_second` are errors of one system alone. `difference` is the rate of
    the first less that of the second, -1 to 1, in `interval`. `p_value` is McNemar's, exact;
    it takes the comparisons for independent, while `interval` allows for shared subjects
    where these were given.
    """

    first: Rate
    second: Rate
    only_first: int
    only_second: int
    difference: float
    interval: Interval
    p_value: float


def compare_systems(
    first_errors: ArrayLike,
    second_errors: ArrayLike,
    *,
    subjects: ArrayLike | None = None,
    level: float = LEVEL,
) -> PairedComparison:
    """Compare error flags (n,) of two systems, comparison by comparison.

    Without `subjects` the interval is Bonett and Price's (2012), which adds one to each kind
    of discordance. With `subjects` (n,), one a comparison, it is as wide as clusters make it.
    """
    one, two = _flags(first_errors, second_errors)
    b, c = int((one & ~two).sum()), int((two & ~one).sum())
    first, second = Rate(int(one.sum()), len(one)), Rate(int(two.sum()), len(two))
    interval = _adjusted_interval(b, c, len(one), level)
    if subjects is not None:
        codes = checked_codes(subjects, one.shape, "subjects", 0)
        interval = _wider(interval, _clustered_interval(one, two, codes, level))
    # without discordance there is nothing to test
    p_value = float(binomtest(b, b + c).pvalue) if b + c else 1.0
    difference = (b - c) / len(one)
    return PairedComparison(first, second, b, c, difference, interval, p_value)


def _adjusted_interval(b: int, c: int, trials: int, level: float) -> Interval:
    p, q = (b + 1) / (trials + 2), (c + 1) / (trials + 2)
    half = normal_quantile(level) * math.sqrt((p + q - (p - q) ** 2) / (trials + 2))
    return Interval(max(-1.0, p - q - half), min(1.0, p - q + half), level)


def _clustered_interval(one: Mask, two: Mask, subjects: Ints, level: float) -> Interval:
    differences = one.astype(np.float64) - two
    mean = float(differences.mean())
    sums = np.bincount(subjects, differences - mean)
    present = len(np.unique(subjects))
    if present < 2:
        raise InputError("an interval over subjects needs at least two subjects")
    # g / (g - 1), as the mean was estimated from the same subjects
    variance = float((sums**2).sum()) / len(one) ** 2 * present / (present - 1)
    half = normal_quantile(level) * math.sqrt(variance)
    return Interval(max(-1.0, mean - half), min(1.0, mean + half), level)


def _wider(one: Interval, other: Interval) -> Interval:
    return one if one.high - one.low >= other.high - other.low else other


def _flags(first: ArrayLike, second: ArrayLike) -> tuple[Mask, Mask]:
    one, two = np.asarray(first), np.asarray(second)
    if one.dtype != np.bool_ or two.dtype != np.bool_ or one.shape != two.shape:
        raise InputError("give the errors of both systems as true or false, in the same order")
    if one.ndim != 1 or not len(one):
        raise InputError("compare two systems on at least one comparison")
    return one, two
