"""The same rates when there are too many non-mated comparisons to keep.

FMR at a high threshold needs only the highest non-mated scores and how many comparisons
there were in all. Counts are exact as far down as the tail reaches; below that, refused.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import Rate, check_proportion
from reknown.evaluation.measures.scores import (
    check_different,
    checked_codes,
    checked_scores,
    most_errors,
)
from reknown.evaluation.measures.verification import DetCurve, distinct_thresholds

if TYPE_CHECKING:
    from reknown.evaluation.measures.arrays import Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class NonMatedTail:
    """Every non-mated score at or above `floor`: `scores` (t,), finite, ascending.

    `comparisons` counts all non-mated comparisons, the `failures` among them included.
    `subjects` (t, 2), if known, are the two subjects of each.

    Raises `InputError` for scores that are not so sorted, below the floor, or more than there
    were comparisons. An empty tail is allowed: nothing reached the floor.
    """

    scores: Floats
    floor: float
    comparisons: int
    failures: int = 0
    subjects: Ints | None = None

    def __post_init__(self) -> None:
        scores = np.asarray(self.scores, np.float64)
        if scores.ndim != 1 or not math.isfinite(self.floor):
            raise InputError("a tail needs one dimension of scores and a finite floor")
        if len(scores):
            checked_scores(scores, "tail scores")
            if scores[0] < self.floor or (np.diff(scores) < 0).any():
                raise InputError("the scores of a tail ascend from its floor: sort them")
        if self.comparisons < 1 or not 0 <= self.failures <= self.comparisons - len(scores):
            raise InputError(
                f"{len(scores)} scores and {self.failures} failures do not fit into "
                f"{self.comparisons} comparisons"
            )
        object.__setattr__(self, "scores", scores)
        if self.subjects is not None:
            pairs = checked_codes(self.subjects, (len(scores), 2), "tail subjects", 0)
            check_different(pairs)
            object.__setattr__(self, "subjects", pairs)

    def false_matches(self, threshold: float) -> Ints:
        """The subjects (k, 2) of the non-mated comparisons at or above `threshold`.

        Raises `InputError` below the floor, or when the subjects are not known.
        """
        if self.subjects is None:
            raise InputError("this tail does not say who was compared: keep the subjects")
        self._check(threshold)
        return self.subjects[np.searchsorted(self.scores, threshold) :]

    def _check(self, threshold: float) -> None:
        if not threshold >= self.floor:
            raise InputError(
                f"the tail begins at {self.floor:g}: keep more of it for threshold {threshold:g}"
            )


def tail_false_match_rate(tail: NonMatedTail, threshold: float) -> Rate:
    """FMR at `threshold`, exact; `InputError` below the floor of the tail."""
    tail._check(threshold)
    errors = len(tail.scores) - int(np.searchsorted(tail.scores, threshold))
    return Rate(errors, tail.comparisons)


def tail_threshold_for(tail: NonMatedTail, target: float, mated: Floats | None = None) -> float:
    """The threshold that `verification.threshold_for` would give for all the comparisons.

    `mated` scores (m,), if given, are thresholds to choose from too. Raises `InputError` for
    a target that the tail does not reach down to.
    """
    check_proportion(target, "a target FMR")
    allowed = most_errors(target, tail.comparisons)
    if allowed >= len(tail.scores):
        raise InputError(
            f"the tail keeps {len(tail.scores)} of {tail.comparisons} scores: FMR {target:g} "
            f"needs {allowed + 1}"
        )
    barrier = tail.scores[len(tail.scores) - 1 - allowed]
    others = np.empty(0) if mated is None else checked_scores(mated, "mated scores")
    choice = np.concatenate([tail.scores, others])
    above = choice[choice > barrier]
    return float(above.min() if len(above) else np.nextafter(barrier, math.inf))


def tail_det_curve(tail: NonMatedTail, mated: Floats) -> DetCurve:
    """The part of the DET curve at and above the floor of the tail.

    Raises `InputError` when no score lies there.
    """
    ordered = np.sort(checked_scores(mated, "mated scores"))
    reached = np.concatenate([tail.scores, ordered[ordered >= tail.floor]])
    thresholds = distinct_thresholds(reached)
    return DetCurve(
        thresholds,
        len(tail.scores) - np.searchsorted(tail.scores, thresholds).astype(np.int64),
        np.searchsorted(ordered, thresholds).astype(np.int64),
        tail.comparisons,
        len(ordered),
    )
