"""The best rows of slabs for each probe, proven so by bounds and compared exactly."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from reknown.gallery.vectors import kernel
from reknown.gallery.vectors.probes import Promising, coded
from reknown.gallery.vectors.slabs import GROUP, groups_of
from reknown.gallery.vectors.slow import first_of_each, slow_scan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from reknown.gallery.vectors.kernel import KernelKind
    from reknown.gallery.vectors.probes import CodedProbes, Criteria
    from reknown.gallery.vectors.slabs import SlabView

    Rows = NDArray[np.int64]


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
    threads: int = 1,
    kind: KernelKind | None = None,
) -> list[Hits]:
    """For each probe (p, d) its best rows, scored in float64 from the templates of `source`.

    `kind` is that of the scan, the fastest unless given.
    """
    codes = coded(probes, groups_of(probes.shape[1]) * GROUP)
    found = _promising(slabs, codes, criteria, threads, kind)
    keys, users = _named(slabs, np.concatenate([np.empty(0, np.int64), *(f.rows for f in found)]))
    there, vectors = source.fetch(np.unique(keys))
    ends = np.cumsum([len(f.rows) for f in found])[:-1]
    per_probe = zip(probes, np.split(keys, ends), np.split(users, ends), strict=True)
    return [_best(*one, there, vectors, criteria) for one in per_probe] if len(probes) else []


def _promising(
    slabs: Sequence[SlabView],
    probes: CodedProbes,
    criteria: Criteria,
    threads: int,
    kind: KernelKind | None,
) -> list[Promising]:
    """Of each probe the rows that may be among its best."""
    shares = [slabs[number::threads] for number in range(min(threads, len(slabs)))] or [()]
    if len(shares) == 1:
        return _scan(slabs, probes, criteria, kind)
    with ThreadPoolExecutor(len(shares)) as pool:
        found = list(pool.map(lambda share: _scan(share, probes, criteria, kind), shares))
    return [_joined(of_probe) for of_probe in zip(*found, strict=True)]


def _joined(found: Sequence[Promising]) -> Promising:
    cut = max(each.cut for each in found)
    rows = np.concatenate([each.rows for each in found])
    uppers = np.concatenate([each.uppers for each in found])
    near = uppers >= cut
    return Promising(rows[near], uppers[near], cut)


def _scan(
    slabs: Sequence[SlabView], probes: CodedProbes, criteria: Criteria, kind: KernelKind | None
) -> list[Promising]:
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


def _best(
    probe: NDArray[np.float32],
    keys: Rows,
    users: Rows,
    there: Rows,
    vectors: NDArray[np.float32],
    criteria: Criteria,
) -> Hits:
    places = np.searchsorted(there, keys)
    present = np.flatnonzero(there.take(places, mode="clip") == keys) if len(there) else places[:0]
    order = present[np.argsort(keys[present])]
    keys, users = keys[order], users[order]
    rows = vectors[places[order]]
    # row by row, so that a score does not depend on what else is compared
    scores = (rows.astype(np.float64) * probe).sum(axis=1)
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] >= criteria.least]
    if criteria.distinct:
        order = order[first_of_each(users[order])]
    order = order[: criteria.k]
    return Hits(keys[order], users[order], scores[order])
