import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.biometrics.calibration import Calibration
from reknown.biometrics.errors import InputError, UncalibratedError
from reknown.biometrics.thresholds import Threshold, ThresholdChoice, caution

TABLE = Calibration((-1.0, 0.2, 0.4, 0.6, 0.8), (1.0, 1e-2, 1e-3, 1e-4, 1e-5), "made up", 10**6)


def test_without_calibration_it_is_said_what_to_do_instead() -> None:
    with pytest.raises(UncalibratedError, match=r"--score.*opencv"):
        ThresholdChoice().resolve(None)


def test_the_default_similarity_stands_for_one_in_ten_thousand() -> None:
    threshold = ThresholdChoice().resolve(TABLE)
    assert threshold.score == pytest.approx(0.6)
    assert threshold.similarity == pytest.approx(80)
    assert threshold.false_match_rate == pytest.approx(1e-4)


def test_a_score_is_a_threshold_with_or_without_calibration() -> None:
    assert ThresholdChoice(score=0.5).resolve(None) == Threshold(0.5, None)
    assert ThresholdChoice(score=0.4).resolve(TABLE).similarity == pytest.approx(70)
    with pytest.raises(InputError, match="one threshold"):
        ThresholdChoice(80, 0.5)


@pytest.mark.parametrize("score", [-1.1, 1.1, float("nan")])
def test_what_is_no_score_is_refused(score: float) -> None:
    with pytest.raises(InputError, match="score must be between -1 and 1"):
        ThresholdChoice(score=score)


@pytest.mark.parametrize("number", [np.float32(0.5), np.float64(0.5), True])
def test_a_threshold_is_a_plain_number_whatever_it_was_given_as(number: float) -> None:
    assert type(ThresholdChoice(score=number).resolve(TABLE).score) is float
    threshold = ThresholdChoice(number).resolve(TABLE)
    assert type(threshold.score) is type(threshold.similarity) is float


def test_a_similarity_stays_as_it_was_stated() -> None:
    assert ThresholdChoice(91).resolve(TABLE).similarity == 91


def test_false_candidates_are_expected_in_proportion_to_the_gallery() -> None:
    threshold = ThresholdChoice(70).resolve(TABLE)
    assert threshold.expected_false_candidates(5000) == pytest.approx(5)
    assert threshold.expected_false_candidates(0) == 0


def test_an_uncalibrated_score_promises_nothing() -> None:
    threshold = Threshold(0.5, None)
    assert threshold.similarity is None
    assert threshold.false_match_rate is None
    assert threshold.expected_false_candidates(10) is None
    judged = threshold.judge(0.6)
    assert (judged.accepted, judged.similarity, judged.false_match_rate) == (True, None, None)


def test_a_score_at_the_threshold_is_accepted() -> None:
    threshold = Threshold(0.5, TABLE)
    assert threshold.judge(0.5).accepted
    assert not threshold.judge(0.4999).accepted


@pytest.mark.parametrize("similarity", [-0.1, 100.1, float("nan"), float("inf")])
def test_a_similarity_beyond_the_scale_is_refused(similarity: float) -> None:
    with pytest.raises(InputError):
        ThresholdChoice(similarity).resolve(TABLE)


@given(st.floats(0, 99), st.floats(-1, 1))
def test_score_and_similarity_agree_on_what_is_accepted(similarity: float, score: float) -> None:
    judged = ThresholdChoice(similarity).resolve(TABLE).judge(score)
    assert judged.similarity is not None
    if abs(judged.similarity - similarity) > 1e-6:
        assert judged.accepted == (judged.similarity > similarity)


@pytest.mark.parametrize("expected", [None, 0.0, 0.01])
def test_few_false_candidates_need_no_caution(expected: float | None) -> None:
    assert caution(expected) is None


def test_many_false_candidates_are_warned_of() -> None:
    text = caution(0.011)
    assert text is not None
    assert text.startswith("0.011 false candidates are expected")
