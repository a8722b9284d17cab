import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reknown.biometrics.errors import InputError
from reknown.evaluation.measures.disparities import (
    fairness_discrepancy_rate,
    floored_rates,
    garbe,
    gini,
    inequity_rate,
    max_over_geometric_mean,
    max_over_min,
    sd_log10,
)

FMR = [1e-4, 2e-4, 4e-4, 8e-4]
FNMR = [0.01, 0.02, 0.02, 0.05]
MEASURES = (max_over_min, max_over_geometric_mean, sd_log10, gini)


def test_v4_measures() -> None:
    assert max_over_min(FMR) == pytest.approx(8)
    assert max_over_min(FNMR) == pytest.approx(5)
    assert max_over_geometric_mean(FMR) == pytest.approx(2.82842712)
    assert max_over_geometric_mean(FNMR) == pytest.approx(2.36435402)
    assert sd_log10(FMR) == pytest.approx(0.33656177)
    assert gini(FMR, corrected=False) == pytest.approx(0.38333333)
    assert gini(FNMR, corrected=False) == pytest.approx(0.3)
    assert gini(FMR) == pytest.approx(0.51111111)
    assert gini(FNMR) == pytest.approx(0.4)
    assert garbe(FMR, FNMR) == pytest.approx(0.45555556)
    assert fairness_discrepancy_rate(FMR, FNMR) == pytest.approx(0.97965)
    assert inequity_rate(FMR, FNMR) == pytest.approx(6.32455532)


def test_v4_equal_groups() -> None:
    equal = [0.01] * 4
    assert [measure(equal) for measure in MEASURES] == [1, 1, 0, 0]
    assert garbe(equal, equal) == 0
    assert fairness_discrepancy_rate(equal, equal) == 1
    assert inequity_rate(equal, equal) == 1


def test_v4_two_groups() -> None:
    assert max_over_geometric_mean([0.01, 0.03]) == pytest.approx(1.7320508)
    assert gini([0.01, 0.03]) == pytest.approx(0.5)


def test_v5_floor() -> None:
    rates = floored_rates([2, 4, 0, 16], [10_000] * 4)
    np.testing.assert_allclose(rates, [2.49975e-4, 4.49955e-4, 4.99950e-5, 1.649835e-3], rtol=1e-6)
    assert max_over_min(rates) == pytest.approx(33)
    assert max_over_geometric_mean(rates) == pytest.approx(5.31596761)


def test_parity_without_any_error_is_zero_not_nothing() -> None:
    assert gini([0, 0, 0]) == 0
    assert garbe([0, 0], [0, 0]) == 0


@pytest.mark.parametrize("rates", [[], [0.1], [0.1, math.nan], [0.1, 1.1], [0.1, -0.1], [[0.1]]])
def test_rates_that_make_no_sense_are_refused(rates: list[float]) -> None:
    for measure in MEASURES:
        with pytest.raises(InputError):
            measure(rates)


def test_a_ratio_with_a_rate_of_zero_is_refused() -> None:
    with pytest.raises(InputError, match="floored_rates"):
        max_over_min([0, 0.1])
    with pytest.raises(InputError):
        floored_rates([1], [0])
    with pytest.raises(InputError):
        garbe(FMR, FNMR, 1.5)


@given(st.lists(st.floats(1e-9, 1), min_size=2, max_size=12))
@settings(deadline=None)
def test_order_and_scale_of_groups_do_not_matter(rates: list[float]) -> None:
    for measure in MEASURES:
        expected = pytest.approx(measure(rates), rel=1e-9, abs=1e-9)
        assert measure(sorted(rates)) == expected
        assert measure([rate / 3 for rate in rates]) == expected
    assert 1 <= max_over_geometric_mean(rates) <= max_over_min(rates) * (1 + 1e-12)
    assert 0 <= gini(rates) <= 1 + 1e-12
