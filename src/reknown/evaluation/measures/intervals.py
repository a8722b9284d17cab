"""Confidence intervals of error rates, and how much data a rate needs.

Wilson and Clopper-Pearson are for independent trials. Comparisons that share a subject are
not: for those the clustered variances and the bootstrap over subjects (arXiv 2306.01198;
NIST resamples subjects too).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import beta

from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import LEVEL, Interval, Rate, check_level, wilson_of
from reknown.evaluation.measures.designs import merged, sums_within
from reknown.evaluation.measures.scores import checked_codes

if TYPE_CHECKING:
    from reknown.evaluation.measures.arrays import Floats, Ints, Mask
    from reknown.evaluation.measures.designs import PairDesign


_REPLICATES = 1000


@dataclass(frozen=True, slots=True)
class ClusteredRate:
    """A rate whose trials share subjects.

    `variance` is of the rate, allowing for that; `naive_variance` as if independent.
    `effective_trials` independent trials would be as precise: never more than the trials, and
    the number of `subjects` where no error, or nothing but errors, leaves a variance of 0.
    """

    rate: Rate
    variance: float
    naive_variance: float
    effective_trials: float
    subjects: int


@dataclass(frozen=True, slots=True)
class NeededSamples:
    """How many independent trials a true rate takes.

    `zero_error_trials` without an error put it below `rate` with 95 % confidence. The subjects
    are a floor: as many as have 3 / rate pairs.
    """

    rate: float
    zero_error_trials: int
    zero_error_subjects: int


def exact(rate: Rate, level: float = LEVEL) -> Interval:
    """Clopper and Pearson's interval for independent trials: at least `level`, never less."""
    check_level(level)
    k, n, tail = rate.errors, rate.trials, (1 - level) / 2
    low = 0.0 if k == 0 else float(beta.ppf(tail, k, n - k + 1))
    high = 1.0 if k == n else float(beta.ppf(1 - tail, k + 1, n - k))
    return Interval(low, high, level)


def needed_samples(rate: float) -> NeededSamples:
    """What a `rate` between 0 and 1 (exclusive) takes; see `NeededSamples`."""
    if not 0 < rate < 1:
        raise InputError(f"a rate to be shown must be between 0 and 1, got {rate:g}")
    zero = math.ceil(math.log(1 - LEVEL) / math.log1p(-rate))
    # rounded up, but not because of the last bits of a quotient
    pairs = math.ceil(3 / rate * (1 - 1e-12))
    return NeededSamples(rate, zero, subjects_for_pairs(pairs))


def subjects_for_pairs(pairs: int) -> int:
    """The fewest subjects that form `pairs` different pairs of one image each."""
    if pairs < 1:
        raise InputError("ask for at least one pair")
    # the least s with (2s - 1)^2 > 8 * pairs, in whole numbers
    return (math.isqrt(8 * pairs) + 3) // 2


def clustered_fnmr(errors: Mask, subjects: Ints) -> ClusteredRate:
    """FNMR from one flag and one subject for each mated comparison, both (m,).

    Var = sum over subjects of (sum of their e - p)^2 / m^2 (arXiv 2306.01198).
    """
    flags = np.asarray(errors)
    if flags.dtype != np.bool_ or flags.ndim != 1:
        raise InputError("errors are given as one true or false for each comparison")
    codes = checked_codes(subjects, flags.shape, "subjects", 0)
    trials = np.bincount(codes)
    return clustered_from_sums(np.bincount(codes[flags], minlength=len(trials)), trials)


def clustered_from_sums(errors: Ints, trials: Ints) -> ClusteredRate:
    """The same from each subject's number of errors and of trials, both (s,)."""
    shape = np.shape(trials)
    counts = checked_codes(trials, shape, "trials", 0)
    wrong = checked_codes(errors, shape, "errors", 0)
    if (wrong > counts).any():
        raise InputError("a subject has more errors than trials")
    rate = Rate(int(wrong.sum()), int(counts.sum()))
    deviations = wrong - rate.value * counts
    variance = float((deviations**2).sum()) / rate.trials**2
    return _clustered(rate, variance, int(np.count_nonzero(counts)))


