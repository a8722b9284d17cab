import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.biometrics.errors import InputError
from reknown.evaluation.measures.planning import (
    expected_false_candidates,
    planned_fmr,
    planned_fpir,
    planned_gallery_size,
    planned_threshold,
)
from reknown.evaluation.measures.scores import ScoreSet
from reknown.evaluation.measures.verification import false_match_rate


@pytest.mark.parametrize(("size", "fmr"), [(1_600_000, 1.88e-9), (12_000_000, 2.50e-10)])
def test_the_rates_that_millions_of_subjects_take(size: int, fmr: float) -> None:
    assert planned_fmr(0.003, size) == pytest.approx(fmr, rel=2e-3)


@given(st.floats(1e-9, 0.999), st.integers(1, 10**7))
def test_there_and_back(fpir: float, size: int) -> None:
    assert planned_fpir(planned_fmr(fpir, size), size) == pytest.approx(fpir, rel=1e-6)
    fmr = planned_fmr(fpir, size)
    assert expected_false_candidates(fmr, size) >= planned_fpir(fmr, size) * (1 - 1e-9)


def test_the_ends() -> None:
    assert planned_fpir(0, 100) == 0
    assert planned_fpir(1, 100) == 1
    assert planned_fmr(1, 100) == 1
    assert planned_gallery_size(1e-5, 0.01) == 1006


def test_a_threshold_for_a_gallery_needs_enough_comparisons() -> None:
    scores = ScoreSet(np.array([0.9]), np.linspace(0, 1, 10_000))
    threshold = planned_threshold(scores, 0.1, 100)
    assert false_match_rate(scores, threshold).value <= planned_fmr(0.1, 100)
    with pytest.raises(InputError, match="cannot show"):
        planned_threshold(scores, 0.003, 1_600_000)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(InputError):
        planned_fpir(1e-3, 0)
    with pytest.raises(InputError):
        planned_fpir(-1e-3, 10)
    with pytest.raises(InputError):
        planned_gallery_size(0, 0.01)
