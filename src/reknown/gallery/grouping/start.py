"""Where a grouping starts: every group is a cluster, and so is every firm sighting in none."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.gallery.grouping.clusters import GrowingClusters
from reknown.gallery.grouping.sightings import NONE

if TYPE_CHECKING:
    from reknown.gallery.grouping.arrays import Doubles, Ints, Mask
    from reknown.gallery.grouping.sightings import Marks, Sightings


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """The clusters, and which of them each row speaks for (n,): -1 where it may only join.

    `of_row` (n,): the cluster that each row is in, -1 for none. `keys`: for a row what it
    shares with nobody of its own cluster.
    """

    clusters: GrowingClusters
    cluster: Ints
    of_row: Ints
    keys: dict[int, set[int]]


def begin(sightings: Sightings, marks: Marks) -> Start:
    """The clusters before anything is brought together."""
    of_row, groups = _clusters(sightings)
    speaking = np.where(_speaks(sightings, of_row, len(groups)), of_row, NONE)
    sums, sizes = _sums(sightings, speaking, len(groups))
    of_group = {int(group): number for number, group in enumerate(groups) if group != NONE}
    keys = _row_keys(sightings, marks)
    old = groups != NONE
    named = np.isin(groups, marks.named) & old
    shared = _cluster_keys(keys, of_row, _never(marks, of_group))
    return Start(GrowingClusters(sums, sizes, shared, old, named), speaking, of_row, keys)


def _clusters(sightings: Sightings) -> tuple[Ints, Ints]:
    """The cluster of each row (n,), -1 for none, and the group of each cluster (c,), -1 for none.

    GrowingClusters are numbered by their first rows.
    """
    count = len(sightings)
    alone = np.where(sightings.firm, -2 - np.arange(count), NONE)
    own = np.where(sightings.groups != NONE, sightings.groups, alone)
    found, first, inverse = np.unique(own, return_index=True, return_inverse=True)
    first = np.where(found == NONE, count, first)
    rank = np.empty(len(found), np.intp)
    order = np.argsort(first)
    rank[order] = np.arange(len(found))
    of_row = rank[inverse]
    of_row[own == NONE] = NONE
    kept = found[order]
    kept = kept[kept != NONE]
    return of_row, np.maximum(kept, NONE)


def _speaks(sightings: Sightings, of_row: Ints, clusters: int) -> Mask:
    """The firm rows, and all rows of groups that have no firm one."""
    firm = sightings.firm & (of_row != NONE)
    has_firm = np.zeros(clusters + 1, bool)
    has_firm[of_row[firm]] = True
    speaks: Mask = firm | ((of_row != NONE) & ~has_firm[of_row])
    return speaks


def _sums(sightings: Sightings, speaking: Ints, clusters: int) -> tuple[Doubles, Ints]:
    rows = np.flatnonzero(speaking != NONE)
    rows = rows[np.argsort(speaking[rows], kind="stable")]
    sizes = np.bincount(speaking[rows], minlength=clusters)
    sums = np.zeros((clusters, sightings.vectors.shape[1]))
    if len(rows):
        starts = sizes.cumsum() - sizes
        sums[:] = np.add.reduceat(sightings.vectors[rows].astype(np.float64), starts)
    return sums, sizes


def _row_keys(sightings: Sightings, marks: Marks) -> dict[int, set[int]]:
    """Photos with several faces, and pairs of rows that are apart, as numbers of their own."""
    keys: dict[int, set[int]] = defaultdict(set)
    _, photo, counts = np.unique(sightings.photos, return_inverse=True, return_counts=True)
    for row in np.flatnonzero(counts[photo] > 1).tolist():
        keys[row].add(int(photo[row]))
    for number, pair in enumerate(marks.apart.tolist(), start=len(counts)):
        for row in pair:
            keys[row].add(number)
    return keys


def _never(marks: Marks, of_group: dict[int, int]) -> list[tuple[int, int]]:
    """Pairs of clusters that are never one; groups without a sighting need none."""
    pairs = (tuple(of_group.get(group, NONE) for group in pair) for pair in marks.never.tolist())
    return [(one, other) for one, other in pairs if NONE not in {one, other}]


def _cluster_keys(
    keys: dict[int, set[int]], of_row: Ints, never: list[tuple[int, int]]
) -> dict[int, set[int]]:
    shared: dict[int, set[int]] = defaultdict(set)
    for row, found in keys.items():
        if of_row[row] != NONE:
            shared[int(of_row[row])] |= found
    for number, pair in enumerate(never, start=1):
        for cluster in pair:
            shared[cluster].add(-number)
    return shared
