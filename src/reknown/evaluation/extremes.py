"""FMR beyond the highest non-mated score, by extreme value theory.

ISO/IEC 5152 estimates a false match rate from small samples so: scores above u follow a
generalized Pareto distribution, FMR(T) = zeta (1 + xi (T - u) / beta)^(-1 / xi). Always
extrapolated, never a headline, never a threshold for production.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import genpareto

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

LABEL = "extrapolated"
_LEAST_EXCESSES = 50
_EXPONENTIAL = 1e-9


@dataclass(frozen=True, slots=True)
class ExtrapolatedRate:
    """A rate that was not measured; show `label` with it, always."""

    value: float
    label: str = LABEL


@dataclass(frozen=True, slots=True)
class ParetoTail:
    """Scores above `start` (u): a share `share` (zeta) of all, of `shape` xi and `scale` beta.

    Raises `InputError` for a share outside 0 to 1 or a scale that is not positive.
    """

    start: float
    share: float
    shape: float
    scale: float

    def __post_init__(self) -> None:
        if not (0 < self.share <= 1 and self.scale > 0 and math.isfinite(self.shape)):
            raise InputError("a tail needs a share in (0, 1], a positive scale, a finite shape")

    def false_match_rate(self, threshold: float) -> ExtrapolatedRate:
        """FMR at a threshold at or above `start`; 0 past the end of a tail with negative shape.

        Raises `InputError` below `start`, where rates are counted.
        """
        if not threshold >= self.start:
            raise InputError(f"below {self.start:g} the rate was measured: count it there")
        excess = (threshold - self.start) / self.scale
        if abs(self.shape) < _EXPONENTIAL:
            return ExtrapolatedRate(self.share * math.exp(-excess))
        base = 1 + self.shape * excess
        return ExtrapolatedRate(self.share * base ** (-1 / self.shape) if base > 0 else 0.0)

    def threshold(self, false_match_rate: float) -> float:
        """The threshold at which the tail has that rate, above 0 and at most `share`."""
        if not 0 < false_match_rate <= self.share:
            raise InputError(f"the tail holds rates up to {self.share:g}, not {false_match_rate:g}")
        depth = math.log(self.share / false_match_rate)
        if abs(self.shape) < _EXPONENTIAL:
            return self.start + self.scale * depth
        return self.start + self.scale * math.expm1(self.shape * depth) / self.shape


def fit_tail(tail_scores: ArrayLike, start: float, comparisons: int) -> ParetoTail:
    """Fit, by maximum likelihood, the non-mated scores above `start` of all `comparisons`.

    Scores at or below `start` are passed over. Raises `InputError` for fewer than 50 above it,
    or when these are all equal.
    """
    scores = np.asarray(tail_scores, np.float64)
    excesses = scores[scores > start] - start
    if not np.isfinite(excesses).all() or len(excesses) < _LEAST_EXCESSES:
        raise InputError(
            f"a tail is fitted to at least {_LEAST_EXCESSES} finite scores above its start, "
            f"not {len(excesses)}: start lower"
        )
    if np.ptp(excesses) == 0 or len(excesses) > comparisons:
        raise InputError("a tail needs different scores, and no more than were compared")
    shape, _, scale = genpareto.fit(excesses, floc=0)
    return ParetoTail(start, len(excesses) / comparisons, float(shape), float(scale))
