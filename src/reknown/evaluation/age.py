"""Age estimation: absolute error, bias, and Challenge-T checks as in NISTIR 8525.

Ages are in years. An estimate of -inf is a failure: it has no error to average, but it counts
against the shares, and it does not pass a Challenge-T check.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.evaluation.rates import Rate
from reknown.evaluation.scores import UNLABELLED, checked_codes, checked_scores

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

_OF_AGE = 18.0


@dataclass(frozen=True, slots=True)
class AgeErrors:
    """Mean absolute error and bias (estimate less truth) in years, over the successes."""

    mean_absolute_error: float
    bias: float
    failures: Rate


@dataclass(frozen=True, slots=True)
class ChallengeRates:
    """`fpr`: minors estimated at or above T; `fnr`: adults estimated below it.

    None where there are no minors or no adults.
    """

    challenge: float
    fpr: Rate | None
    fnr: Rate | None


def age_errors(true: ArrayLike, estimated: ArrayLike) -> AgeErrors:
    """Errors of estimates (n,) of ages (n,); `InputError` if all failed."""
    ages, guesses = _ages(true, estimated)
    usable = guesses > -math.inf
    if not usable.any():
        raise InputError("every estimate failed: there is no error to average")
    errors = guesses[usable] - ages[usable]
    failures = Rate(int((~usable).sum()), len(ages))
    return AgeErrors(float(abs(errors).mean()), float(errors.mean()), failures)


def cumulative_score(true: ArrayLike, estimated: ArrayLike, years: float) -> Rate:
    """CS(k): estimates (n,) within `years` of the truth (n,). The rate counts the good ones."""
    ages, guesses = _ages(true, estimated)
    if not years >= 0:
        raise InputError(f"a tolerance is 0 years or more, not {years:g}")
    return Rate(int((abs(guesses - ages) <= years).sum()), len(ages))


def challenge_rates(
    true: ArrayLike, estimated: ArrayLike, challenge: float, of_age: float = _OF_AGE
) -> ChallengeRates:
    """Errors of letting pass whoever is estimated at `challenge` years or more."""
    ages, guesses = _ages(true, estimated)
    if not (math.isfinite(challenge) and math.isfinite(of_age)):
        raise InputError("challenge and legal age are finite numbers of years")
    passed, adult = guesses >= challenge, ages >= of_age
    return ChallengeRates(challenge, _share(passed[~adult]), _share(~passed[adult]))


def age_errors_by_group(
    true: ArrayLike, estimated: ArrayLike, groups: ArrayLike
) -> dict[int, AgeErrors]:
    """`age_errors` for each group code from 0; those without a label (-1) are left out."""
    ages, guesses = _ages(true, estimated)
    codes = checked_codes(groups, ages.shape, "groups", UNLABELLED)
    return {
        int(group): age_errors(ages[codes == group], guesses[codes == group])
        for group in np.unique(codes[codes != UNLABELLED])
    }


def _ages(true: ArrayLike, estimated: ArrayLike) -> tuple[Floats, Floats]:
    ages, guesses = checked_scores(true, "ages"), checked_scores(estimated, "estimates")
    if ages.shape != guesses.shape or not (ages >= 0).all():
        raise InputError("give one estimate for each age, and ages of 0 or more")
    return ages, guesses


def _share(wrong: NDArray[np.bool_]) -> Rate | None:
    return Rate(int(wrong.sum()), len(wrong)) if len(wrong) else None
