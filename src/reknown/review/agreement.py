"""How well reviewers agree, beyond what chance alone would bring."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from reknown.biometrics.rates import LEVEL, Interval, normal_quantile

if TYPE_CHECKING:
    from collections.abc import Mapping

Said = TypeVar("Said")
# An interval wider than this says too little to act on.
WIDEST = 0.2


@dataclass(frozen=True, slots=True)
class Kappa:
    """Cohen's kappa over `pairs` of judgements: 1 is full agreement, 0 what chance brings.

    None where it is not defined: without pairs, or where all judgements are the same.
    """

    pairs: int
    agreed: int
    value: float | None
    interval: Interval | None

    @property
    def telling(self) -> bool:
        """Whether there are enough data for it to mean something."""
        return self.interval is not None and self.interval.high - self.interval.low <= WIDEST


def kappa_of(counts: Mapping[tuple[Said, Said], int], level: float = LEVEL) -> Kappa:
    """Kappa from how often the first and the second reviewer said what.

    The interval is by the variance of Fleiss, Cohen and Everitt (1969), for large samples.
    """
    pairs = sum(counts.values())
    agreed = sum(count for (one, other), count in counts.items() if one == other)
    names = {name for pair in counts for name in pair}
    shares = {pair: count / pairs for pair, count in counts.items() if pairs}
    first = {name: sum(s for (one, _), s in shares.items() if one == name) for name in names}
    second = {name: sum(s for (_, other), s in shares.items() if other == name) for name in names}
    chance = sum(first[name] * second[name] for name in names)
    if not pairs or chance > 1 - 1e-12:
        return Kappa(pairs, agreed, None, None)
    observed = agreed / pairs
    value = (observed - chance) / (1 - chance)
    on = sum(
        share * (1 - (first[one] + second[one]) * (1 - value)) ** 2
        for (one, other), share in shares.items()
        if one == other
    )
    off = (1 - value) ** 2 * sum(
        share * (second[one] + first[other]) ** 2
        for (one, other), share in shares.items()
        if one != other
    )
    rest = (value - chance * (1 - value)) ** 2
    error = math.sqrt(max(0.0, on + off - rest) / pairs) / (1 - chance)
    half = normal_quantile(level) * error
    interval = Interval(max(-1.0, value - half), min(1.0, value + half), level)
    return Kappa(pairs, agreed, value, interval)