def clustered_fmr(errors: Ints, design: PairDesign) -> ClusteredRate:
    """FMR from the subjects (k, 2) of each false match, and all that was compared.

    Var = [sum r_e^2 + max(0, sum of r_e r_f over comparisons sharing a subject)] / M^2 with
    r = e - q (arXiv 2306.01198), each unordered comparison once. With R_v the sum of r over a
    subject's comparisons and D_d over a dyad's, the second sum is
    sum R_v^2 - sum D_d^2 - sum r_e^2: nothing needs a list of what was no error.

    Raises `InputError` for false matches that are not part of the design.
    """
    dyads, counts = checked_errors(errors, design)
    rate = Rate(int(counts.sum()), design.comparisons)
    q = rate.value
    per_subject = np.bincount(dyads[:, 0], counts, design.subjects)
    per_subject += np.bincount(dyads[:, 1], counts, design.subjects)
    degrees = design.degrees()
    own = rate.trials * q * (1 - q)
    shared = float(((per_subject - q * degrees) ** 2).sum()) - own
    crossed = float((counts**2 - 2 * q * counts * design.trials(dyads)).sum())
    shared -= crossed + q * q * design.dyads_squared()
    variance = (own + max(0.0, shared)) / rate.trials**2
    return _clustered(rate, variance, int(np.count_nonzero(degrees)))


def clustered_wilson(clustered: ClusteredRate, level: float = LEVEL) -> Interval:
    """Wilson's interval with the effective number of trials."""
    return wilson_of(clustered.rate.value, clustered.effective_trials, level)


def vertex_bootstrap(
    errors: Ints, design: PairDesign, *, replicates: int = _REPLICATES, seed: int = 1
) -> Floats:
    """FMR in samples of subjects drawn with replacement (b,), b <= `replicates`.

    A comparison counts as often as its subjects were drawn together; one with itself does not
    count. Samples without any comparison are left out.
    """
    dyads, counts = checked_errors(errors, design)
    degrees = design.degrees()
    present = np.flatnonzero(degrees)
    labels = np.zeros(design.subjects, np.intp)
    generator = np.random.default_rng(seed)
    rates = []
    for _ in range(_checked_replicates(replicates)):
        weights = drawn_weights(generator, present, design.subjects)
        total = design.totals(labels, 1, weights)[0]
        # sums of products of whole numbers, so a half is far from every value but 0
        if total > 0.5:
            rates.append(sums_within(dyads, counts, labels, 1, weights)[0] / total)
    return np.array(rates)


def percentile_interval(samples: Floats, level: float = LEVEL) -> Interval:
    """The middle share `level` of bootstrap samples (b,); `InputError` for fewer than 20."""
    check_level(level)
    if len(samples) < 20:
        raise InputError("an interval from a bootstrap needs at least 20 usable samples")
    low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), level)


def drawn_weights(generator: np.random.Generator, present: Ints, subjects: int) -> Floats:
    """How often each of `subjects` was drawn when those `present` are drawn with replacement."""
    drawn = present[generator.integers(0, len(present), len(present))]
    return np.bincount(drawn, minlength=subjects).astype(np.float64)


def checked_errors(errors: Ints, design: PairDesign) -> tuple[Ints, Floats]:
    """The dyads (k, 2) of the false matches and how many each has (k,).

    Raises `InputError` when there are more of a dyad than the design compared.
    """
    pairs = checked_codes(errors, (len(errors), 2), "false matches", 0)
    if pairs.max(initial=0) >= design.subjects:
        raise InputError("a false match names a subject that the design does not have")
    dyads, counts = merged(pairs, design.subjects)
    if (counts > design.trials(dyads)).any():
        raise InputError("two subjects have more false matches than comparisons in the design")
    return dyads, counts


def _clustered(rate: Rate, variance: float, subjects: int) -> ClusteredRate:
    naive = rate.value * (1 - rate.value) / rate.trials
    if rate.errors in {0, rate.trials}:
        effective = float(subjects)
    else:
        effective = rate.value * (1 - rate.value) / max(variance, naive)
    return ClusteredRate(rate, variance, naive, effective, subjects)


def _checked_replicates(replicates: int) -> int:
    if replicates < 1:
        raise InputError("a bootstrap needs at least one replicate")
    return replicates
