from __future__ import annotations

import math

import numpy as np
import pytest

from reknown.biometrics.errors import InputError
from reknown.evaluation.measures.folds import fold_accuracy, most_accurate


def test_the_threshold_of_a_fold_comes_from_the_others() -> None:
    scores = np.array([0.9, 0.1, 0.8, 0.2, 0.3, 0.15])
    mated = np.array([True, False, True, False, True, False])
    found = fold_accuracy(scores, mated, np.array([0, 0, 1, 1, 2, 2]))
    assert found.pairs == (2, 2, 2)
    # without fold 2, whose mated score is 0.3, the best threshold is 0.8
    assert found.right == (2, 2, 1)
    assert found.accuracy == pytest.approx(5 / 6)
    assert found.standard_error == pytest.approx(np.std([1, 1, 0.5], ddof=1) / math.sqrt(3))


def test_a_failure_is_rejected() -> None:
    scores = np.array([-math.inf, 0.1, 0.8, -math.inf])
    mated = np.array([True, False, True, False])
    found = fold_accuracy(scores, mated, np.array([0, 0, 1, 1]))
    assert found.right == (1, 1)


def test_rejecting_all_can_be_the_most_accurate() -> None:
    assert most_accurate(np.array([0.1, 0.9, 0.8]), np.array([True, False, False])) == math.inf


def test_one_fold_is_too_few() -> None:
    with pytest.raises(InputError, match="two folds"):
        fold_accuracy(np.array([0.1]), np.array([True]), np.array([0]))
