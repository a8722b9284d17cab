import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import Rate
from reknown.evaluation.measures.scores import ScoreSet, matches, most_errors

SCORES = np.array([0.9, 0.4, -math.inf])
OTHERS = np.array([0.1, 0.2])


@pytest.mark.parametrize(
    "change",
    [
        {"mated": np.array([])},
        {"non_mated": np.array([])},
        {"mated": np.array([0.1, math.nan, 0.3])},
        {"non_mated": np.array([0.1, math.inf])},
        {"mated": np.ones((3, 1))},
        {"mated_subjects": np.array([0, 1])},
        {"mated_subjects": np.array([0, 1, -1])},
        {"mated_subjects": np.array([0.0, 1.0, 2.0])},
        {"non_mated_subjects": np.array([0, 1])},
        {"non_mated_subjects": np.array([[0, 1], [2, 2]])},
        {"mated_groups": np.array([0, 1, -2])},
        {"non_mated_groups": np.array([[0, 1, 1]])},
    ],
)
def test_a_set_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    arguments: dict[str, Any] = {"mated": SCORES, "non_mated": OTHERS, **change}
    with pytest.raises(InputError):
        ScoreSet(**arguments)


def test_a_failure_never_matches() -> None:
    assert matches(SCORES, -math.inf).tolist() == [True, True, False]
    with pytest.raises(InputError):
        matches(SCORES, math.nan)


def test_only_successes_are_left_with_their_subjects() -> None:
    scores = ScoreSet(SCORES, OTHERS, np.array([3, 4, 5]), np.array([[0, 1], [1, 2]]))
    assert (scores.mated_failures, scores.non_mated_failures) == (1, 0)
    kept = scores.successes()
    assert kept.mated_subjects is not None
    assert kept.mated_subjects.tolist() == [3, 4]
    with pytest.raises(InputError):
        ScoreSet(np.array([-math.inf]), OTHERS).successes()


@pytest.mark.parametrize(("errors", "trials"), [(0, 0), (-1, 3), (4, 3)])
def test_a_rate_that_cannot_be_is_refused(errors: int, trials: int) -> None:
    with pytest.raises(InputError):
        Rate(errors, trials)


@given(st.floats(0, 1), st.integers(1, 10**9))
def test_the_most_errors_of_a_target_are_exact(target: float, trials: int) -> None:
    count = most_errors(target, trials)
    assert count / trials <= target
    assert count == trials or (count + 1) / trials > target


@given(st.integers(1, 1000), st.integers(0, 1000))
def test_a_target_that_is_a_count_allows_that_count(trials: int, errors: int) -> None:
    errors = min(errors, trials)
    assert most_errors(errors / trials, trials) == errors
