"""Exact nearest references by inner product."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Found = tuple[NDArray[np.intp], NDArray[np.float64]]

_BLOCK_ROWS = 16_384
_BLOCK_SCORES = 4_000_000


class ExactIndex:
    """Compares with every row of `references` (n, d), unit vectors in float32, kept as is.

    Rows that the fast float32 product cannot tell from the k best are scored again in
    float64, row by row, so that neither order nor score depends on blocks or threads.
    """

    def __init__(self, references: NDArray[np.float32]) -> None:
        self._references = references
        # twice the error bound of a float32 product of unit vectors, for either side of it
        self._margin = references.shape[1] * 2.0**-22

    def __len__(self) -> int:
        """How many references there are."""
        return len(self._references)

    def search(self, probes: NDArray[np.float32], k: int, least: float = -np.inf) -> list[Found]:
        """For each probe the k best rows and their scores, float64, in descending order.

        Rows that score below `least` may be left out.
        """
        best: list[Found] = [(np.empty(0, np.intp), np.empty(0))] * len(probes)
        size = max(1, min(_BLOCK_ROWS, _BLOCK_SCORES // max(1, len(probes))))
        for start in range(0, len(self), size):
            block = self._references[start : start + size]
            # OpenBLAS's kernels may leave flags behind although all is finite
            with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
                product = probes @ block.T
            for number, coarse in enumerate(product):
                rows = self._promising(coarse, k, least)
                scores = (block[rows].astype(np.float64) * probes[number]).sum(axis=1)
                best[number] = _merge(best[number], (rows + start, scores), k)
        return best

    def _promising(self, coarse: NDArray[np.float32], k: int, least: float) -> NDArray[np.intp]:
        """The rows that may be among the k best and reach `least`."""
        rows = np.flatnonzero(coarse >= least - self._margin)
        if len(rows) > k:
            kth = np.partition(coarse[rows], -k)[-k]
            rows = rows[coarse[rows] >= kth - self._margin]
        return rows


def _merge(one: Found, other: Found, k: int) -> Found:
    """The k best of both; the rows of `one` are lower."""
    rows = np.concatenate([one[0], other[0]])
    scores = np.concatenate([one[1], other[1]])
    # stable, so that of equal scores the lower row stays first
    order = np.argsort(-scores, kind="stable")[:k]
    return rows[order], scores[order]
