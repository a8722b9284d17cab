import math

import numpy as np
import pytest
from scipy.stats import genpareto

from reknown.biometrics.errors import InputError
from reknown.evaluation.extremes import ParetoTail, fit_tail

V14 = ParetoTail(start=0.3, share=0.05, shape=0.0, scale=0.04)


def test_v14_exponential_tail() -> None:
    found = V14.false_match_rate(0.5)
    assert found.value == pytest.approx(3.36897350e-4, rel=1e-8)
    assert found.label == "extrapolated"


@pytest.mark.parametrize("shape", [-0.2, 0.0, 0.3])
def test_threshold_and_rate_are_inverse_and_agree_with_scipy(shape: float) -> None:
    tail = ParetoTail(0.3, 0.05, shape, 0.04)
    for rate in (0.05, 1e-3, 1e-6):
        assert tail.false_match_rate(tail.threshold(rate)).value == pytest.approx(rate)
    oracle = 0.05 * genpareto.sf(0.05, shape, scale=0.04)
    assert tail.false_match_rate(0.35).value == pytest.approx(oracle)


def test_a_bounded_tail_ends() -> None:
    assert ParetoTail(0.3, 0.05, -0.5, 0.04).false_match_rate(0.5).value == 0


def test_a_fit_foretells_a_rate_a_hundred_times_lower_than_its_start() -> None:
    scores = np.random.default_rng(1).normal(0, 1, 20_000)
    tail = fit_tail(scores, float(np.quantile(scores, 0.98)), len(scores))
    assert tail.share == pytest.approx(0.02)
    # P(Z >= 3.540) = 2e-4
    assert tail.false_match_rate(3.540).value == pytest.approx(2e-4, rel=0.6)


def test_too_few_scores_are_refused() -> None:
    with pytest.raises(InputError, match="at least 50"):
        fit_tail(np.linspace(0, 1, 100), 0.6, 100)
    with pytest.raises(InputError):
        fit_tail(np.full(60, 0.5), 0.1, 100)
    with pytest.raises(InputError):
        fit_tail(np.linspace(0.2, 0.5, 60), 0.1, 50)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(InputError):
        V14.false_match_rate(0.2)
    with pytest.raises(InputError):
        V14.threshold(0.06)
    for share, scale in ((0.0, 0.1), (0.1, 0.0), (0.1, math.nan)):
        with pytest.raises(InputError):
            ParetoTail(0.3, share, 0, scale)
