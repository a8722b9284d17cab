"""How far the error rates of groups lie apart, as one number.

ISO/IEC 19795-10 and NISTIR 8429; Gini and GARBE of Howard et al. (arXiv 2203.05051), FDR of
Pereira and Marcel (arXiv 2011.02395), IR of Grother (2021). All take one rate for each
group, (g,) with g >= 2. Measures that divide refuse a rate of 0: give them `floored_rates`.
None of them says whether a difference is more than chance: see `chance`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import check_proportion

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from reknown.evaluation.measures.arrays import Floats


def floored_rates(errors: ArrayLike, trials: ArrayLike) -> Floats:
    """(k + 0.5) / (n + 1) of each group (g,): never 0, so that ratios stay finite.

    Raises `InputError` for counts that are not 0 <= k <= n with n >= 1.
    """
    k, n = np.asarray(errors, np.float64), np.asarray(trials, np.float64)
    if k.shape != n.shape or not ((k >= 0) & (k <= n) & (n >= 1)).all():
        raise InputError("each group needs at least one trial and at most as many errors")
    return np.asarray((k + 0.5) / (n + 1))


def max_over_min(rates: ArrayLike) -> float:
    """The highest rate by the lowest; 1 for equal groups."""
    x = _positive(rates)
    return float(x.max() / x.min())


def max_over_geometric_mean(rates: ArrayLike) -> float:
    """The highest rate by the geometric mean, NISTIR 8429's leading candidate; 1 if equal."""
    x = _positive(rates)
    # never below 1, though the mean of equal logarithms may round
    return max(1.0, float(x.max() / np.exp(np.log(x).mean())))


def sd_log10(rates: ArrayLike) -> float:
    """Standard deviation of log10 of the rates, divisor g; 0 for equal groups."""
    return float(np.log10(_positive(rates)).std())


def gini(rates: ArrayLike, *, corrected: bool = True) -> float:
    """Gini coefficient, 0 for equal groups (all 0 included).

    Times g / (g - 1) if `corrected`, so that one group having all errors gives 1.
    """
    x = _rates(rates)
    mean = x.mean()
    if mean == 0:
        return 0.0
    raw = abs(x[:, None] - x[None]).sum() / (2 * len(x) ** 2 * mean)
    return float(raw * len(x) / (len(x) - 1)) if corrected else float(raw)


def garbe(fmr: ArrayLike, fnmr: ArrayLike, weight: float = 0.5) -> float:
    """Corrected Gini of FMR, weighted `weight`, and of FNMR, the rest; 0 for equal groups."""
    check_proportion(weight, "a weight")
    return weight * gini(fmr) + (1 - weight) * gini(fnmr)


def fairness_discrepancy_rate(fmr: ArrayLike, fnmr: ArrayLike, weight: float = 0.5) -> float:
    """1 less the weighted largest differences of FMR and of FNMR; 1 for equal groups.

    Blind at low rates, where it is near 1 whatever the ratio.
    """
    check_proportion(weight, "a weight")
    return 1 - weight * float(np.ptp(_rates(fmr))) - (1 - weight) * float(np.ptp(_rates(fnmr)))


def inequity_rate(fmr: ArrayLike, fnmr: ArrayLike, weight: float = 0.5) -> float:
    """Weighted geometric mean of both max/min ratios; 1 for equal groups."""
    check_proportion(weight, "a weight")
    return float(max_over_min(fmr) ** weight * max_over_min(fnmr) ** (1 - weight))


def _rates(rates: ArrayLike) -> Floats:
    x = np.asarray(rates, np.float64)
    if x.ndim != 1 or len(x) < 2:
        raise InputError("groups are compared from two on: give one rate for each")
    if not ((x >= 0) & (x <= 1)).all():
        raise InputError("the rates of groups must be between 0 and 1, never NaN")
    return x


def _positive(rates: ArrayLike) -> Floats:
    x = _rates(rates)
    if (x == 0).any():
        raise InputError("a group without errors has no ratio: use floored_rates(errors, trials)")
    return x
