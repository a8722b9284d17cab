"""Scores of all pairs, counted exactly without keeping them.

A score is the inner product of two float32 templates, rounded to the nearest multiple of 2^-24
(6e-8, as fine as float32 is near 1). The product is computed in float64; where its own error
could decide the rounding, it is computed again without error. So the same two templates have
the same score in any order, block size or library, and equal scores are equal: counts at a
threshold do not depend on how they were made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.evaluation.measures.tail import NonMatedTail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.evaluation.data.duplicates import Duplicates
    from reknown.evaluation.data.protocols import AllPairs
    from reknown.evaluation.measures.arrays import Counts, Floats, Ints, Mask, Singles


HISTOGRAM_BINS = 20_000
"""Bins of equal width from -1 to 1; what lies beyond counts in the last ones."""

_GRID = 2.0**24
_TILE = 1_024
_MOST_MATED = 20_000_000
_MOST_TAIL = 5_000_000
_LISTED_AT_ONCE = 16_384


@dataclass(frozen=True, slots=True)
class Excluded:
    """How many mated pairs were left out, each counted under the first that applies."""

    same_image: int
    near_duplicates: int
    same_session: int


@dataclass(frozen=True, slots=True, eq=False)
class PairScores:
    """What all pairs of n samples come to.

    `mated` float64 (m,): every mated score, -inf for a failure; `mated_pairs` intp (m, 2): their
    rows, ascending. `tail`: every non-mated score from its floor on, with the subjects;
    `tail_pairs` intp (t, 2): their rows. `histogram` int64 (`HISTOGRAM_BINS`,): all non-mated
    scores but failures. `non_mated_duplicates`: pairs of two subjects with one image, which
    do count as comparisons: they are wrong labels or false matches, and not to be hidden.
    """

    mated: Floats
    mated_pairs: Ints
    tail: NonMatedTail
    tail_pairs: Ints
    histogram: Counts
    excluded: Excluded
    non_mated_duplicates: int


@dataclass(frozen=True, slots=True, eq=False)
class _Sorted:
    """The k rows that did not fail, by subject.

    `rows` intp (k,): where they were. `vectors` float64 (k, d). `ends` intp (k,): where the
    next subject begins.
    """

    rows: Ints
    vectors: Floats
    ends: Ints


def tail_length(comparisons: int, highest_fmr: float = 0.02) -> int:
    """How many of the highest scores are needed for FMR up to `highest_fmr`: 5 million at most."""
    return min(_MOST_TAIL, math.floor(comparisons * highest_fmr) + 1)


def count_pairs(
    vectors: Singles,
    failed: Mask,
    pairs: AllPairs,
    duplicates: Duplicates,
    *,
    tail: int | None = None,
) -> PairScores:
    """Compares all pairs once.

    `vectors` float32 (n, d), of about unit length; `failed` bool (n,): rows without a template,
    whose comparisons never match. Mated pairs among `duplicates` are left out. `tail` is how
    many of the highest non-mated scores to keep (default: `tail_length`); where equal scores
    would exceed it, the floor lies above them.

    Raises `InputError` for vectors that are not finite, fewer than two subjects, or more than
    20 million mated pairs.
    """
    _check(vectors, failed, pairs)
    length = tail_length(pairs.non_mated) if tail is None else tail
    order = _by_subject(vectors, failed, pairs.subjects)
    highest = _Highest(length)
    histogram = np.zeros(HISTOGRAM_BINS, np.int64)
    for tile in _tiles(order):
        histogram += tile.histogram()
        highest.add(tile)
    mated_pairs = _mated_pairs(pairs.subjects)
    kept, excluded = _exclude(mated_pairs, pairs, duplicates)
    mated = score_pairs(vectors, failed, mated_pairs[kept, 0], mated_pairs[kept, 1])
    finished, tail_pairs = highest.finish(pairs, order)
    return PairScores(
        mated=mated,
        mated_pairs=mated_pairs[kept],
        tail=finished,
        tail_pairs=tail_pairs,
        histogram=histogram,
        excluded=excluded,
        non_mated_duplicates=int(np.count_nonzero(~duplicates.same_subject)),
    )


def score_pairs(vectors: Singles, failed: Mask, first: Ints, second: Ints) -> Floats:
    """The scores of listed pairs, float64 (m,); -inf where a side failed.

    `vectors` float32 (n, d); `failed` bool (n,); `first`, `second` intp (m,).
    """
    scores = np.full(len(first), -math.inf)
    margin = _margin(vectors)
    good = np.flatnonzero(~(failed[first] | failed[second]))
    for start in range(0, len(good), _LISTED_AT_ONCE):
        part = good[start : start + _LISTED_AT_ONCE]
        one, other = (vectors[side[part]].astype(np.float64) for side in (first, second))
        scores[part] = _settled((one * other).sum(axis=1), one, other, margin)
    return scores


def score_matrix(vectors: Singles, failed: Mask, first: Ints, second: Ints) -> Singles:
    """The scores of all rows `first` (a,) with all rows `second` (b,), float32 (a, b).

    As of `score_pairs`, without error in float32; -inf where a side failed.
    """
    scores = np.full((len(first), len(second)), -np.inf, np.float32)
    margin = _margin(vectors)
    columns = np.flatnonzero(~failed[second])
    right = vectors[second[columns]].astype(np.float64)
    for start in range(0, len(first), _TILE):
        rows = np.flatnonzero(~failed[first[start : start + _TILE]]) + start
        left = vectors[first[rows]].astype(np.float64)
        scores[np.ix_(rows, columns)] = _settled_product(left, right, margin)
    return scores


def _settled(near: Floats, one: Floats, other: Floats, margin: float) -> Floats:
    """Rounds the products of rows that are known up to `margin`."""
    scaled = near * _GRID
    rounded = np.rint(scaled)
    for at in np.flatnonzero(np.abs(scaled - rounded) > 0.5 - margin * _GRID):
        rounded[at] = _exact(one[at], other[at])
    return rounded / _GRID


def _settled_product(left: Floats, right: Floats, margin: float) -> Singles:
    """Scores of all rows of one side with all of the other: float32 (a, b), without error."""
    scaled = left @ right.T
    scaled *= _GRID
    rounded = np.rint(scaled)
    scaled -= rounded
    np.abs(scaled, out=scaled)
    for at in np.flatnonzero(scaled > 0.5 - margin * _GRID):
        row, column = divmod(int(at), len(right))
        rounded[row, column] = _exact(left[row], right[column])
    rounded /= _GRID
    return rounded.astype(np.float32)


def _exact(one: Floats, other: Floats) -> float:
    # float32 values have 24 bits, so their products have no error in float64, nor has fsum
    return float(np.rint(math.fsum(one * other) * _GRID))


def _margin(vectors: Singles) -> float:
    """Twice the largest error of a float64 product of two rows, in any order of summing up."""
    if not len(vectors):
        return 0.0
    squares = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)
    return float((vectors.shape[1] + 4) * 2.0**-52 * squares.max())


def _check(vectors: Singles, failed: Mask, pairs: AllPairs) -> None:
    count = len(pairs.subjects)
    if vectors.dtype != np.float32 or vectors.ndim != 2:
        raise InputError("templates are float32, one in each row")
    if not len(vectors) == len(failed) == count == len(pairs.sessions):
        raise InputError(f"{len(vectors)} templates do not fit to {count} samples")
    if not np.isfinite(vectors).all():
        raise InputError("a template is not finite: mark it as failed and leave it zero")
    if not pairs.non_mated:
        raise InputError("all samples are of one subject: there is no non-mated comparison")
    if pairs.mated > _MOST_MATED:
        raise InputError(
            f"{pairs.mated:,} mated pairs: {_MOST_MATED:,} are possible, leave out some samples "
            "of the subjects with most"
        )


def _by_subject(vectors: Singles, failed: Mask, subjects: Ints) -> _Sorted:
    order = np.argsort(subjects, kind="stable")
    rows = order[~failed[order]]
    own = subjects[rows]
    ends = np.searchsorted(own, own, side="right")
    return _Sorted(rows, vectors[rows].astype(np.float64), ends)


@dataclass(frozen=True, slots=True, eq=False)
class _Tile:
    """A part of the scores: float32 (a, b); what is not to be counted is -inf.

    `first` (a,) and `second` (b,) are the rows of the manifest. `counted` is None when
    everything is.
    """

    first: Ints
    second: Ints
    scores: Singles
    counted: Mask | None

    def histogram(self) -> Counts:
        """Scores by bin."""
        scores = self.scores if self.counted is None else self.scores[self.counted]
        bins = ((scores.ravel() + np.float32(1)) * np.float32(HISTOGRAM_BINS / 2)).astype(np.intp)
        np.clip(bins, 0, HISTOGRAM_BINS - 1, out=bins)
        return np.bincount(bins, minlength=HISTOGRAM_BINS)

    def reaching(self, floor: float) -> tuple[Singles, Ints, Ints]:
        """The scores at or above a finite floor and the rows that they are of."""
        at = np.flatnonzero(self.scores >= floor)
        one, other = np.divmod(at, len(self.second))
        return self.scores.ravel()[at], self.first[one], self.second[other]


def _tiles(order: _Sorted) -> Iterator[_Tile]:
    """All non-mated pairs of the rows that did not fail, each once."""
    count = len(order.rows)
    margin = _margin(order.vectors.astype(np.float32))
    for top in range(0, count, _TILE):
        rows = slice(top, min(top + _TILE, count))
        ends = order.ends[rows]
        for left in range(int(ends[0]), count, _TILE):
            columns = slice(left, min(left + _TILE, count))
            scores = _settled_product(order.vectors[rows], order.vectors[columns], margin)
            counted = None
            if left < ends[-1]:
                counted = np.arange(left, columns.stop)[None] >= ends[:, None]
                scores[~counted] = -np.inf
            yield _Tile(order.rows[rows], order.rows[columns], scores, counted)


class _Highest:
    """Keeps the highest scores with their rows, in memory for twice as many."""

    def __init__(self, length: int) -> None:
        self._length = max(1, length)
        self._parts: list[tuple[Singles, Ints, Ints]] = []
        self._held = 0
        self._floor = float(np.finfo(np.float32).min)

    def add(self, tile: _Tile) -> None:
        scores, first, second = tile.reaching(self._floor)
        # rows fit into 32 bits, and the tail into half the memory
        pairs = np.stack([first, second]).astype(np.int32)
        self._parts.append((scores, np.minimum(*pairs), np.maximum(*pairs)))
        self._held += len(scores)
        if self._held > 2 * self._length:
            self._shrink()

    def _shrink(self) -> None:
        scores, first, second = self._joined()
        if len(scores) > self._length:
            cut = np.partition(scores, -self._length)[-self._length]
            if np.count_nonzero(scores >= cut) > self._length:
                cut = np.nextafter(cut, np.float32(np.inf))
            self._floor = float(cut)
            kept = scores >= cut
            scores, first, second = scores[kept], first[kept], second[kept]
        self._parts, self._held = [(scores, first, second)], len(scores)

    def _joined(self) -> tuple[Singles, Ints, Ints]:
        if not self._parts:
            return np.empty(0, np.float32), np.empty(0, np.intp), np.empty(0, np.intp)
        scores, first, second = zip(*self._parts, strict=True)
        return np.concatenate(scores), np.concatenate(first), np.concatenate(second)

    def finish(self, pairs: AllPairs, order: _Sorted) -> tuple[NonMatedTail, Ints]:
        """The tail, ascending, and its rows (t, 2)."""
        self._shrink()
        scores, first, second = self._joined()
        ascending = np.lexsort((second, first, scores))
        rows = np.stack([first[ascending], second[ascending]], axis=1).astype(np.intp)
        values = scores[ascending].astype(np.float64)
        succeeded = np.bincount(pairs.subjects[order.rows])
        done = len(order.rows) * (len(order.rows) - 1) // 2
        done -= int((succeeded * (succeeded - 1) // 2).sum())
        complete = self._floor == float(np.finfo(np.float32).min)
        floor = (float(values[0]) if len(values) else -1.0) if complete else self._floor
        failures = pairs.non_mated - done
        tail = NonMatedTail(values, floor, pairs.non_mated, failures, pairs.subjects[rows])
        return tail, rows


def _mated_pairs(subjects: Ints) -> Ints:
    """The rows (m, 2) of all pairs of one subject, ascending."""
    order = np.argsort(subjects, kind="stable")
    own = subjects[order]
    partners = np.searchsorted(own, own, side="right") - np.arange(len(own)) - 1
    first = np.repeat(np.arange(len(own)), partners)
    begins = np.cumsum(partners) - partners
    second = first + 1 + np.arange(len(first)) - np.repeat(begins, partners)
    found = np.stack([order[first], order[second]], axis=1)
    return found[np.lexsort((found[:, 1], found[:, 0]))]


def _exclude(found: Ints, pairs: AllPairs, duplicates: Duplicates) -> tuple[Mask, Excluded]:
    """Which mated pairs stay, and how many do not and why."""
    count = len(pairs.subjects)
    codes = found[:, 0] * count + found[:, 1]
    marked = duplicates.first * count + duplicates.second
    same = np.isin(codes, marked[duplicates.exact])
    near = np.isin(codes, marked[~duplicates.exact])
    session = np.zeros(len(found), bool)
    if pairs.skip_same_session:
        one, other = pairs.sessions[found].T
        session = (one == other) & (one >= 0) & ~same & ~near
    numbers = [int(np.count_nonzero(mask)) for mask in (same, near, session)]
    return ~(same | near | session), Excluded(*numbers)
