import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reknown.biometrics.errors import InputError
from reknown.gallery.grouping.grouping import group
from reknown.gallery.grouping.sightings import marks, sightings
from unit.gallery.grouping.drawn import Drawn, partition, people

LEAST = 0.5
NAMES = st.integers(0, 9_999)


def of_people(drawn: Drawn) -> set[frozenset[int]]:
    """Whoever was seen more than once."""
    return {rows for rows in partition(drawn.of) if len(rows) > 1}


def apart(drawn: Drawn) -> np.ndarray:
    """A photo for each sighting."""
    return np.arange(len(drawn.of))


def test_people_are_grouped_and_who_is_alone_is_not() -> None:
    drawn = people([20, 5, 2, 1, 1, 9])
    found = group(sightings(drawn.vectors, apart(drawn)), LEAST, first_new=100)
    assert partition(found.labels) == of_people(drawn)
    assert found.labels[:20].tolist() == [100] * 20
    assert found.labels[27:29].tolist() == [-1, -1]
    assert set(found.labels[29:].tolist()) == {103}
    assert found.merged == {}


@settings(deadline=None, max_examples=25)
@given(seed=NAMES, sizes=st.lists(st.integers(1, 8), min_size=1, max_size=10))
def test_the_order_of_rows_changes_nothing(seed: int, sizes: list[int]) -> None:
    drawn = people(sizes, noise=1.0, dimension=16, seed=seed)
    photos = np.random.default_rng(seed).integers(0, 2 * len(drawn.of), len(drawn.of))
    firm = np.random.default_rng(seed + 1).random(len(drawn.of)) < 0.8
    order = np.random.default_rng(seed + 2).permutation(len(drawn.of))
    one = group(sightings(drawn.vectors, photos, firm=firm), LEAST)
    other = group(sightings(drawn.vectors[order], photos[order], firm=firm[order]), LEAST)
    assert partition(one.labels) == partition(other.labels, order)


@settings(deadline=None, max_examples=25)
@given(seed=NAMES, steps=st.lists(st.integers(1, 15), min_size=1, max_size=6))
def test_who_may_not_be_together_never_is_and_groups_never_split(
    seed: int, steps: list[int]
) -> None:
    generator = np.random.default_rng(seed)
    count = sum(steps)
    drawn = people([8] * (count // 8 + 1), noise=1.0, dimension=16, seed=seed)
    rows = generator.permutation(len(drawn.of))[:count]
    photos = generator.integers(0, count, count)
    pairs = generator.integers(0, count, (count // 2, 2))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    firm = generator.random(count) < 0.7
    labels, named = np.empty(0, np.intp), np.empty(0, np.intp)
    for stop in np.cumsum(steps):
        before = labels
        known = sightings(
            drawn.vectors[rows[:stop]],
            photos[:stop],
            groups=np.append(before, np.full(stop - len(before), -1)),
            fresh=np.arange(stop) >= len(before),
            firm=firm[:stop],
        )
        seen = pairs[(pairs < stop).all(axis=1)]
        labels = group(known, LEAST, marks(known, apart=seen, named=named)).labels
        for label in np.unique(labels[labels >= 0]):
            inside = labels == label
            assert len(np.unique(photos[:stop][inside])) == inside.sum()
            assert not inside[seen].all(axis=1).any()
            olds = np.unique(before[inside[: len(before)]])
            olds = olds[olds >= 0]
            assert len(olds) < 2 or not np.isin(olds, named).any()
        for label in np.unique(before[before >= 0]):
            assert len(np.unique(labels[: len(before)][before == label])) == 1
        kept = np.unique(labels[labels >= 0])
        named = kept[kept % 3 == 0]


def test_new_sightings_join_the_group_they_belong_to() -> None:
    drawn = people([10, 10])
    groups = np.array([*[4] * 9, -1, *[2] * 9, -1])
    found = group(sightings(drawn.vectors, apart(drawn), groups=groups), LEAST)
    assert found.labels.tolist() == [4] * 10 + [2] * 10


def test_only_fresh_sightings_are_looked_at() -> None:
    drawn = people([6])
    fresh = np.zeros(6, bool)
    known = sightings(drawn.vectors, apart(drawn), fresh=fresh)
    assert group(known, LEAST).labels.tolist() == [-1] * 6
    fresh[0] = True
    known = sightings(drawn.vectors, apart(drawn), fresh=fresh)
    assert (group(known, LEAST).labels == 0).sum() > 1


@pytest.mark.parametrize(
    ("named", "merged"), [([], {7: 3}), ([3], {}), ([7], {}), ([3, 7], {}), ([99], {7: 3})]
)
def test_old_groups_become_one_where_nobody_named_either(
    named: list[int], merged: dict[int, int]
) -> None:
    drawn = people([9], noise=0.4)
    groups = np.array([3, 3, 3, 3, 7, 7, 7, -1, -1])
    known = sightings(drawn.vectors, apart(drawn), groups=groups)
    found = group(known, LEAST, marks(known, named=named))
    assert found.merged == merged
    assert (found.labels >= 0).all()


def test_groups_that_are_never_the_same_person_stay_two() -> None:
    drawn = people([9], noise=0.4)
    groups = np.array([3, 3, 3, 3, 7, 7, 7, -1, -1])
    known = sightings(drawn.vectors, apart(drawn), groups=groups)
    found = group(known, LEAST, marks(known, never=[(3, 7), (3, 1000)]))
    assert found.labels[:7].tolist() == groups[:7].tolist()
    assert set(found.labels[7:].tolist()) <= {3, 7}


def test_a_weak_sighting_joins_but_brings_nobody_together() -> None:
    """Halfway between two people, it would have been the bridge."""
    drawn = people([4, 4], noise=0.3)
    middle = drawn.vectors.mean(axis=0, keepdims=True)
    rows = np.concatenate([drawn.vectors, middle / np.linalg.norm(middle)])
    firm = np.arange(9) < 8
    found = group(sightings(rows, np.arange(9), firm=firm), 0.4)
    assert partition(found.labels[:8]) == of_people(drawn)
    assert found.labels[8] in found.labels[:8]
    crowd = sightings(np.repeat(rows[8:], 5, axis=0), np.arange(5), firm=np.zeros(5, bool))
    assert group(crowd, 0.4).labels.tolist() == [-1] * 5


def test_of_two_weak_faces_of_one_photo_the_better_one_joins() -> None:
    drawn = people([6], noise=0.4)
    firm = np.array([True] * 4 + [False] * 2)
    found = group(sightings(drawn.vectors, [0, 1, 2, 3, 9, 9], firm=firm), LEAST)
    means = drawn.vectors[4:] @ drawn.vectors[:4].mean(axis=0)
    assert found.labels[4 + int(means.argmax())] == found.labels[0]
    assert found.labels[4 + int(means.argmin())] == -1


def test_a_group_without_a_good_face_still_takes_new_ones() -> None:
    drawn = people([4], noise=0.4)
    known = sightings(
        drawn.vectors, np.arange(4), groups=[5, 5, -1, -1], firm=[False, False, True, False]
    )
    assert group(known, LEAST).labels.tolist() == [5] * 4


def test_an_empty_archive_has_no_groups() -> None:
    empty = sightings(np.empty((0, 8), np.float32), np.empty(0, np.intp))
    assert group(empty, LEAST).labels.tolist() == []
    with pytest.raises(InputError):
        group(empty, 0)
