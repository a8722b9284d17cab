"""What a quality measure is worth: errors versus discard (ISO/IEC 29794-1).

If quality predicts failure, FNMR at a fixed threshold falls as the worst comparisons are left
out. Quality is a scalar, 0 to 100, -1 where it could not be measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import Rate
from reknown.evaluation.measures.scores import checked_scores, matches

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from reknown.evaluation.measures.arrays import Floats, Ints


_FAILED = -1.0


@dataclass(frozen=True, slots=True, eq=False)
class DiscardCurve:
    """Errors that remain when comparisons of the lowest quality are discarded.

    A step for each distinct quality, all arrays (t,): `discarded` ascends from 0, `errors` are
    those among the remaining. Comparisons of equal quality are discarded together.
    """

    discarded: Ints
    errors: Ints
    comparisons: int

    def rate_at(self, share: float) -> Rate:
        """FNMR with at most a `share` (0 to below 1) of the comparisons discarded."""
        if not 0 <= share < 1:
            raise InputError(f"a share to discard lies from 0 to below 1, not at {share:g}")
        # a product like 0.3 * 10 may fall short of a whole number by its last bit
        allowed = share * self.comparisons * (1 + 1e-12)
        step = int(np.searchsorted(self.discarded, allowed, "right")) - 1
        return Rate(int(self.errors[step]), self.comparisons - int(self.discarded[step]))

    def partial_area(self, limit: float = 0.3) -> float:
        """Area under the steps from 0 to `limit` discarded (pAUC): lower is better.

        Raises `InputError` for a limit outside 0 (exclusive) to 1.
        """
        if not 0 < limit <= 1:
            raise InputError(f"a limit of discarding must be between 0 and 1, got {limit:g}")
        starts = self.discarded / self.comparisons
        widths = np.diff(np.append(np.minimum(starts, limit), limit))
        rates = self.errors / (self.comparisons - self.discarded)
        return float((widths * rates).sum())


def pair_quality(first: ArrayLike, second: ArrayLike) -> Floats:
    """Quality of comparisons (n,): the lower of both images' (n,)."""
    one, other = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if one.shape != other.shape:
        raise InputError(f"qualities of both images differ in shape: {one.shape}, {other.shape}")
    return np.minimum(one, other)


def discard_curve(mated: ArrayLike, quality: ArrayLike, threshold: float) -> DiscardCurve:
    """The curve of mated scores (n,) with the quality (n,) of each comparison.

    Failures, score -inf, are errors. Raises `InputError` for a quality that is not from 0 to
    100, or -1.
    """
    scores = checked_scores(mated, "mated scores")
    values = np.asarray(quality, np.float64)
    if values.shape != scores.shape:
        raise InputError("give one quality for each comparison")
    if not ((values == _FAILED) | ((values >= 0) & (values <= 100))).all():
        raise InputError("a quality lies from 0 to 100, or is -1 where it could not be measured")
    missed = ~matches(scores, threshold)
    _, level = np.unique(values, return_inverse=True)
    sizes, wrong = np.bincount(level), np.bincount(level, missed).astype(np.intp)
    below = np.concatenate([[0], sizes.cumsum()[:-1]])
    gone = np.concatenate([[0], wrong.cumsum()[:-1]])
    return DiscardCurve(below.astype(np.intp), int(wrong.sum()) - gone, len(scores))
