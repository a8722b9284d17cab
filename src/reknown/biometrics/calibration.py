"""From a comparison score to the false match rate it stands for, and to a similarity.

The similarity scale means the same for every model: piecewise linear in -log10(FMR)
through fixed anchors. 80 is Amazon Rekognition's default threshold, 99 what its maker asks
of public-safety use.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from dataclasses import dataclass

from reknown.biometrics.errors import InputError

_ANCHORS = ((0.0, 0.0), (2.0, 50.0), (3.0, 70.0), (4.0, 80.0), (5.0, 90.0), (6.0, 99.0))
_FULL = 100.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """A measured table for one template space.

    `scores` ascend strictly, `false_match_rates` descend strictly from 1; both have the
    same length. `dataset` says what it was measured on and `comparisons` how many
    non-mated comparisons that were.

    Raises `InputError` when the table is not of that form.
    """

    scores: tuple[float, ...]
    false_match_rates: tuple[float, ...]
    dataset: str
    comparisons: int

    def __post_init__(self) -> None:
        rates = self.false_match_rates
        ascending = all(a < b for a, b in zip(self.scores, self.scores[1:], strict=False))
        descending = all(a > b > 0 for a, b in itertools.pairwise(rates))
        if len(rates) < 2 or len(rates) != len(self.scores) or rates[0] != 1:
            raise InputError("a calibration needs as many rates as scores, the first rate 1")
        if not (ascending and descending):
            raise InputError("in a calibration scores ascend while rates descend")

    def false_match_rate(self, score: float) -> float:
        """The FMR at `score`, interpolated in log10; the last measured one beyond the table."""
        return float(10 ** -_interpolate(score, self.scores, self._exponents()))

    def threshold(self, false_match_rate: float) -> float:
        """The lowest score whose FMR is at most the one given.

        Raises `InputError` for rates that the table does not reach.
        """
        lowest = self.false_match_rates[-1]
        if not lowest <= false_match_rate <= 1:
            raise InputError(
                f"false match rates from {lowest:g} to 1 were measured, not {false_match_rate:g}"
            )
        return _interpolate(-math.log10(false_match_rate), self._exponents(), self.scores)

    def similarity(self, score: float) -> float:
        """0 to 100, strictly increasing over the measured range, 99 where the table ends at 1e-6.

        Beyond the last measured score it rises to 100 at score 1 without standing for a rate.
        """
        last = self.scores[-1]
        if score <= last or last >= 1:
            exponent = -math.log10(self.false_match_rate(score))
            return _interpolate(exponent, *_transposed(_ANCHORS))
        top = self.similarity(last)
        return min(_FULL, top + (_FULL - top) * (score - last) / (1 - last))

    def score(self, similarity: float) -> float:
        """The score of a similarity from 0 to 100; the inverse of `similarity`."""
        if not 0 <= similarity <= _FULL:
            raise InputError(f"similarity must be between 0 and 100, got {similarity:g}")
        last = self.scores[-1]
        top = self.similarity(last)
        if similarity > top and last < 1:
            return last + (1 - last) * (similarity - top) / (_FULL - top)
        exponents, similarities = _transposed(_ANCHORS)
        return _interpolate(
            _interpolate(similarity, similarities, exponents), self._exponents(), self.scores
        )

    def _exponents(self) -> tuple[float, ...]:
        return tuple(-math.log10(rate) + 0.0 for rate in self.false_match_rates)


def _transposed(pairs: tuple[tuple[float, float], ...]) -> tuple[tuple[float, ...], ...]:
    return tuple(zip(*pairs, strict=True))


def _interpolate(x: float, xs: tuple[float, ...], ys: tuple[float, ...]) -> float:
    """Piecewise linear through ascending `xs`, constant beyond both ends."""
    if x <= xs[0]:
        return ys[0]
    if x >= xs[-1]:
        return ys[-1]
    right = bisect_right(xs, x)
    share = (x - xs[right - 1]) / (xs[right] - xs[right - 1])
    return ys[right - 1] + share * (ys[right] - ys[right - 1])
