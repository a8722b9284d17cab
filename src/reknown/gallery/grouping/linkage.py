"""Average linkage on a graph: the two clusters that are most alike come together, again and again.

GrowingClusters that are each other's best are brought together at once, in rounds. With the mean of
all pairs' scores that gives what one by one would: a cluster made of two is never more alike to a
third than the better of the two was (Murtagh 1983). For the same reason a pair of clusters
below the threshold never has to be looked at again, and pairs that may not come together take
nothing from this: they count as least alike of all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from reknown.gallery.grouping.arrays import Ints, Mask
    from reknown.gallery.grouping.clusters import GrowingClusters


def link(clusters: GrowingClusters, first: Ints, second: Ints, least: float) -> None:
    """Brings clusters together until no pair of them that may scores `least` or more.

    `first` and `second` (p,) are the pairs that the graph has. Of equal scores the pair with
    the lowest numbers comes first.
    """
    graph = _Graph(clusters, first, second, least)
    while len(graph):
        graph.join(*graph.mutual())


class _Graph:
    """Pairs of clusters that score enough, each once, the lower number first."""

    def __init__(self, clusters: GrowingClusters, first: Ints, second: Ints, least: float) -> None:
        self._clusters, self._least = clusters, least
        self._first, self._second = np.empty(0, np.intp), np.empty(0, np.intp)
        self._scores, self._allowed = np.empty(0), np.empty(0, bool)
        self._add(first, second)

    def __len__(self) -> int:
        return len(self._first)

    def mutual(self) -> tuple[Ints, Ints]:
        """Pairs of clusters that are each other's best, no cluster in two of them."""
        while True:
            best = np.full(len(self._clusters.sizes), -np.inf)
            np.maximum.at(best, self._first, self._scores)
            np.maximum.at(best, self._second, self._scores)
            of_first = self._scores == best[self._first]
            of_second = self._scores == best[self._second]
            if not self._bar((of_first | of_second) & ~self._allowed):
                break
        rows = np.flatnonzero(of_first & of_second)
        rows = _disjoint(self._first, self._second, rows)
        return self._first[rows], self._second[rows]

    def join(self, kept: Ints, gone: Ints) -> None:
        """Brings these pairs together, and scores again what has changed."""
        count = len(self._clusters.sizes)
        self._clusters.absorb(kept, gone)
        changed = _flagged(np.concatenate([kept, gone]), count)
        touched = changed[self._first] | changed[self._second]
        into = np.arange(count)
        into[gone] = kept
        first, second = into[self._first[touched]], into[self._second[touched]]
        self._keep(~touched)
        self._add(first, second)

    def _bar(self, doubtful: Mask) -> bool:
        """Leaves out those of the pairs that may not come together, and says whether any was."""
        rows = np.flatnonzero(doubtful)
        barred = rows[self._clusters.barred(self._first[rows], self._second[rows])]
        self._allowed[rows] = True
        if len(barred):
            self._keep(~_flagged(barred, len(self)))
        return len(barred) > 0

    def _keep(self, rows: Mask) -> None:
        self._first, self._second = self._first[rows], self._second[rows]
        self._scores, self._allowed = self._scores[rows], self._allowed[rows]

    def _add(self, first: Ints, second: Ints) -> None:
        first, second = _once(first, second, len(self._clusters.sizes))
        scores = self._clusters.scores(first, second)
        enough = scores >= self._least
        self._first = np.concatenate([self._first, first[enough]])
        self._second = np.concatenate([self._second, second[enough]])
        self._scores = np.concatenate([self._scores, scores[enough]])
        self._allowed = np.concatenate([self._allowed, np.zeros(int(enough.sum()), bool)])


def _once(first: Ints, second: Ints, count: int) -> tuple[Ints, Ints]:
    """Each pair of different clusters once, the lower number first."""
    low, high = np.minimum(first, second), np.maximum(first, second)
    different = low != high
    codes = np.unique(low[different] * count + high[different])
    return codes // count, codes % count


def _flagged(rows: Ints, count: int) -> Mask:
    flags = np.zeros(count, bool)
    flags[rows] = True
    return flags


def _disjoint(first: Ints, second: Ints, rows: Ints) -> Ints:
    """Of the rows those, by their numbers, that share no cluster with one before."""
    ends = np.concatenate([first[rows], second[rows]])
    if len(np.unique(ends)) == len(ends):
        return rows
    seen: set[int] = set()
    kept = []
    for row in rows[np.lexsort((second[rows], first[rows]))].tolist():
        pair = {int(first[row]), int(second[row])}
        if seen.isdisjoint(pair):
            seen |= pair
            kept.append(row)
    return np.array(kept, np.intp)
