import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reknown.biometrics.errors import InputError
from reknown.evaluation.likelihood import cllr, min_cllr, pool_adjacent_violators
from reknown.evaluation.scores import ScoreSet

TRUTH = [0, 0, 1, 0, 1, 0, 1, 1]


def test_v14_pool_adjacent_violators() -> None:
    found = pool_adjacent_violators(range(8), TRUTH)
    np.testing.assert_allclose(found, [0, 0, 0.5, 0.5, 0.5, 0.5, 1, 1])


def test_v14_cllr() -> None:
    assert cllr([2, 1, 0], [-2, -1, 0.5]) == pytest.approx(0.61256917)


def test_many_scores_agree_with_scikit_learn() -> None:
    isotonic = pytest.importorskip("sklearn.isotonic")
    generator = np.random.default_rng(2)
    scores = generator.normal(size=500).round(1)
    truth = generator.random(500) < 1 / (1 + np.exp(-scores))
    expected = isotonic.IsotonicRegression().fit(scores, truth).predict(scores)
    np.testing.assert_allclose(pool_adjacent_violators(scores, truth), expected, atol=1e-12)


@given(st.lists(st.tuples(st.sampled_from([-math.inf, 0.0, 0.3, 0.6]), st.booleans()), min_size=1))
@settings(deadline=None)
def test_order_does_not_matter(rows: list[tuple[float, bool]]) -> None:
    one = pool_adjacent_violators(*zip(*rows, strict=True))
    place = sorted(range(len(rows)), key=lambda row: rows[row][1])
    other = pool_adjacent_violators(*zip(*[rows[row] for row in place], strict=True))
    np.testing.assert_allclose(one[place], other, atol=1e-12)


def test_the_ends_of_cllr() -> None:
    assert cllr([0, 0], [0]) == pytest.approx(1)
    assert cllr([math.inf], [-math.inf]) == 0
    assert cllr([-math.inf], [-1]) == math.inf


def test_the_least_cost_of_scores() -> None:
    assert min_cllr(ScoreSet(np.array([0.8, 0.9]), np.array([0.1, 0.2]))) == 0
    same = np.array([0.1, 0.2, 0.3])
    assert min_cllr(ScoreSet(same, same)) == pytest.approx(1)
    failed = ScoreSet(np.array([0.8, 0.9, -math.inf]), np.array([0.1, 0.2, -math.inf]))
    assert 0 < min_cllr(failed) < 1


@given(st.lists(st.floats(-5, 5), min_size=1), st.lists(st.floats(-5, 5), min_size=1))
@settings(deadline=None)
def test_no_monotone_calibration_costs_less(mated: list[float], non_mated: list[float]) -> None:
    scores = ScoreSet(np.array(mated), np.array(non_mated))
    least = min_cllr(scores)
    assert -1e-12 <= least <= 1 + 1e-12
    assert least <= cllr(mated, non_mated) + 1e-9


def test_what_makes_no_sense_is_refused() -> None:
    for mated, others in (([], [0]), ([0], []), ([math.nan], [0])):
        with pytest.raises(InputError):
            cllr(mated, others)
    for truth in ([0.5, 1], [1]):
        with pytest.raises(InputError):
            pool_adjacent_violators([0.1, 0.2], truth)
