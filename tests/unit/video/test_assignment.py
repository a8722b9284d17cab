import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.optimize import linear_sum_assignment

from reknown.video.assignment import cheapest_pairs

SHAPES = st.tuples(st.integers(0, 9), st.integers(0, 9))


def total(cost: np.ndarray, pairs: list[tuple[int, int]]) -> float:
    return sum(float(cost[pair]) for pair in pairs)


@given(arrays.arrays(np.float64, SHAPES, elements=st.floats(-1e6, 1e6)))
def test_no_assignment_is_cheaper(cost: np.ndarray) -> None:
    pairs = cheapest_pairs(cost)
    expected = float(cost[linear_sum_assignment(cost)].sum())
    assert total(cost, pairs) == pytest.approx(expected, rel=1e-9, abs=1e-6)


@given(arrays.arrays(np.float64, SHAPES, elements=st.sampled_from([0.0, -1.0, -2.0, 5.0])))
def test_ties_do_no_harm(cost: np.ndarray) -> None:
    expected = float(cost[linear_sum_assignment(cost)].sum())
    assert total(cost, cheapest_pairs(cost)) == expected


@given(arrays.arrays(np.float64, SHAPES, elements=st.floats(-10, 10)))
def test_each_row_and_column_is_used_once_and_the_shorter_side_up(cost: np.ndarray) -> None:
    pairs = cheapest_pairs(cost)
    assert len(pairs) == min(cost.shape)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert pairs == sorted(pairs)


@pytest.mark.parametrize("shape", [(60, 60), (20, 90), (90, 20)])
def test_large_ones_agree_pair_by_pair(shape: tuple[int, int]) -> None:
    # random costs have one best assignment
    cost = np.random.default_rng(1).normal(size=shape)
    rows, columns = linear_sum_assignment(cost)
    assert cheapest_pairs(cost) == list(zip(rows.tolist(), columns.tolist(), strict=True))


def test_what_is_nearest_is_not_always_best() -> None:
    assert cheapest_pairs(np.array([[0.0, 1.0], [1.0, 9.0]])) == [(0, 1), (1, 0)]
