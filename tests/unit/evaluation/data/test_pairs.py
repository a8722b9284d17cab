from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.biometrics.errors import InputError
from reknown.evaluation.data import pairs as module
from reknown.evaluation.data.duplicates import Duplicates, no_duplicates
from reknown.evaluation.data.pairs import (
    HISTOGRAM_BINS,
    PairScores,
    count_pairs,
    score_matrix,
    score_pairs,
    tail_length,
)
from reknown.evaluation.data.protocols import AllPairs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Singles = NDArray[np.float32]


def unit_rows(generator: np.random.Generator, count: int, dimension: int) -> Singles:
    rows = generator.normal(size=(count, dimension))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32)


def exact_score(one: Singles, other: Singles) -> float:
    """By fractions: no error at all until the only rounding."""
    product = sum(
        (Fraction(float(a)) * Fraction(float(b)) for a, b in zip(one, other, strict=True)),
        Fraction(0),
    )
    return float(round(product * 2**24)) / 2**24


def _pairs(
    subjects: list[int], sessions: list[int] | None = None, *, skip: bool = False
) -> AllPairs:
    return AllPairs(
        np.array(subjects, np.intp),
        np.array([-1] * len(subjects) if sessions is None else sessions, np.intp),
        skip,
    )


def _duplicates(found: list[tuple[int, int, bool]], subjects: list[int]) -> Duplicates:
    first = np.array([a for a, _, _ in found], np.intp)
    second = np.array([b for _, b, _ in found], np.intp)
    own = np.array(subjects)
    return Duplicates(
        first,
        second,
        np.array([exact for _, _, exact in found], bool),
        np.zeros(len(found), np.int64),
        np.array(own[first] == own[second], bool),
    )


@st.composite
def sets(draw: st.DrawFn) -> tuple[Singles, NDArray[np.bool_], list[int]]:
    """Templates with many equal scores, failures, and subjects out of order."""
    count = draw(st.integers(2, 24))
    generator = np.random.default_rng(draw(st.integers(0, 10_000)))
    vectors = unit_rows(generator, count, draw(st.integers(1, 9)))
    if draw(st.booleans()):
        vectors = (np.rint(vectors * 2) / 4).astype(np.float32)
    failed = generator.random(count) < draw(st.sampled_from([0.0, 0.2, 1.0]))
    vectors[failed] = 0
    subjects = generator.integers(0, draw(st.integers(2, 8)), count).tolist()
    return vectors, failed, subjects


@given(data=sets(), tile=st.integers(1, 30), tail=st.integers(1, 400))
def test_counts_are_those_of_brute_force(
    data: tuple[Singles, NDArray[np.bool_], list[int]], tile: int, tail: int
) -> None:
    vectors, failed, subjects = data
    if len(set(subjects)) < 2:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_TILE", tile)
        patch.setattr(module, "_LISTED_AT_ONCE", tile)
        found = count_pairs(vectors, failed, _pairs(subjects), no_duplicates(), tail=tail)
    every = [
        (a, b, -math.inf if failed[a] or failed[b] else exact_score(vectors[a], vectors[b]))
        for a, b in itertools.combinations(range(len(subjects)), 2)
    ]
    mated = [pair for pair in every if subjects[pair[0]] == subjects[pair[1]]]
    others = [pair for pair in every if subjects[pair[0]] != subjects[pair[1]]]
    assert found.mated.tolist() == [score for _, _, score in mated]
    assert found.mated_pairs.tolist() == [[a, b] for a, b, _ in mated]
    _check_tail(found, others, tail, subjects)


Listed = list[tuple[int, int, float]]


def _check_tail(found: PairScores, others: Listed, length: int, subjects: list[int]) -> None:
    tail = found.tail
    good = sorted((score, a, b) for a, b, score in others if score > -math.inf)
    reached = [item for item in good if item[0] >= tail.floor]
    assert tail.comparisons == len(others)
    assert tail.failures == len(others) - len(good)
    assert tail.scores.tolist() == [score for score, _, _ in reached]
    assert found.tail_pairs.tolist() == [[a, b] for _, a, b in reached]
    assert tail.subjects is not None
    assert tail.subjects.tolist() == [[subjects[a], subjects[b]] for _, a, b in reached]
    assert len(reached) <= length
    if len(good) <= length:
        assert len(reached) == len(good)
    else:  # nothing is missing but scores that are equal
        missing = good[-len(reached) - 1][0]
        assert len([score for score, _, _ in good if score >= missing]) > length
    assert found.histogram.sum() == len(good)


