"""How a probe scores against strangers: a few references that stay, those enrolled first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reknown.gallery.vectors.slabs import NOBODY, decoded

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from reknown.gallery.vectors.slabs import SlabView

SUBJECTS = 64
"""So many subjects, by the first reference of each."""
ROWS = 1024
"""Among so many references that were enrolled first."""


def best_strangers(
    slabs: Sequence[SlabView], probes: NDArray[np.float32], known: Sequence[Collection[int]]
) -> list[float]:
    """The best score of each probe (p, dimension) among the yardstick's subjects.

    Without those of the references (by key) that are `known` to resemble the probe. Scores are
    those of 8-bit codes. Empty where there are too few subjects.
    """
    if not slabs or not len(probes):
        return []
    slab = slabs[0]
    end = min(slab.rows, ROWS)
    rows = np.flatnonzero(slab.errors[:end] >= 0)
    # users and faces may have the same key
    subjects = np.where(slab.users[rows] == NOBODY, -slab.keys[rows], slab.users[rows])
    _, firsts = np.unique(subjects, return_index=True)
    chosen = np.sort(firsts)[:SUBJECTS]
    if len(chosen) < SUBJECTS:
        return []
    last = int(rows[chosen[-1]]) + 1
    vectors = decoded(slab, 0, last)[rows[chosen], : probes.shape[1]]
    scores = vectors @ probes.T
    for column, keys in enumerate(known):
        mates = subjects[np.isin(slab.keys[rows], list(keys))]
        scores[np.isin(subjects[chosen], mates), column] = -1
    return [float(score) for score in scores.max(axis=0)]
