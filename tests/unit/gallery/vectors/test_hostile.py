from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from reknown.gallery.vectors import search as module
from reknown.gallery.vectors.probes import Criteria
from reknown.gallery.vectors.slabs import Slab, walk
from unit.gallery.vectors.test_search import Templates, found, kinds, naive, slabbed, units

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.gallery.vectors.kernel import KernelKind


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("k", [0, -3, 10**9, 2**62 + 1, 2**63 - 1, 2**70])
def test_any_number_of_candidates_may_be_asked_for(kind: KernelKind | None, k: int) -> None:
    rng = np.random.default_rng(2)
    templates, users = Templates(units(rng, 300, 16)), np.arange(300) % 4
    views, asked = list(walk(slabbed(templates, users, (128,)))), units(rng, 2, 16)
    for distinct in (False, True):
        criteria = Criteria(k, distinct=distinct)
        assert found(views, asked, criteria, templates, kind) == [
            naive(templates, users, probe, criteria, frozenset()) if k > 0 else []
            for probe in asked
        ]


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38])
def test_a_probe_that_is_no_template_finds_nothing_and_harms_no_other(
    kind: KernelKind | None, bad: float
) -> None:
    rng = np.random.default_rng(4)
    templates, users = Templates(units(rng, 100, 16)), np.zeros(100, np.int64)
    views, asked = list(walk(slabbed(templates, users, (128,)))), units(rng, 9, 16)
    asked[4, 3] = bad
    answer = found(views, asked, Criteria(3), templates, kind)
    for number, hits in enumerate(answer):
        if number != 4:
            assert hits == naive(templates, users, asked[number], Criteria(3), frozenset())
        elif not np.isfinite(bad):
            assert hits == []


@pytest.mark.parametrize("kind", kinds())
def test_rows_of_any_numbers(kind: KernelKind | None) -> None:
    rng = np.random.default_rng(5)
    vectors = units(rng, 64, 8)
    vectors[5], vectors[6], vectors[7] = 1e-40, 1e-45, 1e-30
    vectors[8, 0], vectors[9, 1] = 3e38, -3e38
    templates, users = Templates(vectors), np.zeros(64, np.int64)
    with np.errstate(all="ignore"):
        views = list(walk(slabbed(templates, users, (64,))))
    asked = units(rng, 2, 8)
    assert found(views, asked, Criteria(64), templates, kind) == [
        naive(templates, users, probe, Criteria(64), frozenset()) for probe in asked
    ]


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("dimension", [1, 2, 5, 127, 129, 4095, 4096])
def test_every_width(kind: KernelKind | None, dimension: int) -> None:
    rng = np.random.default_rng(dimension)
    templates, users = Templates(units(rng, 37, dimension)), rng.integers(0, 5, 37)
    views, asked = list(walk(slabbed(templates, users, (16,)))), units(rng, 13, dimension)
    asked[1] = np.eye(1, dimension, dtype=np.float32)
    criteria = Criteria(4, distinct=True)
    assert found(views, asked, criteria, templates, kind) == [
        naive(templates, users, probe, criteria, frozenset()) for probe in asked
    ]


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("distinct", [False, True])
@pytest.mark.parametrize("k", [3, 250])
def test_what_no_bound_tells_apart_is_compared_in_portions(
    kind: KernelKind | None, k: int, distinct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[int] = []

    class Source(Templates):
        def fetch(self, keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
            fetched.append(len(keys))
            return super().fetch(keys)

    monkeypatch.setattr(module, "_PORTION", 100)
    monkeypatch.setattr(module, "_AT_ONCE", 2)
    rng = np.random.default_rng(9)
    alike = units(rng, 1, 16) + rng.normal(size=(900, 16)).astype(np.float32) * np.float32(1e-5)
    templates, users = Source(np.concatenate([alike, units(rng, 50, 16)])), rng.integers(0, 70, 950)
    views = list(walk(slabbed(templates, users, (256,))))
    asked = np.concatenate([alike[:3], units(rng, 2, 16)])
    criteria = Criteria(k, distinct=distinct)
    assert found(views, asked, criteria, templates, kind) == [
        naive(templates, users, probe, criteria, frozenset()) for probe in asked
    ]
    assert max(fetched) <= 100
    assert len(fetched) > 9


@pytest.mark.parametrize("kind", kinds())
def test_thousands_of_probes(kind: KernelKind | None) -> None:
    rng = np.random.default_rng(6)
    templates, users = Templates(units(rng, 40, 4)), np.zeros(40, np.int64)
    views, asked = list(walk(slabbed(templates, users, (64,)))), units(rng, 3001, 4)
    answer = found(views, asked, Criteria(1), templates, kind)
    best = (templates.vectors.astype(np.float64) @ asked.T.astype(np.float64)).max(axis=0)
    np.testing.assert_allclose([hits[0][2] for hits in answer], best, rtol=1e-12)


def test_an_empty_slab_among_others_is_passed_over() -> None:
    rng = np.random.default_rng(7)
    templates, users = Templates(units(rng, 32, 4)), np.zeros(32, np.int64)
    one, other = slabbed(templates, users, (16,))
    views = list(walk([Slab(4, 16), one, Slab(4, 16), other, Slab(4, 16)]))
    asked = units(rng, 2, 4)
    assert found(views, asked, Criteria(5), templates, None) == [
        naive(templates, users, probe, Criteria(5), frozenset()) for probe in asked
    ]
