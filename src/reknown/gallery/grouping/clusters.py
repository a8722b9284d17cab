"""GrowingClusters while they grow: what each sums up to, and which may not come together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reknown.gallery.grouping.arrays import Doubles, Ints, Mask

_AT_ONCE = 8_192


class GrowingClusters:
    """c clusters, each known by its number, that of the lowest of those it was made of.

    `sums` float64 (c, d) are the sums of their templates, `sizes` (c,) how many those are.
    `keys`: for a cluster the things that it shares with no other, as a photo does two faces.
    `old` (c,) are groups that there were before, `named` (c,) those of them that a person
    named: other old groups never join these.
    """

    def __init__(
        self, sums: Doubles, sizes: Ints, keys: Mapping[int, set[int]], old: Mask, named: Mask
    ) -> None:
        self.sums = sums.copy()
        self.sizes = sizes.copy()
        self._keys = {number: set(found) for number, found in keys.items()}
        self._old, self._named = old.copy(), named.copy()
        self._into = np.arange(len(sizes))

    def scores(self, first: Ints, second: Ints) -> Doubles:
        """The mean score of all pairs between clusters (p,) and (p,), float64."""
        products = np.empty(len(first))
        for start in range(0, len(first), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            one, other = self.sums[first[part]], self.sums[second[part]]
            products[part] = np.einsum("ij,ij->i", one, other)
        scores: Doubles = products / (self.sizes[first] * self.sizes[second])
        return scores

    def barred(self, first: Ints, second: Ints) -> Mask:
        """Which of the pairs of clusters (p,) and (p,) may not come together."""
        old, named = self._old, self._named
        barred: Mask = (named[first] & old[second]) | (named[second] & old[first])
        keys = self._keys
        for row, (one, other) in enumerate(zip(first.tolist(), second.tolist(), strict=True)):
            if one in keys and other in keys and not keys[one].isdisjoint(keys[other]):
                barred[row] = True
        return barred

    def absorb(self, kept: Ints, gone: Ints) -> None:
        """Each of the clusters `gone` (p,) becomes part of the one beside it in `kept` (p,).

        All of them are different clusters.
        """
        self.sums[kept] += self.sums[gone]
        self.sizes[kept] += self.sizes[gone]
        self._old[kept] |= self._old[gone]
        self._named[kept] |= self._named[gone]
        self._into[gone] = kept
        for one, other in zip(kept.tolist(), gone.tolist(), strict=True):
            self.hold(one, self._keys.pop(other, set()))

    def hold(self, number: int, keys: set[int]) -> None:
        """The cluster shares these with no other from now on."""
        mine = self._keys.get(number)
        if mine is None:
            if keys:
                self._keys[number] = keys
        else:
            mine |= keys

    def holds_any(self, number: int, keys: set[int]) -> bool:
        """Whether the cluster has one of these already."""
        return number in self._keys and not self._keys[number].isdisjoint(keys)

    def roots(self) -> Ints:
        """The cluster that each of the c is part of now (c,)."""
        into = self._into
        while True:
            further = into[into]
            if (further == into).all():
                return into
            into = further
