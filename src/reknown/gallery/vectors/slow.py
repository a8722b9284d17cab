"""The scan without a compiler: the same bounds, from products of the decoded rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reknown.gallery.vectors.probes import Promising
from reknown.gallery.vectors.slabs import NOBODY, decoded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from reknown.gallery.vectors.probes import CodedProbes, Criteria
    from reknown.gallery.vectors.slabs import SlabView

    Rows = NDArray[np.int64]
    Singles = NDArray[np.float32]

_TILE = 4096


def slow_scan(
    slabs: Sequence[SlabView], probes: CodedProbes, criteria: Criteria
) -> list[Promising]:
    """What may be among the best of each probe, as `kernel.scan` has it."""
    findings = [_Finding(criteria) for _ in probes.scales]
    exact = probes.codes * probes.scales[:, None]
    for slab in slabs:
        for rows, decodes in _tiles(slab):
            # OpenBLAS's kernels may leave flags behind although all is finite
            with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
                products = exact @ decodes.T
            errors, users = slab.errors[rows], slab.users[rows]
            allowed = _allowed(slab, rows, criteria)
            for number, finding in enumerate(findings):
                bounds = errors * probes.factors[number] + probes.slacks[number]
                finding.consider(products[number], bounds, allowed, rows + slab.first, users)
    return [finding.promising() for finding in findings]


def first_of_each(users: Rows) -> NDArray[np.intp]:
    """The places of faces without user, and of the first one of each user, ascending."""
    owned = np.flatnonzero(users != NOBODY)
    _, first = np.unique(users[owned], return_index=True)
    return np.sort(np.concatenate([np.flatnonzero(users == NOBODY), owned[first]]))


class _Finding:
    """What is known of one probe: the best lower bounds, and the rows that may reach them."""

    def __init__(self, criteria: Criteria) -> None:
        self._wish = criteria
        self._cut = criteria.floor
        self._lowers, self._users = np.empty(0, np.float32), np.empty(0, np.int64)
        self._rows, self._uppers = np.empty(0, np.int64), np.empty(0, np.float32)

    def consider(
        self,
        products: Singles,
        bounds: Singles,
        allowed: NDArray[np.bool_],
        rows: Rows,
        users: Rows,
    ) -> None:
        """Takes in rows whose scores are within `bounds` of `products`."""
        near = np.flatnonzero(allowed & (products + bounds >= self._cut))
        lowers = np.concatenate([self._lowers, (products - bounds)[near]])
        users = np.concatenate([self._users, users[near]])
        order = np.argsort(-lowers, kind="stable")
        if self._wish.distinct:
            order = order[first_of_each(users[order])]
        order = order[: self._wish.k]
        self._lowers, self._users = lowers[order], users[order]
        if len(order) == self._wish.k:
            self._cut = max(self._cut, float(self._lowers[-1]))
        rows = np.concatenate([self._rows, rows[near]])
        uppers = np.concatenate([self._uppers, (products + bounds)[near]])
        still = uppers >= self._cut
        self._rows, self._uppers = rows[still], uppers[still]

    def promising(self) -> Promising:
        """The rows that may be among the best."""
        return Promising(self._rows, self._uppers, self._cut)


def _tiles(slab: SlabView) -> Iterator[tuple[NDArray[np.intp], Singles]]:
    """Rows, and what their codes say they are."""
    for start in range(0, slab.rows, _TILE):
        end = min(start + _TILE, slab.rows)
        yield np.arange(start, end), decoded(slab, start, end)


def _allowed(slab: SlabView, rows: NDArray[np.intp], criteria: Criteria) -> NDArray[np.bool_]:
    allowed = np.ones(len(rows), bool) if slab.chosen is None else slab.chosen[rows] > 0
    return allowed & (slab.users[rows] != NOBODY) if criteria.owned_only else allowed
