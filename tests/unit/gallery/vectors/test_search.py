from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reknown.gallery.vectors import kernel
from reknown.gallery.vectors.choosing import RowChoice, choose
from reknown.gallery.vectors.kernel import KernelKind
from reknown.gallery.vectors.probes import Criteria
from reknown.gallery.vectors.search import search
from reknown.gallery.vectors.slabs import NOBODY, Slab, SlabView, walk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Keys = NDArray[np.int64]


CRITERIA = st.builds(
    Criteria,
    st.integers(1, 8),
    st.sampled_from([-np.inf, -1, 0.2, 0.9]),
    st.booleans(),
    st.booleans(),
)


def kinds() -> list[KernelKind | None]:
    """Those that this processor runs, and None for the scan without a compiler."""
    library = kernel.load_kernel()
    if library is None:
        return [None]
    best = kernel.best_kind(library)
    older = {KernelKind.AVX512: [KernelKind.AVX2]}.get(best, [])
    return [None, *{KernelKind.PORTABLE, best, *older}]


@dataclass(frozen=True, slots=True, eq=False)
class Templates:
    """A source of templates; the key of a row is its number times `step` plus 1."""

    vectors: Floats
    gone: frozenset[int] = frozenset()
    step: int = 3

    def keys(self) -> Keys:
        return np.arange(len(self.vectors), dtype=np.int64) * self.step + 1

    def fetch(self, keys: Keys) -> tuple[Keys, Floats]:
        there = keys[~np.isin(keys, list(self.gone))]
        return there, self.vectors[(there - 1) // self.step]


def units(rng: np.random.Generator, count: int, dimension: int) -> Floats:
    vectors = rng.normal(size=(count, dimension)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def slabbed(templates: Templates, users: Keys, rooms: tuple[int, ...]) -> list[Slab]:
    slabs: list[Slab] = []
    place, keys = 0, templates.keys()
    while place < len(keys):
        slab = Slab(templates.vectors.shape[1], rooms[len(slabs) % len(rooms)])
        rows = slice(place, place + slab.room)
        # in two goes: blocks fill up little by little
        for some in (slice(rows.start, rows.start + 5), slice(rows.start + 5, rows.stop)):
            slab.append(keys[some], users[some], keys[some], templates.vectors[some])
        slabs.append(slab)
        place = rows.stop
    return slabs


def naive(
    templates: Templates, users: Keys, probe: Floats, criteria: Criteria, left_out: frozenset[int]
) -> list[tuple[int, int, float]]:
    best: dict[tuple[str, int], tuple[float, int]] = {}
    scores = (templates.vectors.astype(np.float64) * probe).sum(axis=1)
    for row, score in enumerate(scores.tolist()):
        user = int(users[row])
        if row in left_out or score < criteria.least or (criteria.owned_only and user == NOBODY):
            continue
        subject = ("user", user) if criteria.distinct and user != NOBODY else ("row", row)
        if subject not in best or score > best[subject][0]:
            best[subject] = (score, row)
    ordered = sorted(best.values(), key=lambda pair: (-pair[0], pair[1]))[: criteria.k]
    keys = templates.keys()
    return [(int(keys[row]), int(users[row]), score) for score, row in ordered]


def found(
    slabs: list[SlabView],
    probes: Floats,
    criteria: Criteria,
    templates: Templates,
    kind: KernelKind | None,
) -> list[list[tuple[int, int, float]]]:
    with pytest.MonkeyPatch.context() as patch:
        if kind is None:
            patch.setattr(kernel, "load_kernel", lambda: None)
        hits = search(slabs, probes, criteria, templates, kind=kind)
    return [
        list(zip(hit.keys.tolist(), hit.users.tolist(), hit.scores.tolist(), strict=True))
        for hit in hits
    ]


@pytest.mark.parametrize("kind", kinds())
@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    seed=st.integers(0, 2**32 - 1),
    users=st.lists(st.sampled_from([0, 0, 7, 7, 7, 8, 9]), max_size=90),
    dimension=st.sampled_from([1, 3, 4, 16, 37, 128]),
    distinct=st.integers(1, 10),
    probes=st.integers(0, 11),
    criteria=CRITERIA,
    removed=st.sets(st.integers(0, 89), max_size=30),
    near=st.booleans(),
    chosen=st.none() | st.sets(st.integers(0, 89), max_size=40),
)
def test_finds_what_looking_at_everything_finds(  # noqa: PLR0913, PLR0917
    kind: KernelKind | None,
    seed: int,
    users: list[int],
    dimension: int,
    distinct: int,
    probes: int,
    criteria: Criteria,
    removed: set[int],
    near: bool,
    chosen: set[int] | None,
) -> None:
    rng = np.random.default_rng(seed)
    vectors = units(rng, distinct, dimension)[rng.integers(0, distinct, len(users))]
    if near and len(users):
        # what no bound tells apart
        vectors = vectors + rng.normal(size=vectors.shape).astype(np.float32) * np.float32(1e-7)
    owners = np.array(users, np.int64)
    templates = Templates(vectors.reshape(len(users), dimension))
    slabs = slabbed(templates, owners, (16, 32))
    gone = frozenset(row for row in removed if row < len(users))
    keys = templates.keys()[sorted(gone)]
    for number, slab in enumerate(slabs):
        slab.remove(slab.find(keys))
        if seed % 2:
            slabs[number] = slab.compacted()
    asked = units(rng, probes, dimension)
    views = list(walk(slabs))
    if chosen is not None:
        wanted = templates.keys()[sorted(row for row in chosen if row < len(users))]
        views = list(choose(views, RowChoice(wanted)).slabs)
        gone |= frozenset(range(len(users))) - chosen
    answer = found(views, asked, criteria, templates, kind)
    assert answer == [naive(templates, owners, probe, criteria, gone) for probe in asked]


@pytest.mark.parametrize("kind", kinds())
def test_every_size_of_a_batch_and_of_a_part(kind: KernelKind | None) -> None:
    rng = np.random.default_rng(5)
    templates = Templates(units(rng, 700, 20))
    users = rng.integers(0, 30, 700)
    asked = units(rng, 19, 20)
    for rooms in ((16,), (64, 16), (1024,)):
        views = list(walk(slabbed(templates, users, rooms)))
        for probes in (1, 7, 8, 9, 19):
            criteria = Criteria(5, distinct=True)
            assert found(views, asked[:probes], criteria, templates, kind) == [
                naive(templates, users, probe, criteria, frozenset()) for probe in asked[:probes]
            ]


@pytest.mark.parametrize("kind", kinds())
def test_many_references_of_one_subject_hide_nobody(kind: KernelKind | None) -> None:
    rng = np.random.default_rng(3)
    probe = units(rng, 1, 16)
    templates = Templates(np.concatenate([np.repeat(probe, 1000, axis=0), units(rng, 5, 16)]))
    users = np.array([4] * 1000 + [0] * 5, np.int64)
    views = list(walk(slabbed(templates, users, (512, 1024))))
    (hits,) = found(views, probe, Criteria(3, distinct=True), templates, kind)
    assert [user for _, user, _ in hits] == [4, 0, 0]
    assert hits[0][0] == 1
    # all that are equal are compared: the one enrolled first is the first
    (hits,) = found(views, probe, Criteria(3), templates, kind)
    assert [key for key, _, _ in hits] == [1, 4, 7]


@pytest.mark.parametrize("kind", kinds())
def test_only_chosen_rows_are_looked_at(kind: KernelKind | None) -> None:
    rng = np.random.default_rng(8)
    templates = Templates(units(rng, 300, 16))
    users = np.zeros(300, np.int64)
    chosen = rng.random(300) < 0.3
    views = [
        replace(view, chosen=np.resize(chosen[view.first :], len(view.keys)).astype(np.uint8))
        for view in walk(slabbed(templates, users, (128,)))
    ]
    asked = units(rng, 3, 16)
    left_out = frozenset(np.flatnonzero(~chosen).tolist())
    assert found(views, asked, Criteria(9), templates, kind) == [
        naive(templates, users, probe, Criteria(9), left_out) for probe in asked
    ]


@pytest.mark.parametrize("kind", kinds())
def test_rows_that_are_no_templates_are_compared_exactly(kind: KernelKind | None) -> None:
    rng = np.random.default_rng(8)
    vectors = units(rng, 40, 16)
    vectors[3] *= 100
    vectors[5] = 0
    templates, users = Templates(vectors), np.zeros(40, np.int64)
    views = list(walk(slabbed(templates, users, (64,))))
    (probe,) = asked = units(rng, 1, 16)
    assert found(views, asked, Criteria(40), templates, kind) == [
        naive(templates, users, probe, Criteria(40), frozenset())
    ]


@pytest.mark.parametrize("kind", kinds())
def test_what_has_gone_from_the_source_is_not_found(kind: KernelKind | None) -> None:
    templates = Templates(np.eye(8, 16, dtype=np.float32), frozenset({1, 7}))
    views = list(walk(slabbed(templates, np.zeros(8, np.int64), (16,))))
    (hits,) = found(views, np.eye(1, 16, dtype=np.float32), Criteria(8), templates, kind)
    assert [key for key, _, _ in hits] == [4, 10, 13, 16, 19, 22]


def test_nothing_is_found_in_nothing() -> None:
    templates = Templates(np.empty((0, 16), np.float32))
    probes = np.eye(2, 16, dtype=np.float32)
    assert found([], probes, Criteria(1), templates, KernelKind.PORTABLE) == [[], []]
    slab = Slab(16, 16).view(0)
    assert found([slab], probes, Criteria(1), templates, KernelKind.PORTABLE) == [[], []]
    assert found([slab], probes[:0], Criteria(1), templates, KernelKind.PORTABLE) == []


@pytest.mark.parametrize("kind", kinds())
def test_a_score_that_only_its_bound_lifts_to_the_threshold_does_not_count(
    kind: KernelKind | None,
) -> None:
    rng = np.random.default_rng(6)
    templates, users = Templates(units(rng, 200, 16)), np.zeros(200, np.int64)
    views = list(walk(slabbed(templates, users, (64,))))
    (probe,) = asked = units(rng, 1, 16)
    scores = np.sort((templates.vectors.astype(np.float64) * probe).sum(axis=1))[::-1]
    for place in range(1, 30):
        criteria = Criteria(100, float(np.nextafter(scores[place], 1)))
        (hits,) = found(views, asked, criteria, templates, kind)
        assert len(hits) == place


def test_a_score_at_the_threshold_counts() -> None:
    templates = Templates(np.eye(2, 16, dtype=np.float32))
    views = list(walk(slabbed(templates, np.zeros(2, np.int64), (16,))))
    for least, keys in ((1.0, [1]), (0.0, [1, 4])):
        (hits,) = found(views, templates.vectors[:1], Criteria(5, least), templates, None)
        assert [key for key, _, _ in hits] == keys
