"""The best rows of slabs for each probe, proven so by bounds and compared exactly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from reknown.gallery.vectors import kernel
from reknown.gallery.vectors.probes import coded
from reknown.gallery.vectors.slabs import GROUP, groups_of
from reknown.gallery.vectors.slow import first_of_each, slow_scan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from reknown.gallery.vectors.kernel import KernelKind
    from reknown.gallery.vectors.probes import CodedProbes, Criteria, Promising
    from reknown.gallery.vectors.slabs import SlabView

    Rows = NDArray[np.int64]

# What is in memory at once, whatever is asked: probes, and templates that are compared exactly.
_AT_ONCE = 64
_PORTION = 4096


class TemplateSource(Protocol):
    """Where the templates themselves are."""

    def fetch(self, keys: Rows) -> tuple[Rows, NDArray[np.float32]]:
        """Those of these keys that are there, ascending, and their templates (n, d)."""


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """The best of one probe, best first, of equal ones the one enrolled first.

    `keys` of faces and of `users`, 0 for none, and `scores` float64.
    """

    keys: Rows
    users: Rows
    scores: NDArray[np.float64]


def search(
    slabs: Sequence[SlabView],
    probes: NDArray[np.float32],
    criteria: Criteria,
    source: TemplateSource,
    *,
    kind: KernelKind | None = None,
) -> list[Hits]:
    """For each probe (p, d) its best rows, scored in float64 from the templates of `source`.

    `kind` is that of the scan, the fastest unless given.
    """
    criteria = replace(criteria, k=min(criteria.k, sum(slab.rows for slab in slabs)))
    if criteria.k < 1:
        nobody = np.empty(0, np.int64)
        return [Hits(nobody, nobody, np.empty(0)) for _ in probes]
    hits: list[Hits] = []
    for start in range(0, len(probes), _AT_ONCE):
        some = probes[start : start + _AT_ONCE]
        codes = coded(some, groups_of(some.shape[1]) * GROUP)
        found = _scan(slabs, codes, criteria, kind)
        rankings = [_Ranking(*one, criteria) for one in zip(some, found, strict=True)]
        _rank(slabs, rankings, source)
        hits.extend(ranking.best for ranking in rankings)
    return hits


def _rank(slabs: Sequence[SlabView], rankings: Sequence[_Ranking], source: TemplateSource) -> None:
    """Compares exactly, first what may score most, until nothing that is left may be better."""
    portion = max(1, _PORTION // len(rankings))
    while rankings := [ranking for ranking in rankings if ranking.open]:
        rows = [ranking.take(portion) for ranking in rankings]
        keys, users = _named(slabs, np.concatenate(rows))
        there, vectors = source.fetch(np.unique(keys))
        ends = np.cumsum([len(some) for some in rows])[:-1]
        each = zip(rankings, np.split(keys, ends), np.split(users, ends), strict=True)
        for ranking, own, owners in each:
            ranking.compare(own, owners, there, vectors)


class _Ranking:
    """The best of one probe so far, and the rows that may be better."""

    def __init__(self, probe: NDArray[np.float32], found: Promising, criteria: Criteria) -> None:
        order = np.argsort(-found.uppers, kind="stable")
        self._rows, self._uppers = found.rows[order], found.uppers[order]
        self._probe, self._wish, self._taken = probe, criteria, 0
        nobody = np.empty(0, np.int64)
        self.best = Hits(nobody, nobody, np.empty(0))

    @property
    def open(self) -> bool:
        """Whether something that is left may be among the best."""
        if self._taken >= len(self._rows):
            return False
        scores = self.best.scores
        return len(scores) < self._wish.k or bool(self._uppers[self._taken] >= scores[-1])

    def take(self, count: int) -> Rows:
        """The next rows to be compared."""
        self._taken += count
        return self._rows[self._taken - count : self._taken]

    def compare(self, keys: Rows, users: Rows, there: Rows, vectors: NDArray[np.float32]) -> None:
        """Takes in faces of these keys, as far as they are `there` with their templates."""
        places = np.searchsorted(there, keys)
        present = (
            np.flatnonzero(there.take(places, mode="clip") == keys) if len(there) else places[:0]
        )
        rows, best, wish = vectors[places[present]], self.best, self._wish
        # row by row, so that a score does not depend on what else is compared
        scores = np.concatenate([best.scores, (rows.astype(np.float64) * self._probe).sum(axis=1)])
        keys = np.concatenate([best.keys, keys[present]])
        users = np.concatenate([best.users, users[present]])
        order = np.lexsort((keys, -scores))
        order = order[scores[order] >= wish.least]
        if wish.distinct:
            order = order[first_of_each(users[order])]
        order = order[: wish.k]
        self.best = Hits(keys[order], users[order], scores[order])


def _scan(
    slabs: Sequence[SlabView], probes: CodedProbes, criteria: Criteria, kind: KernelKind | None
) -> list[Promising]:
    """Of each probe the rows that may be among its best."""
    library = kernel.load_kernel()
    if library is None:
        return slow_scan(slabs, probes, criteria)
    kind = kernel.best_kind(library) if kind is None else kind
    return kernel.scan(library, kind, slabs, probes, criteria)


def _named(slabs: Sequence[SlabView], rows: Rows) -> tuple[Rows, Rows]:
    """Keys and users of rows of all slabs."""
    keys, users = np.empty_like(rows), np.empty_like(rows)
    of_part = np.searchsorted([slab.first for slab in slabs], rows, "right") - 1
    for number, slab in enumerate(slabs):
        mine = np.flatnonzero(of_part == number)
        local = rows[mine] - slab.first
        keys[mine], users[mine] = slab.keys[local], slab.users[local]
    return keys, users
