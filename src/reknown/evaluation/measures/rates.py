"""A rate together with the counts it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from reknown.biometrics.errors import InputError


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
