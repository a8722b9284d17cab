"""From sightings to groups of one person each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.gallery.grouping.joining import join
from reknown.gallery.grouping.linkage import link
from reknown.gallery.grouping.neighbours import nearest
from reknown.gallery.grouping.sightings import NO_MARKS, NONE
from reknown.gallery.grouping.start import begin

if TYPE_CHECKING:
    from reknown.gallery.grouping.arrays import Ints
    from reknown.gallery.grouping.sightings import Marks, Sightings

_NEIGHBOURS = 50


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """What came of it.

    `labels` (n,): the group that each sighting is in now, -1 for none. `merged`: for groups that
    are no more the one that has their sightings now.
    """

    labels: Ints
    merged: dict[int, int]


def group(
    sightings: Sightings,
    least: float,
    marks: Marks = NO_MARKS,
    *,
    neighbours: int = _NEIGHBOURS,
    first_new: int = 0,
) -> Grouping:
    """Brings sightings together where the mean score of all pairs is `least` or more.

    Fresh sightings are compared with all, so m of them among n cost m * n * d multiplications;
    what is in a group stays with those it is with. Two old groups become one only where neither
    is named, and it has the number of the larger, or of equal ones the lower. New groups get
    numbers from `first_new` on, and above all there are, by their first rows.

    The result does not depend on the order of rows as long as no two scores are equal; of
    equal ones lower rows come first.

    Raises `InputError` for a `least` that would bring strangers together by design (0 or less).
    """
    if not least > 0:
        raise InputError(f"a group needs a score above 0, not {least:g}")
    start = begin(sightings, marks)
    pairs = nearest(sightings.vectors, np.flatnonzero(sightings.fresh), least, neighbours)
    first, second = start.cluster[pairs.first], start.cluster[pairs.second]
    firm = (first != NONE) & (second != NONE)
    link(start.clusters, first[firm], second[firm], least)
    members = join(sightings, start, pairs, least)
    return _numbered(sightings.groups, members, first_new)


def _numbered(groups: Ints, members: Ints, first_new: int) -> Grouping:
    """The labels, from the cluster (n,) that each row is in, -1 for none."""
    labels = np.full(len(groups), NONE)
    merged: dict[int, int] = {}
    together = np.flatnonzero(members != NONE)
    if not len(together):
        return Grouping(labels, merged)
    order = together[np.argsort(members[together], kind="stable")]
    parts = np.split(order, np.flatnonzero(np.diff(members[order])) + 1)
    number = max(first_new, int(groups.max()) + 1)
    for rows in sorted(parts, key=lambda part: int(part[0])):
        old, counts = np.unique(groups[rows][groups[rows] != NONE], return_counts=True)
        if len(old):
            name = int(old[np.argmax(counts)])
            merged.update((int(other), name) for other in old if other != name)
        elif len(rows) > 1:
            name, number = number, number + 1
        else:
            continue
        labels[rows] = name
    return Grouping(labels, merged)
