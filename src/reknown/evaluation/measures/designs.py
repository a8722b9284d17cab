"""Which comparisons were made, without listing them where it was every pair.

A dyad is an unordered pair of different subjects; their images may have been compared many
times. The variances of a false match rate need sums over dyads, errors or not. Where every
image was compared with every other these have closed forms in the number of images of each
subject, so that 50 million comparisons cost no more than their subjects.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
from scipy.sparse import csr_array

from reknown.biometrics.errors import InputError
from reknown.evaluation.measures.scores import check_different, checked_codes

if TYPE_CHECKING:
    from reknown.evaluation.measures.arrays import Floats, Ints, Mask


# up to here a product of matrices is quicker than a look at every dyad
_FEW_GROUPS = 8


class PairDesign(Protocol):
    """The non-mated comparisons among subjects 0 to s - 1."""

    @property
    def subjects(self) -> int:
        """s, how many subject codes there are."""

    @property
    def comparisons(self) -> int:
        """M, how many comparisons there are."""

    def degrees(self) -> Floats:
        """How many comparisons each subject takes part in (s,)."""

    def dyads_squared(self) -> float:
        """The sum over dyads of the squared number of comparisons."""

    def trials(self, dyads: Ints) -> Floats:
        """How many comparisons each of the `dyads` (k, 2) has (k,)."""

    def totals(self, labels: Ints, groups: int, weights: Floats) -> Floats:
        """For each label, the comparisons with both subjects in it (groups,).

        `labels` (s,) from 0, -1 for none. A comparison counts as much as the product of its
        subjects' `weights` (s,).
        """

    def within(self, chosen: Mask) -> PairDesign:
        """The comparisons with both subjects `chosen` (s,); `InputError` when there is none."""


@dataclass(frozen=True, slots=True, eq=False)
class AllPairsDesign:
    """Every image against every image of another subject of the same stratum.

    `images` (s,) counts the images of each subject, failed ones included if failures are
    errors. `strata` (s,), codes from 0, say which subjects were compared: all, by default.

    Raises `InputError` for other shapes and when nothing is left to compare.
    """

    images: Ints
    strata: Ints | None = None
    _codes: Ints = field(init=False, repr=False)

    def __post_init__(self) -> None:
        shape = np.shape(self.images)
        if len(shape) != 1:
            raise InputError("give the number of images of each subject, (s,)")
        given = np.zeros(shape, np.intp) if self.strata is None else self.strata
        object.__setattr__(self, "images", checked_codes(self.images, shape, "images", 0))
        object.__setattr__(self, "_codes", checked_codes(given, shape, "strata", 0))
        if self.comparisons < 1:
            raise InputError("no two subjects can be compared in this design")

    @property
    def subjects(self) -> int:
        """How many subject codes there are, those without images included."""
        return len(self.images)

    @property
    def comparisons(self) -> int:
        """How many comparisons there are, exact up to 2^53."""
        return round(float(self.degrees().sum()) / 2)

    def degrees(self) -> Floats:
        """As in `PairDesign`."""
        images = self.images.astype(np.float64)
        return np.asarray(images * (self._per_stratum(images)[self._codes] - images))

    def dyads_squared(self) -> float:
        """As in `PairDesign`."""
        squares = self.images.astype(np.float64) ** 2
        return float((self._per_stratum(squares) ** 2).sum() - (squares**2).sum()) / 2

    def trials(self, dyads: Ints) -> Floats:
        """As in `PairDesign`."""
        strata = self._codes[dyads]
        compared = strata[:, 0] == strata[:, 1]
        return np.asarray(self.images[dyads].prod(axis=1) * compared, np.float64)

    def totals(self, labels: Ints, groups: int, weights: Floats) -> Floats:
        """As in `PairDesign`."""
        chosen = labels >= 0
        loads = (self.images * weights)[chosen]
        width = int(self._codes.max(initial=0)) + 1
        cells = labels[chosen] * width + self._codes[chosen]
        sums = np.bincount(cells, loads, groups * width).reshape(groups, width)
        alone = np.bincount(labels[chosen], loads**2, groups)
        return np.asarray(((sums**2).sum(axis=1) - alone) / 2)

    def within(self, chosen: Mask) -> AllPairsDesign:
        """As in `PairDesign`."""
        return AllPairsDesign(np.where(chosen, self.images, 0), self.strata)

    def _per_stratum(self, values: Floats) -> Floats:
        return np.asarray(np.bincount(self._codes, values), np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class ListedPairsDesign:
    """Comparisons listed one by one: `pairs` (n, 2) of subject codes, repeats allowed.

    `subjects` is how many codes there are. Raises `InputError` without comparisons, for codes
    beyond `subjects`, and for a subject compared with itself.
    """

    pairs: Ints
    subjects: int
    dyads: Ints = field(init=False)
    counts: Floats = field(init=False)
    _matrix: csr_array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        pairs = checked_codes(self.pairs, (len(self.pairs), 2), "pairs", 0)
        if not len(pairs) or pairs.max() >= self.subjects:
            raise InputError(f"list at least one pair of the subjects 0 to {self.subjects - 1}")
        check_different(pairs)
        dyads, counts = merged(pairs, self.subjects)
        matrix = csr_array((counts, (dyads[:, 0], dyads[:, 1])), (self.subjects, self.subjects))
        fields = {"pairs": pairs, "dyads": dyads, "counts": counts, "_matrix": matrix}
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    @property
    def comparisons(self) -> int:
        """How many comparisons there are."""
        return len(self.pairs)

    def degrees(self) -> Floats:
        """As in `PairDesign`."""
        return np.bincount(self.pairs.ravel(), minlength=self.subjects).astype(np.float64)

    def dyads_squared(self) -> float:
        """As in `PairDesign`."""
        return float((self.counts**2).sum())

    def trials(self, dyads: Ints) -> Floats:
        """As in `PairDesign`."""
        keys, wanted = _keys(self.dyads, self.subjects), _keys(dyads, self.subjects)
        places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[places] == wanted, self.counts[places], 0.0)

    def totals(self, labels: Ints, groups: int, weights: Floats) -> Floats:
        """As in `PairDesign`."""
        if groups > _FEW_GROUPS:
            return sums_within(self.dyads, self.counts, labels, groups, weights)
        members = np.zeros((self.subjects, groups))
        known = np.flatnonzero(labels >= 0)
        members[known, labels[known]] = weights[known]
        return np.asarray((members * (self._matrix @ members)).sum(axis=0), np.float64)

    def within(self, chosen: Mask) -> ListedPairsDesign:
        """As in `PairDesign`."""
        return ListedPairsDesign(self.pairs[chosen[self.pairs].all(axis=1)], self.subjects)


def merged(pairs: Ints, subjects: int) -> tuple[Ints, Floats]:
    """The distinct dyads (k, 2) of the pairs, ordered, and how often each occurs (k,)."""
    keys, counts = np.unique(_keys(pairs, subjects), return_counts=True)
    dyads = np.stack(np.divmod(keys, subjects), axis=1).astype(np.intp)
    return dyads, counts.astype(np.float64)


def sums_within(dyads: Ints, counts: Floats, labels: Ints, groups: int, weights: Floats) -> Floats:
    """For each label the weighted `counts` (k,) of the `dyads` with both subjects in it."""
    first, second = labels[dyads[:, 0]], labels[dyads[:, 1]]
    same = np.flatnonzero((first == second) & (first >= 0))
    inside = dyads[same]
    loads = counts[same] * weights[inside[:, 0]] * weights[inside[:, 1]]
    return np.asarray(np.bincount(first[same], loads, groups), np.float64)


def _keys(pairs: Ints, subjects: int) -> Ints:
    low, high = pairs.min(axis=1), pairs.max(axis=1)
    return np.asarray(low * subjects + high)
