"""Where bounds are as tight as they may be: what would be lost if they were any less wide."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pytest

from reknown.gallery.vectors import kernel
from reknown.gallery.vectors.probes import Criteria, coded
from reknown.gallery.vectors.search import _scan
from reknown.gallery.vectors.slabs import GROUP, groups_of, walk
from unit.gallery.vectors.test_search import Templates, found, kinds, naive, slabbed, units

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.gallery.vectors.kernel import KernelKind
    from reknown.gallery.vectors.probes import Promising


def scanned(
    templates: Templates, probes: NDArray[np.float32], criteria: Criteria, kind: KernelKind | None
) -> list[Promising]:
    users = np.zeros(len(templates.vectors), np.int64)
    views = list(walk(slabbed(templates, users, (1024,))))
    codes = coded(probes, groups_of(probes.shape[1]) * GROUP)
    with pytest.MonkeyPatch.context() as patch:
        if kind is None:
            patch.setattr(kernel, "load_kernel", lambda: None)
        return _scan(views, codes, criteria, kind)


@pytest.mark.parametrize("kind", kinds())
def test_the_error_of_a_probe_alone_loses_nobody(kind: KernelKind | None) -> None:
    rng = np.random.default_rng(1)
    # references that 8 bits hold exactly, whose scores are sums of what is rounded in the probe
    signs = [(1, 1), (1, -1), (-1, 1), (-1, -1)]
    vectors = np.zeros((4 * 66, 12), np.float32)
    for number, ((i, j), (a, b)) in enumerate(
        (pair, some) for pair in combinations(range(12), 2) for some in signs
    ):
        vectors[number, [i, j]] = a, b
    templates, asked = Templates(vectors / np.float32(np.sqrt(2))), units(rng, 400, 12)
    users = np.zeros(len(vectors), np.int64)
    views = list(walk(slabbed(templates, users, (64,))))
    for k in (1, 3):
        assert found(views, asked, Criteria(k), templates, kind) == [
            naive(templates, users, probe, Criteria(k), frozenset()) for probe in asked
        ]


@pytest.mark.parametrize("kind", kinds())
def test_both_errors_together_stay_within_the_bounds(kind: KernelKind | None) -> None:
    # all values but one lie nearly half a code below the next: all errors point the same way
    vector = np.full((1, 1024), 100 - 0.45, np.float32)
    vector[0, 0] = 127
    vector /= np.linalg.norm(vector)
    probe = vector.copy()
    score = float((vector.astype(np.float64) * probe).sum())
    (promising,) = scanned(Templates(vector), probe, Criteria(1), kind)
    assert promising.cut <= score <= promising.uppers[0]
    assert promising.uppers[0] - promising.cut < 0.05


@pytest.mark.parametrize("kind", kinds())
def test_no_score_is_outside_its_bounds(kind: KernelKind | None) -> None:
    rng = np.random.default_rng(2)
    templates, probes = Templates(units(rng, 500, 24)), units(rng, 9, 24)
    for probe, promising in zip(
        probes, scanned(templates, probes, Criteria(500), kind), strict=True
    ):
        scores = (templates.vectors.astype(np.float64) * probe).sum(axis=1)
        assert sorted(promising.rows.tolist()) == list(range(500))
        assert (scores[promising.rows] <= promising.uppers).all()
        assert promising.cut <= scores.min()
    # the more that are worse are not looked at, the less there is to compare
    for few in scanned(templates, probes, Criteria(1), kind):
        assert len(few.rows) < 60
