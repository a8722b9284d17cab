"""What is grouped, and what people said about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from reknown.gallery.grouping.arrays import Ints, Mask, Singles

NONE = -1
"""The group of a sighting that is in none."""


@dataclass(frozen=True, slots=True, eq=False)
class Sightings:
    """n faces that were seen.

    `vectors` float32 (n, d): templates, none longer than 1 (the mean of several views is
    shorter). `photos` (n,): two sightings of one photo are of two people. `groups` (n,): the group
    that each is in, -1 for none. `fresh` (n,): those never compared with the others; the rest
    has been through `group` before. `firm` (n,): good enough to bring others together; the rest
    may only join.
    """

    vectors: Singles
    photos: Ints
    groups: Ints
    fresh: Mask
    firm: Mask

    def __len__(self) -> int:
        """How many sightings there are."""
        return len(self.vectors)


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """What is known of who is not whom.

    `apart` (p, 2): rows that are of two people, as tracks of one film that overlap in time.
    `never` (q, 2): groups that are never the same person. `named` (r,): groups that a person has
    named or confirmed.
    """

    apart: Ints = field(default_factory=lambda: np.empty((0, 2), np.intp))
    never: Ints = field(default_factory=lambda: np.empty((0, 2), np.intp))
    named: Ints = field(default_factory=lambda: np.empty(0, np.intp))


NO_MARKS = Marks()


def sightings(
    vectors: ArrayLike,
    photos: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    fresh: ArrayLike | None = None,
    firm: ArrayLike | None = None,
) -> Sightings:
    """The sightings of these arrays, checked.

    Without `groups` all are in none; without `fresh` those in no group are; without `firm` all
    are firm.

    Raises `InputError` for arrays that do not fit together, for vectors that are not finite or
    longer than 1, and for groups below -1.
    """
    rows = np.asarray(vectors, np.float32)
    if rows.ndim != 2:
        raise InputError(f"templates come as a table of n rows, not in {rows.ndim} dimensions")
    count = len(rows)
    of = np.full(count, NONE) if groups is None else _column(groups, count, "groups")
    made = Sightings(
        rows,
        _column(photos, count, "photos"),
        of,
        of == NONE if fresh is None else _flags(fresh, count, "fresh"),
        np.ones(count, bool) if firm is None else _flags(firm, count, "firm"),
    )
    if (of < NONE).any():
        raise InputError("a group is a number from 0, or -1 for none")
    # what is not finite is not at most 1 either
    if not (np.einsum("ij,ij->i", rows, rows) <= 1.001).all():
        raise InputError("a template is finite and not longer than 1")
    return made


def marks(
    of: Sightings,
    *,
    apart: ArrayLike = (),
    never: ArrayLike = (),
    named: ArrayLike = (),
) -> Marks:
    """The marks of these arrays, checked against the sightings.

    Raises `InputError` for rows that there are not, and for anything that is no pair of two.
    """
    rows, groups = _pairs(apart, "apart"), _pairs(never, "never")
    if ((rows < 0) | (rows >= len(of))).any():
        raise InputError(f"rows lie from 0 to {len(of) - 1}")
    return Marks(rows, groups, np.asarray(named, np.intp).reshape(-1))


def _column(values: ArrayLike, count: int, what: str) -> Ints:
    column = np.asarray(values)
    if column.shape != (count,) or (count and column.dtype.kind not in "iu"):
        raise InputError(f"{what} are {count} whole numbers, one for each template")
    return column.astype(np.intp)


def _flags(values: ArrayLike, count: int, what: str) -> Mask:
    column = np.asarray(values)
    if column.shape != (count,) or (count and column.dtype != np.bool_):
        raise InputError(f"{what} is {count} times true or false, once for each template")
    return column.astype(np.bool_)


def _pairs(values: ArrayLike, what: str) -> Ints:
    pairs = np.asarray(values, np.intp)
    if pairs.size == 0:
        return np.empty((0, 2), np.intp)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or (pairs[:, 0] == pairs[:, 1]).any():
        raise InputError(f"{what} are pairs of two different ones")
    return pairs
