"""Whether groups differ by more than chance.

Ratios between groups are large at small N: eight groups of the same true rate with ten
errors each show a max/min of 2.5 (median). A ratio is therefore shown next to what it would
be if labels meant nothing (subjects' labels permuted) and with an interval from drawing
subjects again, or it is suppressed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import LEVEL
from reknown.evaluation.measures.differentials import (
    MINIMUM_SUBJECTS,
    PairTrials,
    checked_labels,
    group_rates,
    needs_more_trials,
)
from reknown.evaluation.measures.intervals import drawn_weights, percentile_interval
from reknown.evaluation.measures.scores import UNLABELLED, checked_codes

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from reknown.biometrics.rates import Interval
    from reknown.evaluation.measures.arrays import Floats, Ints
    from reknown.evaluation.measures.differentials import Evidence, GroupRate


class Measure(Enum):
    """A measure of the distance between groups, on rates after the floor rule."""

    MAX_OVER_MIN = "max/min"
    MAX_OVER_GEOMETRIC_MEAN = "max/geomean"


class Verdict(Enum):
    """What may be said of a difference between groups."""

    SUPPRESSED = "too little data for a ratio"
    CHANCE = "difference not distinguishable from chance"
    DIFFERENT = "difference larger than chance explains"


@dataclass(frozen=True, slots=True)
class Resampling:
    """How often labels are permuted and subjects drawn, from which seed, at which level."""

    replicates: int = 1000
    seed: int = 1
    level: float = LEVEL


@dataclass(frozen=True, slots=True)
class NullBand:
    """A measure under permuted labels: its `median`, and `upper`, below which `level` of it lies.

    `p_value` is how often chance gives at least what was observed, the observed one counted.
    """

    observed: float
    median: float
    upper: float
    level: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Differential:
    """The groups' rates and, unless suppressed for `reason`, what their ratio is worth.

    `ratio` is the measure over the groups that are shown, `interval` that of the rate of group
    `worst` over that of group `best`: it may reach below 1.
    """

    groups: tuple[GroupRate, ...]
    measure: Measure
    verdict: Verdict
    reason: str
    ratio: float | None = None
    worst: int | None = None
    best: int | None = None
    interval: Interval | None = None
    null: NullBand | None = None


def differential(
    evidence: Evidence,
    labels: ArrayLike,
    target: float,
    *,
    measure: Measure = Measure.MAX_OVER_MIN,
    strata: ArrayLike | None = None,
    minimum_subjects: int = MINIMUM_SUBJECTS,
    resampling: Resampling | None = None,
) -> Differential:
    """Rates by group, their ratio, its interval and null band, and the verdict.

    `labels` (s,) are group codes, -1 for none; `target` is the rate that the threshold was set
    for; `strata` (s,) keep the permutation within them, as in `permutation_null`. Groups below
    `minimum_subjects` take no part in the ratio.
    """
    resampling = resampling or Resampling()
    groups = group_rates(evidence, labels, target, minimum_subjects)
    reason = _suppression(groups, target)
    if reason:
        return Differential(groups, measure, Verdict.SUPPRESSED, reason)
    shown = [group.group for group in groups if group.rate is not None]
    codes = np.where(np.isin(labels, shown), labels, UNLABELLED)
    null = permutation_null(evidence, codes, strata=strata, measure=measure, resampling=resampling)
    rates = _floored(*evidence.counts(codes, max(shown) + 1, np.ones(evidence.subjects)))
    worst, best = int(np.nanargmax(rates)), int(np.nanargmin(rates))
    interval = ratio_interval(evidence, codes, worst, best, resampling)
    different = null.p_value <= 1 - resampling.level
    verdict = Verdict.DIFFERENT if different else Verdict.CHANCE
    reason = f"{measure.value} {null.observed:.3g}; by chance up to {null.upper:.3g}"
    return Differential(
        groups, measure, verdict, reason, null.observed, worst, best, interval, null
    )


def permutation_null(
    evidence: Evidence,
    labels: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    measure: Measure = Measure.MAX_OVER_MIN,
    resampling: Resampling | None = None,
) -> NullBand:
    """The measure when group labels are permuted among the subjects that have trials.

    Within `strata` (s,), codes from 0, if given: where only subjects of the same sex were
    compared, say. Raises `InputError` for fewer than two groups, and for comparisons that are
    all within groups: those cannot be permuted, there use `ratio_interval`.
    """
    resampling = resampling or Resampling()
    codes, groups = checked_labels(evidence, labels)
    chosen = np.flatnonzero(evidence.present() & (codes != UNLABELLED))
    if len(np.unique(codes[chosen])) < 2:
        raise InputError("a difference needs two groups with trials")
    _check_permutable(evidence, codes, groups)
    given = np.zeros(evidence.subjects, np.intp) if strata is None else strata
    kinds = checked_codes(given, codes.shape, "strata", 0)[chosen]
    ones = np.ones(evidence.subjects)
    observed = _measured(_floored(*evidence.counts(codes, groups, ones)), measure)
    generator = np.random.default_rng(resampling.seed)
    places = chosen[np.argsort(kinds, kind="stable")]
    values = np.empty(resampling.replicates)
    permuted = np.full_like(codes, UNLABELLED)
    for number in range(resampling.replicates):
        # random within strata, and strata in the same order as `places`
        order = np.lexsort((generator.random(len(kinds)), kinds))
        permuted[places] = codes[chosen[order]]
        values[number] = _measured(_floored(*evidence.counts(permuted, groups, ones)), measure)
    return _null_band(observed, values, resampling.level)


def ratio_interval(
    evidence: Evidence, labels: ArrayLike, worst: int, best: int, resampling: Resampling
) -> Interval:
    """Bootstrap interval of the rate of group `worst` over that of group `best`.

    Subjects are drawn with replacement within each group. The groups stay those given: where
    they were picked for their rates, the interval leans towards a difference.
    """
    codes, groups = checked_labels(evidence, labels)
    present = evidence.present()
    members = [np.flatnonzero(present & (codes == group)) for group in (worst, best)]
    if worst == best or min(map(len, members)) < 2:
        raise InputError("a ratio needs two groups of at least two subjects each")
    generator = np.random.default_rng(resampling.seed)
    pair = np.where(np.isin(codes, (worst, best)), codes, UNLABELLED)
    ratios = []
    for _ in range(resampling.replicates):
        weights = sum(drawn_weights(generator, part, len(codes)) for part in members)
        rates = _floored(*evidence.counts(pair, groups, np.asarray(weights, np.float64)))
        ratios.append(rates[worst] / rates[best])
    usable = np.array(ratios)
    return percentile_interval(usable[np.isfinite(usable)], resampling.level)


def _suppression(groups: tuple[GroupRate, ...], target: float) -> str:
    shown = [group for group in groups if group.rate is not None]
    if len(shown) < 2:
        return "fewer than two groups are large enough to be shown"
    for group in shown:
        if group.rate is not None and needs_more_trials(group.rate, target):
            return f"group {group.group} has no error in fewer than 3 / {target:g} trials"
    return ""


def _check_permutable(evidence: Evidence, codes: Ints, groups: int) -> None:
    if not isinstance(evidence, PairTrials):
        return
    ones = np.ones(evidence.subjects)
    inside = evidence.design.totals(codes, groups, ones).sum()
    together = np.where(codes == UNLABELLED, UNLABELLED, 0)
    if evidence.design.totals(together, 1, ones)[0] - inside < 0.5:
        raise InputError("no comparison crosses groups: labels cannot be permuted, compare all")


def _floored(errors: Floats, trials: Floats) -> Floats:
    """The floor rule, NaN for groups without trials."""
    return np.where(trials > 0.5, (errors + 0.5) / (trials + 1), np.nan)


def _measured(rates: Floats, measure: Measure) -> float:
    x = rates[~np.isnan(rates)]
    if not len(x):
        return 1.0
    if measure is Measure.MAX_OVER_MIN:
        return float(x.max() / x.min())
    return float(x.max() / np.exp(np.log(x).mean()))


def _null_band(observed: float, values: Floats, level: float) -> NullBand:
    # equal ratios may differ in their last bits
    reached = np.count_nonzero(values >= observed * (1 - 1e-12))
    p_value = (1 + int(reached)) / (1 + len(values))
    median, upper = np.quantile(values, [0.5, level])
    return NullBand(observed, float(median), float(upper), level, p_value)
