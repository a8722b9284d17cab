import math

import pytest

from reknown.biometrics.errors import InputError
from reknown.evaluation.age import (
    age_errors,
    age_errors_by_group,
    challenge_rates,
    cumulative_score,
)
from reknown.evaluation.rates import Rate

TRUE = [16, 17, 18, 20, 24, 30, 40]
ESTIMATED = [19, 15, 21, 23, 26, 28, 41]


def test_v13_errors() -> None:
    found = age_errors(TRUE, ESTIMATED)
    assert found.mean_absolute_error == pytest.approx(2.28571429)
    assert found.bias == pytest.approx(1.14285714)
    assert found.failures == Rate(0, 7)
    assert cumulative_score(TRUE, ESTIMATED, 2).value == pytest.approx(0.57142857)


def test_v13_challenges() -> None:
    assert challenge_rates(TRUE, ESTIMATED, 18).fpr == Rate(1, 2)
    assert challenge_rates(TRUE, ESTIMATED, 20).fpr == Rate(0, 2)
    assert challenge_rates(TRUE, ESTIMATED, 25).fnr == Rate(2, 5)


def test_a_failure_is_not_averaged_and_does_not_pass() -> None:
    found = age_errors([20, 30], [22, -math.inf])
    assert (found.mean_absolute_error, found.failures) == (2, Rate(1, 2))
    assert cumulative_score([20, 30], [22, -math.inf], 100) == Rate(1, 2)
    assert challenge_rates([20, 30], [22, -math.inf], 18).fnr == Rate(1, 2)
    assert challenge_rates([20, 30], [22, -math.inf], 18).fpr is None


def test_groups_apart() -> None:
    found = age_errors_by_group(TRUE, ESTIMATED, [0, 0, 1, 1, 1, 1, -1])
    assert found[0].bias == 0.5
    assert found[1].mean_absolute_error == 2.5
    assert set(found) == {0, 1}


def test_what_makes_no_sense_is_refused() -> None:
    for true, estimated in (([], []), ([1], [1, 2]), ([-1], [1]), ([1], [math.nan])):
        with pytest.raises(InputError):
            age_errors(true, estimated)
    with pytest.raises(InputError, match="every estimate failed"):
        age_errors([20], [-math.inf])
    with pytest.raises(InputError):
        cumulative_score(TRUE, ESTIMATED, -1)
    with pytest.raises(InputError):
        challenge_rates(TRUE, ESTIMATED, math.nan)
