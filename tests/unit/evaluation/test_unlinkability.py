import math

import numpy as np
import pytest

from reknown.biometrics.errors import InputError
from reknown.evaluation.scores import ScoreSet
from reknown.evaluation.unlinkability import linkability_of, local_linkability, system_linkability

MATED, NON_MATED = [0.1, 0.3, 0.6], [0.6, 0.3, 0.1]


def test_v15_local_and_system() -> None:
    np.testing.assert_allclose(local_linkability(MATED, NON_MATED), [0, 0, 0.71428571], atol=5e-9)
    assert system_linkability(MATED, NON_MATED) == pytest.approx(0.42857143)


def test_the_ends() -> None:
    assert system_linkability(MATED, MATED) == 0
    assert system_linkability([0, 1], [1, 0]) == 1
    assert local_linkability([0.0], [0.0]).tolist() == [0]


def test_scores_of_the_same_distribution_are_hardly_linkable() -> None:
    generator = np.random.default_rng(1)
    same = ScoreSet(generator.random(20_000), generator.random(20_000))
    assert linkability_of(same, 20) < 0.03
    apart = ScoreSet(generator.random(500) + 2, np.r_[generator.random(500), -math.inf])
    assert linkability_of(apart, 50) == 1


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(InputError):
        local_linkability([0.1], [0.1, 0.2])
    with pytest.raises(InputError):
        local_linkability([-0.1], [0.1])
    with pytest.raises(InputError):
        local_linkability([0.1], [0.1], omega=0)
    with pytest.raises(InputError):
        system_linkability([0.1, 0.1], [0.5, 0.5])
    with pytest.raises(InputError, match="ten times"):
        linkability_of(ScoreSet(np.ones(5), np.zeros(5)), 10)
