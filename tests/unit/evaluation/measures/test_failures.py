import numpy as np
import pytest

from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import Rate
from reknown.evaluation.measures.failures import (
    failure_to_acquire,
    failure_to_enrol,
    failures_by_group,
    transaction_rates,
)


def test_v2_transactions() -> None:
    rates = transaction_rates(fmr=0.001, fnmr=0.03, fta=0.01, fte=0.02)
    assert rates.far == pytest.approx(0.00099)
    assert rates.frr == pytest.approx(0.0397)
    assert rates.gfar == pytest.approx(0.0009702)
    assert rates.gfrr == pytest.approx(0.058906)


def test_ten_unreadable_of_a_hundred_show_even_if_all_others_match() -> None:
    assert transaction_rates(fmr=0, fnmr=0, fta=0.1, fte=0).frr == pytest.approx(0.1)


def test_a_rate_outside_its_range_is_refused() -> None:
    with pytest.raises(InputError, match="FTA"):
        transaction_rates(fmr=0, fnmr=0, fta=1.1, fte=0)


def test_a_subject_counts_as_enrolled_with_one_usable_sample() -> None:
    failed, subjects = np.array([True, False, True, True, False]), np.array([0, 0, 1, 1, 2])
    assert failure_to_acquire(failed) == Rate(3, 5)
    assert failure_to_enrol(failed, subjects) == Rate(1, 3)


def test_failures_are_told_by_group_without_the_unlabelled() -> None:
    found = failures_by_group(
        np.array([True, False, True, True]), np.array([0, 1, 2, 3]), np.array([0, 0, 2, -1])
    )
    assert [(one.group, one.fte, one.fta) for one in found] == [
        (0, Rate(1, 2), Rate(1, 2)),
        (2, Rate(1, 1), Rate(1, 1)),
    ]


def test_what_is_no_flag_is_refused() -> None:
    for flags in (np.array([]), np.array([0, 1]), np.array([[True]])):
        with pytest.raises(InputError):
            failure_to_acquire(flags)
    with pytest.raises(InputError):
        failure_to_enrol(np.array([True]), np.array([0, 1]))
