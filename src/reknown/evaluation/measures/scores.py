"""Comparison scores, with what is known about who was compared.

A comparison is a match if and only if its score is at or above the threshold (NIST FRTE).
A failure to enrol or acquire on either side is the score -inf: it never matches, so that it
counts as an error of the system where a match is due (NIST's rule of the blank template).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from reknown.evaluation.measures.arrays import Floats, Ints, Mask


UNLABELLED = -1
_LOWEST = -math.inf


@dataclass(frozen=True, slots=True, eq=False)
class ScoreSet:
    """Scores of `mated` (m,) and `non_mated` (n,) comparisons, finite or -inf for a failure.

    Subjects are numbered from 0: `mated_subjects` (m,) holds the one of each mated
    comparison, `non_mated_subjects` (n, 2) the two of each non-mated one. Groups are opaque
    codes from 0, -1 for a subject without a label: `mated_groups` (m,) and
    `non_mated_groups` (n, 2). What is not known is None.

    Raises `InputError` for an empty set, NaN or +inf, arrays of another shape, codes that
    are not whole numbers, and a non-mated comparison of a subject with itself.
    """

    mated: Floats
    non_mated: Floats
    mated_subjects: Ints | None = None
    non_mated_subjects: Ints | None = None
    mated_groups: Ints | None = None
    non_mated_groups: Ints | None = None

    def __post_init__(self) -> None:
        mated = checked_scores(self.mated, "mated scores")
        non_mated = checked_scores(self.non_mated, "non-mated scores")
        m, n = (len(mated),), (len(non_mated), 2)
        _set(self, "mated", mated)
        _set(self, "non_mated", non_mated)
        _set(self, "mated_subjects", _optional(self.mated_subjects, m, "mated subjects", 0))
        pairs = _optional(self.non_mated_subjects, n, "non-mated subjects", 0)
        if pairs is not None:
            check_different(pairs)
        _set(self, "non_mated_subjects", pairs)
        _set(self, "mated_groups", _optional(self.mated_groups, m, "mated groups", UNLABELLED))
        groups = _optional(self.non_mated_groups, n, "non-mated groups", UNLABELLED)
        _set(self, "non_mated_groups", groups)

    @property
    def mated_failures(self) -> int:
        """How many mated comparisons failed on either side."""
        return int(np.count_nonzero(self.mated == _LOWEST))

    @property
    def non_mated_failures(self) -> int:
        """How many non-mated comparisons failed on either side."""
        return int(np.count_nonzero(self.non_mated == _LOWEST))

    def successes(self) -> ScoreSet:
        """The comparisons without failures, for rates conditional on success.

        Raises `InputError` when none is left on either side.
        """
        return self.subset(self.mated > _LOWEST, self.non_mated > _LOWEST)

    def subset(self, mated: Mask, non_mated: Mask) -> ScoreSet:
        """The comparisons chosen by two masks, (m,) and (n,).

        Raises `InputError` when none is left on either side.
        """
        return ScoreSet(
            self.mated[mated],
            self.non_mated[non_mated],
            _chosen(self.mated_subjects, mated),
            _chosen(self.non_mated_subjects, non_mated),
            _chosen(self.mated_groups, mated),
            _chosen(self.non_mated_groups, non_mated),
        )


def checked_scores(values: ArrayLike, name: str) -> Floats:
    """`values` as float64 (n,), n >= 1, each finite or -inf; else `InputError`."""
    scores = np.asarray(values, np.float64)
    if scores.ndim != 1 or scores.size == 0:
        raise InputError(f"{name}: give one dimension and at least one, not shape {scores.shape}")
    if np.isnan(scores).any() or (scores == math.inf).any():
        raise InputError(f"{name}: NaN or +inf is not a score; a failure is written as -inf")
    return scores


def checked_codes(values: ArrayLike, shape: tuple[int, ...], name: str, least: int) -> Ints:
    """`values` as whole numbers of that shape, none below `least`; else `InputError`."""
    codes = np.asarray(values)
    if codes.shape != shape:
        raise InputError(f"{name}: the shape must be {shape}, not {codes.shape}")
    if codes.size and codes.dtype.kind not in "iu":
        raise InputError(f"{name}: give whole numbers as codes, not {codes.dtype}")
    if codes.size and codes.min() < least:
        raise InputError(f"{name}: codes start at {least}, not at {codes.min()}")
    return codes.astype(np.intp)


def check_different(pairs: Ints) -> None:
    """Raise `InputError` if one of the `pairs` (n, 2) is a subject with itself."""
    if (pairs[:, 0] == pairs[:, 1]).any():
        raise InputError("a non-mated comparison has two different subjects: drop the others")


def matches(scores: Floats, threshold: float) -> Mask:
    """Which of the `scores` are at or above `threshold`; a failure never is.

    Raises `InputError` for a threshold that is NaN.
    """
    if math.isnan(threshold):
        raise InputError("NaN is not a threshold")
    found: Mask = (scores >= threshold) & (scores > _LOWEST)
    return found


def most_errors(target: float, trials: int) -> int:
    """The highest count k with k / `trials` <= `target`, exact to the last bit."""
    count = min(math.floor(target * trials) + 1, trials)
    while count / trials > target:
        count -= 1
    return count


def _optional(values: Ints | None, shape: tuple[int, ...], name: str, least: int) -> Ints | None:
    return None if values is None else checked_codes(values, shape, name, least)


def _chosen(values: Ints | None, mask: Mask) -> Ints | None:
    return None if values is None else values[mask]


def _set(scores: ScoreSet, name: str, value: Floats | Ints | None) -> None:
    object.__setattr__(scores, name, value)
