"""Which sightings resemble which: the nearest of each, by blocks of one product."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.gallery.grouping.arrays import Ints, Singles

    _Found = tuple[Ints, Ints, Singles]

# 16 MB of scores: they stay near the core that looks through them
_PROBES = 256
_REFERENCES = 16_384


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs of rows that resemble each other: `first` and `second` (p,), with `scores` (p,)."""

    first: Ints
    second: Ints
    scores: Singles

    def __len__(self) -> int:
        """How many pairs there are."""
        return len(self.first)


def nearest(vectors: Singles, probes: Ints, least: float, k: int) -> Pairs:
    """For each row of `probes` the at most `k` others that score best, from `least` on.

    Takes len(probes) * n * d multiplications. Holds 16 MB of scores, and 16 bytes for each
    pair: at most 16 * k * len(probes).
    """
    found = list(_by_blocks(vectors, probes, least, k))
    if not found:
        return Pairs(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0, np.float32))
    first, second, scores = (np.concatenate(column) for column in zip(*found, strict=True))
    return Pairs(probes[first], second, scores)


def _by_blocks(vectors: Singles, probes: Ints, least: float, k: int) -> Iterator[_Found]:
    """Numbers of probes, rows found for them, and scores."""
    for start in range(0, len(probes), _PROBES):
        rows = probes[start : start + _PROBES]
        best: _Found = np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0, np.float32)
        for offset in range(0, len(vectors), _REFERENCES):
            more = _in_block(vectors, rows, slice(offset, offset + _REFERENCES), least)
            more = _trimmed(more, k)
            best = _best(_joined(best, more), k)
        yield best[0] + start, best[1], best[2]


def _in_block(vectors: Singles, rows: Ints, block: slice, least: float) -> _Found:
    # OpenBLAS's kernels may leave flags behind although all is finite
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        product = vectors[rows] @ vectors[block].T
    flat = np.flatnonzero(product >= least)
    number, column = np.divmod(flat, product.shape[1])
    found = column + block.start
    other = found != rows[number]
    return number[other], found[other], product.reshape(-1)[flat[other]]


def _trimmed(pairs: _Found, k: int) -> _Found:
    """The k best of each number without sorting, for pairs in the order of numbers and rows.

    One person may have thousands of sightings: sorting all their pairs would take longer than
    comparing them does.
    """
    number, found, scores = pairs
    counts = np.bincount(number, minlength=1)
    kept = np.ones(len(number), bool)
    ends = counts.cumsum()
    for one in np.flatnonzero(counts > k):
        part = slice(ends[one] - counts[one], ends[one])
        kth = np.partition(scores[part], -k)[-k]
        kept[part] = scores[part] > kth
        equal = np.flatnonzero(scores[part] == kth)
        kept[part.start + equal[: k - int(kept[part].sum())]] = True
    return number[kept], found[kept], scores[kept]


def _joined(one: _Found, other: _Found) -> _Found:
    return (
        np.concatenate([one[0], other[0]]),
        np.concatenate([one[1], other[1]]),
        np.concatenate([one[2], other[2]]),
    )


def _best(pairs: _Found, k: int) -> _Found:
    """The k best of each number; of equal scores the lower row."""
    number, found, scores = pairs
    counts = np.bincount(number, minlength=1)
    if counts.max() <= k:
        return pairs
    order = np.lexsort((found, -scores, number))
    starts = np.repeat(counts.cumsum() - counts, counts)
    kept = order[np.arange(len(order)) - starts < k]
    return number[kept], found[kept], scores[kept]
