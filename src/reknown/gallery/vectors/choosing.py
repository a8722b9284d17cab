"""The rows of slabs that a search is limited to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from reknown.gallery.vectors.slabs import NOBODY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from reknown.gallery.vectors.slabs import SlabView

# Users whose keys are spread wider than this are counted by sorting.
_WIDEST = 8


@dataclass(frozen=True, slots=True, eq=False)
class RowChoice:
    """Faces of these ascending `keys`, all with None, that were enrolled in [since, until).

    Times are microseconds since 1970.
    """

    keys: NDArray[np.int64] | None = None
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ChosenRows:
    """What is left of slabs: views that pass over the rest, and the user of each row left."""

    slabs: tuple[SlabView, ...]
    users: NDArray[np.int64]

    @property
    def references(self) -> int:
        """How many rows are chosen."""
        return len(self.users)

    @property
    def owned(self) -> int:
        """How many of them have a user."""
        return int(np.count_nonzero(self.users))

    def count_users(self) -> int:
        """How many users they have."""
        users = self.users[self.users != NOBODY]
        if not len(users):
            return 0
        least = users.min()
        width = int(users.max() - least) + 1
        if width > _WIDEST * len(users):
            return len(np.unique(users))
        there = np.zeros(width, bool)
        there[users - least] = True
        return int(np.count_nonzero(there))


def choose(slabs: Iterable[SlabView], choice: RowChoice) -> ChosenRows:
    """Costs what is chosen where that is given by keys, and a look at all times where it is not.

    A slab with nothing to be searched is left out.
    """
    views: list[SlabView] = []
    users = [np.empty(0, np.int64)]
    for slab in slabs:
        rows = _rows(slab, choice)
        if len(rows):
            users.append(slab.users[rows])
            views.append(slab if len(rows) == slab.rows else _limited(slab, rows))
    return ChosenRows(tuple(views), np.concatenate(users))


def _rows(slab: SlabView, choice: RowChoice) -> NDArray[np.intp]:
    if choice.keys is None:
        wanted = slab.errors[: slab.rows] >= 0
        return np.flatnonzero(wanted & _timely(slab.created[: slab.rows], choice))
    if not slab.rows:
        return np.empty(0, np.intp)
    first, last = slab.keys[[0, slab.rows - 1]]
    start, end = choice.keys.searchsorted((first, last + 1))
    rows = slab.find(choice.keys[start:end])
    return rows[_timely(slab.created[rows], choice)]


def _timely(created: NDArray[np.int64], choice: RowChoice) -> NDArray[np.bool_]:
    timely = np.ones(len(created), bool)
    if choice.since is not None:
        timely &= created >= choice.since
    if choice.until is not None:
        timely &= created < choice.until
    return timely


def _limited(slab: SlabView, rows: NDArray[np.intp]) -> SlabView:
    chosen = np.zeros(slab.rows, np.uint8)
    chosen[rows] = 1
    return replace(slab, chosen=chosen)
