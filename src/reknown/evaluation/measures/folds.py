"""LFW's own protocol: accuracy over folds, each threshold chosen on the other folds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from reknown.evaluation.measures.arrays import Floats, Ints, Mask


@dataclass(frozen=True, slots=True)
class FoldAccuracy:
    """Right decisions of each fold: `right` and `pairs` by fold."""

    right: tuple[int, ...]
    pairs: tuple[int, ...]

    @property
    def accuracy(self) -> float:
        """The mean of the folds' accuracies."""
        return float(np.mean(self._shares()))

    @property
    def standard_error(self) -> float:
        """The folds' standard deviation over the root of their number."""
        return float(np.std(self._shares(), ddof=1) / math.sqrt(len(self.pairs)))

    def _shares(self) -> Floats:
        return np.asarray(np.array(self.right) / np.array(self.pairs), np.float64)


def fold_accuracy(scores: Floats, mated: Mask, folds: Ints) -> FoldAccuracy:
    """Accuracy of scores (n,) with the truth (n,) and the fold (n,) of each; -inf is a failure.

    A failure is rejected: right for a non-mated pair, wrong for a mated one. Raises
    `InputError` for fewer than two folds.
    """
    numbers = np.unique(folds)
    if len(numbers) < 2:
        raise InputError("accuracy over folds needs at least two folds")
    right, sizes = [], []
    for fold in numbers:
        own = folds == fold
        threshold = most_accurate(scores[~own], mated[~own])
        right.append(int(((scores[own] >= threshold) == mated[own]).sum()))
        sizes.append(int(own.sum()))
    return FoldAccuracy(tuple(right), tuple(sizes))


def most_accurate(scores: Floats, mated: Mask) -> float:
    """The lowest threshold with the most right decisions; just above all if rejecting is best."""
    thresholds = np.unique(scores[scores > -math.inf])
    thresholds = np.append(thresholds, math.inf)
    below_mated = np.searchsorted(np.sort(scores[mated]), thresholds)
    rejected = np.searchsorted(np.sort(scores[~mated]), thresholds)
    right = int(mated.sum()) - below_mated + rejected
    return float(thresholds[int(np.argmax(right))])
