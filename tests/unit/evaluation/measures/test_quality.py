import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import Rate
from reknown.evaluation.measures.quality import discard_curve, pair_quality

QUALITY = np.array([10, 20, 30, 40, 50, 60, 70, 80, 90, 95])
SCORES = np.array([0.3, 0.7, 0.2, 0.9, 0.45, 0.8, 0.9, 0.6, 0.95, 0.85])
V12 = discard_curve(SCORES, QUALITY, 0.5)


@pytest.mark.parametrize(
    ("share", "rate"),
    [
        (0, Rate(3, 10)),
        (0.1, Rate(2, 9)),
        (0.2, Rate(2, 8)),
        (0.3, Rate(1, 7)),
        (0.5, Rate(0, 5)),
        (0.19, Rate(2, 9)),
    ],
)
def test_v12_errors_versus_discard(share: float, rate: Rate) -> None:
    assert V12.rate_at(share) == rate


def test_v12_area() -> None:
    assert V12.partial_area(0.3) == pytest.approx(0.07722222)


def test_the_lower_quality_of_a_pair_counts() -> None:
    assert pair_quality([10, 90], [50, 20]).tolist() == [10, 20]
    with pytest.raises(InputError):
        pair_quality([10], [50, 20])


def test_failures_are_errors_until_their_quality_discards_them() -> None:
    curve = discard_curve([-math.inf, 0.9, 0.9, 0.9], [-1, 50, 60, 70], 0.5)
    assert curve.rate_at(0) == Rate(1, 4)
    assert curve.rate_at(0.25) == Rate(0, 3)


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 5)), min_size=1, max_size=30))
@settings(deadline=None)
def test_order_does_not_matter_and_counts_add_up(rows: list[tuple[float, int]]) -> None:
    curve, other = (
        discard_curve([score for score, _ in order], [quality for _, quality in order], 0.5)
        for order in (rows, sorted(rows))
    )
    np.testing.assert_array_equal(curve.errors, other.errors)
    np.testing.assert_array_equal(curve.discarded, other.discarded)
    for share in (0, 0.2, 0.7, 0.99):
        left = curve.rate_at(share)
        assert left.trials >= len(rows) * (1 - share) - 1e-6
    total = sum(score < 0.5 for score, _ in rows)
    assert curve.rate_at(0) == Rate(total, len(rows))
    assert 0 <= curve.partial_area(1) <= 1


@pytest.mark.parametrize("quality", [[101.0], [-2.0], [math.nan], [1.0, 2.0]])
def test_a_quality_outside_its_scale_is_refused(quality: list[float]) -> None:
    with pytest.raises(InputError):
        discard_curve([0.5], quality, 0.5)


def test_shares_and_limits_outside_their_range_are_refused() -> None:
    for share in (-0.1, 1, math.nan):
        with pytest.raises(InputError):
            V12.rate_at(share)
    for limit in (0, 1.1, math.nan):
        with pytest.raises(InputError):
            V12.partial_area(limit)
