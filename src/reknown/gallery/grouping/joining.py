"""Sightings that are not good enough to bring others together join what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reknown.gallery.grouping.sightings import NONE

if TYPE_CHECKING:
    from reknown.gallery.grouping.arrays import Doubles, Ints
    from reknown.gallery.grouping.neighbours import Pairs
    from reknown.gallery.grouping.sightings import Sightings
    from reknown.gallery.grouping.start import Start

_AT_ONCE = 8_192
_NO_KEYS: set[int] = set()


def join(sightings: Sightings, start: Start, pairs: Pairs, least: float) -> Ints:
    """The cluster that each row is in (n,), -1 for none, when the weak ones have joined.

    A weak sighting joins the cluster with the best mean score, from `least` on, that holds no other
    face of its photo. It changes nothing of the cluster's templates, so the order in which
    they join matters only where two are kept apart: the better one comes first.
    """
    roots = start.clusters.roots()
    # the one more is what -1 finds
    members = np.append(roots, NONE)[start.of_row]
    rows, clusters = _offers(start, pairs, roots)
    scores = _scores(sightings, start, rows, clusters)
    for offer in np.lexsort((clusters, rows, -scores)).tolist():
        row, cluster = int(rows[offer]), int(clusters[offer])
        keys = start.keys.get(row, _NO_KEYS)
        if scores[offer] < least:
            break
        if members[row] == NONE and not start.clusters.holds_any(cluster, keys):
            members[row] = cluster
            start.clusters.hold(cluster, set(keys))
    return members


def _offers(start: Start, pairs: Pairs, roots: Ints) -> tuple[Ints, Ints]:
    """Weak rows in no cluster, and clusters of which a firm sighting resembles them."""
    weak = np.concatenate([pairs.first, pairs.second])
    other = start.cluster[np.concatenate([pairs.second, pairs.first])]
    free = (start.of_row[weak] == NONE) & (other != NONE)
    codes = np.unique(weak[free] * len(roots) + roots[other[free]])
    return np.divmod(codes, max(1, len(roots)))


def _scores(sightings: Sightings, start: Start, rows: Ints, clusters: Ints) -> Doubles:
    scores = np.empty(len(rows))
    for begin in range(0, len(rows), _AT_ONCE):
        part = slice(begin, begin + _AT_ONCE)
        sums = start.clusters.sums[clusters[part]]
        scores[part] = np.einsum("ij,ij->i", sightings.vectors[rows[part]], sums)
    means: Doubles = scores / start.clusters.sizes[clusters]
    return means