def test_scores_do_not_depend_on_tiles_or_order(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(1)
    vectors = unit_rows(generator, 300, 384)
    vectors[100:200] = vectors[:100] + np.float32(1e-7) * unit_rows(generator, 100, 384)
    failed = np.zeros(300, bool)
    subjects = np.arange(300) % 90
    results = []
    for tile in (1_024, 300, 97, 7):
        monkeypatch.setattr(module, "_TILE", tile)
        pairs = AllPairs(subjects, np.full(300, -1))
        results.append(count_pairs(vectors, failed, pairs, no_duplicates(), tail=50_000))
    for result in results[1:]:
        assert (result.tail.scores == results[0].tail.scores).all()
        assert (result.tail_pairs == results[0].tail_pairs).all()
    listed = score_pairs(vectors, failed, *results[0].tail_pairs.T)
    assert (listed == results[0].tail.scores).all()
    turned = score_pairs(vectors, failed, *results[0].tail_pairs.T[::-1])
    assert (turned == listed).all()


@pytest.mark.parametrize("sign", [1, -1])
def test_a_product_at_the_edge_of_rounding_is_exact(sign: int) -> None:
    """Half a step and a bit that float64 loses on the way."""
    one = np.array([[1, 2**-25, 2**-40, -1, 2**-60]], np.float32) * np.float32(sign)
    other = np.array([[2**40, 1, 2**-30, 2**40, 2**-30]], np.float32)
    vectors = np.concatenate([one, other])
    failed = np.zeros(2, bool)
    (score,) = score_pairs(vectors, failed, np.array([0]), np.array([1]))
    assert score == exact_score(one[0], other[0]) == sign * 2.0**-24
    found = count_pairs(vectors, failed, _pairs([0, 1]), no_duplicates())
    assert found.tail.scores.tolist() == [score]


def test_copies_and_sessions_are_left_out_once_each() -> None:
    generator = np.random.default_rng(2)
    subjects = [0, 0, 0, 0, 1, 1]
    pairs = _pairs(subjects, [5, 5, 5, 6, -1, -1], skip=True)
    found = [(0, 1, True), (0, 2, False), (3, 4, True)]
    result = count_pairs(
        unit_rows(generator, 6, 8), np.zeros(6, bool), pairs, _duplicates(found, subjects)
    )
    excluded = result.excluded
    assert (excluded.same_image, excluded.near_duplicates, excluded.same_session) == (1, 1, 1)
    assert result.mated_pairs.tolist() == [[0, 3], [1, 3], [2, 3], [4, 5]]
    assert result.non_mated_duplicates == 1
    assert result.tail.comparisons == 8


def test_sessions_count_unless_they_are_to_be_left_out() -> None:
    vectors = unit_rows(np.random.default_rng(3), 3, 4)
    result = count_pairs(vectors, np.zeros(3, bool), _pairs([0, 0, 1], [5, 5, 6]), no_duplicates())
    assert len(result.mated) == 1


def test_the_histogram_has_fixed_bins() -> None:
    vectors = np.array([[1, 0], [-1, 0], [0, 1], [1, 0]], np.float32)
    result = count_pairs(vectors, np.zeros(4, bool), _pairs([0, 1, 2, 3]), no_duplicates())
    filled = np.flatnonzero(result.histogram)
    assert filled.tolist() == [0, HISTOGRAM_BINS // 2, HISTOGRAM_BINS - 1]
    assert result.histogram[filled].tolist() == [2, 3, 1]


def test_equal_scores_that_exceed_the_tail_lie_below_its_floor() -> None:
    vectors = np.array([[1, 0]] * 10 + [[0, 1]], np.float32)
    failed = np.zeros(11, bool)
    result = count_pairs(vectors, failed, _pairs(list(range(11))), no_duplicates(), tail=44)
    assert len(result.tail.scores) == 0
    assert result.tail.floor > 1
    result = count_pairs(vectors, failed, _pairs(list(range(11))), no_duplicates(), tail=45)
    assert len(result.tail.scores) == 45
    assert result.tail.floor == 1


def test_how_long_a_tail_is() -> None:
    assert tail_length(1_000, 0.01) == 11
    assert tail_length(10**12) == 5_000_000


def test_what_cannot_be_compared_is_refused() -> None:
    good, failed = unit_rows(np.random.default_rng(4), 3, 4), np.zeros(3, bool)
    with pytest.raises(InputError, match="one subject"):
        count_pairs(good, failed, _pairs([0, 0, 0]), no_duplicates())
    with pytest.raises(InputError, match="do not fit"):
        count_pairs(good, failed, _pairs([0, 1]), no_duplicates())
    with pytest.raises(InputError, match="not finite"):
        count_pairs(good * np.float32(np.nan), failed, _pairs([0, 1, 2]), no_duplicates())
    with pytest.raises(InputError, match="float32"):
        count_pairs(good.astype(np.float64), failed, _pairs([0, 1, 2]), no_duplicates())
    many = np.zeros((7_000, 1), np.float32)
    with pytest.raises(InputError, match="mated pairs"):
        count_pairs(many, np.zeros(7_000, bool), _pairs([0] * 6_999 + [1]), no_duplicates())


def test_a_matrix_of_scores_has_the_same_ones() -> None:
    generator = np.random.default_rng(8)
    vectors = generator.normal(size=(40, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    singles, failed = vectors.astype(np.float32), np.arange(40) % 7 == 3
    first, second = generator.permutation(40)[:25], generator.permutation(40)[:9]
    matrix = score_matrix(singles, failed, first, second)
    listed = score_pairs(singles, failed, np.repeat(first, 9), np.tile(second, 25))
    np.testing.assert_array_equal(matrix.ravel(), listed)
    assert score_matrix(singles, failed, first[:0], second).shape == (0, 9)
