"""Thresholds: where a score becomes a candidate, and what that costs in false ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.candidates import Comparison
from reknown.biometrics.errors import InputError, UncalibratedError

if TYPE_CHECKING:
    from reknown.biometrics.calibration import Calibration

DEFAULT_SIMILARITY = 80.0
# Beyond one false candidate in a hundred searches for strangers, people have to be warned.
MOST_EXPECTED = 0.01


@dataclass(frozen=True, slots=True)
class Threshold:
    """Scores from `score` on are accepted; `calibration` is None where none was measured.

    `stated` is the similarity that it was given as, if it was.
    """

    score: float
    calibration: Calibration | None
    stated: float | None = None

    @property
    def similarity(self) -> float | None:
        """The threshold on the similarity scale, 0 to 100."""
        if self.stated is not None or self.calibration is None:
            return self.stated
        return self.calibration.similarity(self.score)

    @property
    def false_match_rate(self) -> float | None:
        """How often two strangers reach it."""
        return None if self.calibration is None else self.calibration.false_match_rate(self.score)

    def judge(self, score: float) -> Comparison:
        """What a score means at this threshold."""
        table = self.calibration
        return Comparison(
            score=score,
            similarity=None if table is None else table.similarity(score),
            false_match_rate=None if table is None else table.false_match_rate(score),
            accepted=score >= self.score,
        )

    def expected_false_candidates(self, references: int) -> float | None:
        """How many references of strangers are expected to reach it by chance."""
        rate = self.false_match_rate
        return None if rate is None else rate * references


def caution(expected_false_candidates: float | None) -> str | None:
    """A warning when a search for a stranger is expected to find too many; None if it is not."""
    if expected_false_candidates is None or expected_false_candidates <= MOST_EXPECTED:
        return None
    return (
        f"{expected_false_candidates:.2g} false candidates are expected for a stranger in a "
        "gallery of this size: raise the threshold, and look closely at every candidate"
    )


@dataclass(frozen=True, slots=True)
class ThresholdChoice:
    """A threshold as people give it: a `similarity` (0 to 100) or a raw `score` (-1 to 1).

    Or one that follows the gallery's size: the default similarity, 80, or more where at that one a
    stranger would be expected to reach more than `false_candidates` references. Without any of
    them the default similarity. Raises `InputError` for more than one, and for numbers that are
    none.
    """

    similarity: float | None = None
    score: float | None = None
    false_candidates: float | None = None

    def __post_init__(self) -> None:
        kinds = {
            "a similarity": self.similarity,
            "a score": self.score,
            "the false candidates to expect": self.false_candidates,
        }
        given = [kind for kind, value in kinds.items() if value is not None]
        if len(given) > 1:
            raise InputError(f"give one threshold: {' or '.join(given)}")
        if self.score is not None and not -1 <= self.score <= 1:
            raise InputError(f"score must be between -1 and 1, got {self.score}")
        # negated, so that a NaN fails too
        if self.false_candidates is not None and not self.false_candidates > 0:
            raise InputError(f"false candidates must be above 0, got {self.false_candidates}")

    def resolve(self, calibration: Calibration | None, comparisons: int = 0) -> Threshold:
        """The threshold in a template space, for a probe that is compared so many times.

        Raises `UncalibratedError` without a calibration: then only a score can be given.
        """
        if self.score is not None:
            return Threshold(float(self.score), calibration)
        if calibration is None:
            raise UncalibratedError(
                "this model pack is not calibrated, so it has no similarities: "
                "give the threshold as a score (--score), or use the pack opencv"
            )
        # programs give numbers of NumPy too, which no ledger can hold
        similarity = DEFAULT_SIMILARITY if self.similarity is None else float(self.similarity)
        usual = Threshold(calibration.score(similarity), calibration, similarity)
        if self.false_candidates is None or not comparisons:
            return usual
        # beyond the lowest rate that was measured, a higher score promises nothing that is known
        rate = max(calibration.false_match_rates[-1], self.false_candidates / comparisons)
        strict = calibration.threshold(min(1.0, rate))
        return usual if strict <= usual.score else Threshold(strict, calibration)
