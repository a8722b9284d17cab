import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import Rate
from reknown.evaluation.measures.scores import ScoreSet
from reknown.evaluation.measures.tail import (
    NonMatedTail,
    tail_det_curve,
    tail_false_match_rate,
    tail_threshold_for,
)
from reknown.evaluation.measures.verification import (
    det_curve,
    false_match_rate,
    threshold_for,
)


def tail_of(scores: NDArray[np.float64], floor: float) -> NonMatedTail:
    failures = int(np.count_nonzero(scores == -math.inf))
    return NonMatedTail(np.sort(scores[scores >= floor]), floor, len(scores), failures)


VALUES = st.sampled_from([-math.inf, *np.linspace(0, 1, 11)])


@given(
    st.lists(VALUES, min_size=1, max_size=20),
    st.lists(VALUES, min_size=1, max_size=60),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_a_tail_gives_what_all_comparisons_give_or_refuses(
    mated: list[float], non_mated: list[float], floor: float, target: float
) -> None:
    scores = ScoreSet(np.array(mated), np.array(non_mated))
    tail = tail_of(scores.non_mated, floor)
    for threshold in (floor, (floor + 1) / 2, 1.0):
        assert tail_false_match_rate(tail, threshold) == false_match_rate(scores, threshold)
    try:
        threshold = tail_threshold_for(tail, target, scores.mated)
    except InputError:
        return
    assert threshold == threshold_for(scores, target)


def test_the_curve_is_the_end_of_the_whole_one() -> None:
    generator = np.random.default_rng(1)
    mated, others = generator.random(50).round(2) + 0.3, generator.random(500).round(2)
    whole, part = det_curve(ScoreSet(mated, others)), tail_det_curve(tail_of(others, 0.8), mated)
    size = len(part.thresholds)
    np.testing.assert_array_equal(part.thresholds, whole.thresholds[-size:])
    np.testing.assert_array_equal(part.false_matches, whole.false_matches[-size:])
    np.testing.assert_array_equal(part.false_non_matches, whole.false_non_matches[-size:])
    assert (part.mated, part.non_mated) == (50, 500)


def test_below_the_tail_nothing_is_claimed() -> None:
    tail = NonMatedTail(np.array([0.8, 0.9]), 0.75, 1000)
    with pytest.raises(InputError, match="begins at"):
        tail_false_match_rate(tail, 0.7)
    with pytest.raises(InputError, match="needs 6"):
        tail_threshold_for(tail, 0.005)
    assert tail_threshold_for(tail, 0.001) == 0.9
    assert tail_threshold_for(tail, 0) == np.nextafter(0.9, 1)
    assert tail_threshold_for(tail, 0.001, np.array([0.85])) == 0.85


def test_false_matches_are_listed_by_subject() -> None:
    pairs = np.array([[0, 1], [2, 3]])
    tail = NonMatedTail(np.array([0.8, 0.9]), 0.75, 1000, subjects=pairs)
    assert tail.false_matches(0.85).tolist() == [[2, 3]]
    with pytest.raises(InputError):
        NonMatedTail(np.array([0.8]), 0.75, 1000).false_matches(0.8)


def test_nothing_above_the_floor_is_a_rate_of_zero_of_many() -> None:
    tail = NonMatedTail(np.empty(0), 0.9, 1000)
    assert tail_false_match_rate(tail, 0.95) == Rate(0, 1000)
    with pytest.raises(InputError):
        tail_threshold_for(tail, 1e-6)


@pytest.mark.parametrize(
    ("scores", "floor", "comparisons", "failures"),
    [
        ([0.9, 0.8], 0.7, 10, 0),
        ([0.6, 0.8], 0.7, 10, 0),
        ([0.8, math.nan], 0.7, 10, 0),
        ([0.8], math.nan, 10, 0),
        ([0.8, 0.9], 0.7, 1, 0),
        ([0.8, 0.9], 0.7, 10, 9),
        ([], 0.7, 0, 0),
    ],
)
def test_a_tail_of_another_form_is_refused(
    scores: list[float], floor: float, comparisons: int, failures: int
) -> None:
    with pytest.raises(InputError):
        NonMatedTail(np.array(scores), floor, comparisons, failures)
