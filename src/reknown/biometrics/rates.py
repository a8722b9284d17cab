"""A rate together with the counts it comes from, and how far chance may have moved it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from reknown.biometrics.errors import InputError

LEVEL = 0.95


@dataclass(frozen=True, slots=True, order=False)
class Rate:
    """`errors` out of `trials`: a rate is never shown without how much it rests on.

    Raises `InputError` without trials, or for counts that are not 0 <= errors <= trials.
    """

    errors: int
    trials: int

    def __post_init__(self) -> None:
        if self.trials < 1:
            raise InputError("there is no rate of no trials: give at least one comparison")
        if not 0 <= self.errors <= self.trials:
            raise InputError(f"{self.errors} errors of {self.trials} trials cannot be")

    @property
    def value(self) -> float:
        """Errors per trial, 0 to 1."""
        return self.errors / self.trials


def check_proportion(value: float, name: str) -> None:
    """Raise `InputError` unless 0 <= `value` <= 1; NaN is refused too."""
    if not 0 <= value <= 1:
        raise InputError(f"{name} must be between 0 and 1, got {value:g}")


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high`, holding the true value in a share `level` of such samples."""

    low: float
    high: float
    level: float


def wilson(rate: Rate, level: float = LEVEL) -> Interval:
    """Wilson's score interval for independent trials."""
    return wilson_of(rate.value, rate.trials, level)


def wilson_of(value: float, trials: float, level: float = LEVEL) -> Interval:
    """Wilson's interval of a proportion of `trials`, which need not be a whole number."""
    check_proportion(value, "a rate")
    if not trials > 0:
        raise InputError("an interval needs at least one trial")
    z = normal_quantile(level)
    centre = (value + z * z / (2 * trials)) / (1 + z * z / trials)
    spread = math.sqrt(value * (1 - value) / trials + z * z / (4 * trials * trials))
    half = z * spread / (1 + z * z / trials)
    low = 0.0 if value == 0 else max(0.0, centre - half)
    return Interval(low, 1.0 if value == 1 else min(1.0, centre + half), level)


def normal_quantile(level: float) -> float:
    """The two-sided quantile of the normal distribution: 1.96 for 0.95."""
    check_level(level)
    return NormalDist().inv_cdf((1 + level) / 2)


def check_level(level: float) -> None:
    """Raise `InputError` unless 0 < `level` < 1."""
    if not 0 < level < 1:
        raise InputError(f"a level of confidence must be between 0 and 1, got {level:g}")
