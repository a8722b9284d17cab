import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from reknown.gallery.grouping.clusters import GrowingClusters
from reknown.gallery.grouping.linkage import link
from unit.gallery.grouping.drawn import partition, people


def clusters(
    vectors: NDArray[np.float32], keys: dict[int, set[int]] | None = None
) -> GrowingClusters:
    count, none = len(vectors), np.zeros(len(vectors), bool)
    sums = vectors.astype(np.float64)
    return GrowingClusters(sums, np.ones(count, np.intp), keys or {}, none, none)


def every_pair(count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    first, second = np.triu_indices(count, 1)
    return first.astype(np.intp), second.astype(np.intp)


@settings(deadline=None, max_examples=40)
@given(
    sizes=st.lists(st.integers(1, 12), min_size=2, max_size=12),
    noise=st.floats(0.3, 1.5),
    least=st.floats(0.2, 0.9),
    seed=st.integers(0, 999),
)
def test_rounds_give_what_scipy_gives_one_by_one(
    sizes: list[int], noise: float, least: float, seed: int
) -> None:
    drawn = people(sizes, noise=noise, dimension=16, seed=seed)
    mine = clusters(drawn.vectors)
    link(mine, *every_pair(len(drawn.of)), least)
    scores = drawn.vectors.astype(np.float64) @ drawn.vectors.astype(np.float64).T
    distances = 2 - scores[np.triu_indices(len(scores), 1)]
    theirs = fcluster(linkage(distances, "average"), 2 - least, "distance")
    assert partition(mine.roots()) == partition(theirs)


def test_a_chain_is_not_followed_to_its_end() -> None:
    """Neighbours along an arc are alike, its ends are not: no group holds both."""
    angles = np.linspace(0, np.pi / 2, 12)
    arc = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    mine = clusters(arc)
    link(mine, *every_pair(12), 0.9)
    roots = mine.roots()
    assert roots[0] != roots[-1]
    assert len(np.unique(roots)) < 12


def test_who_may_not_come_together_takes_the_next_best() -> None:
    """Row 1 is nearest to row 0, which it is kept apart from, and goes with row 2 instead."""
    angles = np.array([0.0, 0.1, 0.25])
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    mine = clusters(rows, {0: {7}, 1: {7}})
    link(mine, *every_pair(3), 0.9)
    assert mine.roots().tolist() == [0, 1, 1]


def test_what_a_cluster_is_kept_apart_from_its_parts_are() -> None:
    same = np.tile(np.array([[1.0, 0.0]], np.float32), (4, 1))
    mine = clusters(same, {0: {1}, 1: {2}, 2: {1, 2}})
    link(mine, *every_pair(4), 0.9)
    assert partition(mine.roots()) == {frozenset({0, 1}), frozenset({2, 3})}


@pytest.mark.parametrize("copies", [2, 3, 64])
def test_equal_rows_come_together(copies: int) -> None:
    same = np.tile(people([1]).vectors, (copies, 1))
    mine = clusters(same)
    link(mine, *every_pair(copies), 0.99)
    assert len(np.unique(mine.roots())) == 1


def test_pairs_that_the_graph_does_not_have_are_not_brought_together() -> None:
    same = np.tile(people([1]).vectors, (4, 1))
    mine = clusters(same)
    link(mine, np.array([0, 2]), np.array([1, 3]), 0.5)
    assert mine.roots().tolist() == [0, 0, 2, 2]
