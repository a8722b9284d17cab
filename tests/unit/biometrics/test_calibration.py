import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.biometrics.calibration import Calibration
from reknown.biometrics.errors import InputError

TABLE = Calibration(
    scores=(-1.0, 0.2, 0.5, 0.6, 0.7, 0.8, 0.9),
    false_match_rates=(1.0, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6),
    dataset="made up",
    comparisons=1_000_000,
)


@pytest.mark.parametrize(
    ("score", "similarity"),
    [(-1, 0), (0.5, 50), (0.6, 70), (0.7, 80), (0.8, 90), (0.9, 99), (1.0, 100)],
)
def test_the_anchors_are_exact(score: float, similarity: float) -> None:
    assert TABLE.similarity(score) == pytest.approx(similarity, abs=1e-9)
    assert TABLE.score(similarity) == pytest.approx(score, abs=1e-9)


def test_rates_are_interpolated_in_their_logarithm() -> None:
    assert TABLE.false_match_rate(0.65) == pytest.approx(10**-3.5)
    assert TABLE.threshold(10**-3.5) == pytest.approx(0.65)


def test_no_rate_is_claimed_beyond_what_was_measured() -> None:
    assert TABLE.false_match_rate(0.99) == pytest.approx(1e-6)
    with pytest.raises(InputError, match="were measured"):
        TABLE.threshold(1e-7)


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_similarity_never_falls_with_the_score(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert TABLE.similarity(low) <= TABLE.similarity(high)
    assert 0 <= TABLE.similarity(low) <= 100


@given(st.floats(0, 100))
def test_a_similarity_survives_the_way_to_a_score_and_back(similarity: float) -> None:
    assert TABLE.similarity(TABLE.score(similarity)) == pytest.approx(similarity, abs=1e-6)


@given(st.floats(1e-6, 1))
def test_the_threshold_of_a_rate_has_that_rate(rate: float) -> None:
    reached = TABLE.false_match_rate(TABLE.threshold(rate))
    assert math.log10(reached) == pytest.approx(math.log10(rate), abs=1e-9)


@pytest.mark.parametrize("similarity", [-0.1, 100.1, math.nan])
def test_a_similarity_outside_its_scale_is_refused(similarity: float) -> None:
    with pytest.raises(InputError):
        TABLE.score(similarity)


@pytest.mark.parametrize(
    ("scores", "rates"),
    [
        ((0.0, 1.0), (1.0,)),
        ((0.0,), (1.0,)),
        ((0.0, 1.0), (0.9, 0.1)),
        ((1.0, 0.0), (1.0, 0.1)),
        ((0.0, 1.0), (1.0, 1.0)),
        ((0.0, 1.0), (1.0, 0.0)),
        ((0.0, math.nan), (1.0, 0.1)),
    ],
)
def test_a_table_of_another_form_is_refused(
    scores: tuple[float, ...], rates: tuple[float, ...]
) -> None:
    with pytest.raises(InputError):
        Calibration(scores, rates, "made up", 1)
