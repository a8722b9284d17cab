import math

import numpy as np
import pytest

from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import Rate
from reknown.evaluation.measures.differentials import subject_trials
from reknown.evaluation.measures.identification import (
    Searches,
    cumulative_match,
    false_negative_identification_rate,
    false_positive_identification_rate,
    false_positives,
    misses,
    searches_from_lists,
    searches_from_scores,
    selectivity,
    threshold_for_fpir,
)

V3 = searches_from_lists(
    [
        ("A", [("A", 0.91), ("B", 0.40), ("C", 0.35)]),
        ("B", [("C", 0.62), ("B", 0.58), ("A", 0.20)]),
        ("C", [("C", 0.45), ("A", 0.30), ("B", 0.10)]),
        ("A", []),
        ("B", [("B", 0.72), ("A", 0.66), ("C", 0.10)]),
    ],
    [
        [("A", 0.52), ("C", 0.51), ("B", 0.20)],
        [("B", 0.30), ("A", 0.25), ("C", 0.11)],
        [],
        [("C", 0.64), ("A", 0.12), ("B", 0.05)],
    ],
    gallery_size=3,
    list_length=3,
)


@pytest.mark.parametrize(
    ("rank", "threshold", "fnir", "fpir", "sel"),
    [
        (1, 0, 2, 3, 9),
        (2, 0, 1, 3, 9),
        (3, 0, 1, 3, 9),
        (1, 0.5, 3, 2, 3),
        (3, 0.5, 2, 2, 3),
        (3, 0.6, 3, 1, 1),
        (3, 0.65, 3, 0, 0),
    ],
)
def test_v3_table(rank: int, threshold: float, fnir: int, fpir: int, sel: int) -> None:
    assert false_negative_identification_rate(V3, threshold, rank) == Rate(fnir, 5)
    assert false_positive_identification_rate(V3, threshold) == Rate(fpir, 4)
    assert selectivity(V3, threshold) == sel / 4


def test_v3_rank_one_miss_and_cmc() -> None:
    assert false_negative_identification_rate(V3) == Rate(2, 5)
    assert cumulative_match(V3).tolist() == [0.6, 0.8, 0.8]


def test_v3_searches_counted_by_probe() -> None:
    assert misses(V3, 0.5).tolist() == [False, True, True, True, False]
    assert false_positives(V3, 0.5).tolist() == [True, False, False, True]
    trials = subject_trials(misses(V3, 0.5), np.array([0, 1, 2, 0, 1]), 3)
    assert (trials.errors.tolist(), trials.trials.tolist()) == ([1, 1, 1], [2, 2, 1])


def test_v3_from_scores() -> None:
    failed = [-math.inf] * 3
    scores = np.array(
        [
            [0.91, 0.40, 0.35], [0.20, 0.58, 0.62], [0.30, 0.10, 0.45], failed, [0.66, 0.72, 0.10],
            [0.52, 0.20, 0.51], [0.25, 0.30, 0.11], failed, [0.12, 0.05, 0.64],
        ]
    )  # fmt: skip
    found = searches_from_scores(scores, np.arange(3), np.array([0, 1, 2, 0, 1, 7, 8, 9, 10]))
    np.testing.assert_array_equal(found.mate_scores, V3.mate_scores)
    np.testing.assert_array_equal(found.mate_ranks, V3.mate_ranks)
    np.testing.assert_array_equal(found.candidate_scores, V3.candidate_scores)
    assert (found.gallery_size, found.list_length) == (3, 3)


def test_a_subject_is_one_candidate_with_its_best_entry() -> None:
    scores = np.array([[0.2, 0.9, 0.8, 0.7], [0.6, 0.1, 0.2, 0.5]])
    found = searches_from_scores(scores, np.array([5, 3, 3, 5]), np.array([5, 9]))
    assert found.gallery_size == 2
    assert found.mate_ranks.tolist() == [2]
    assert found.mate_scores.tolist() == [0.7]
    assert found.candidate_scores.tolist() == [[0.6, 0.2]]
    listed = searches_from_lists([("a", [("b", 0.9), ("b", 0.8), ("a", 0.7)])], [], 10, 5)
    assert listed.mate_ranks.tolist() == [2]


def test_a_tie_is_not_to_the_systems_credit() -> None:
    tied = searches_from_scores(np.array([[0.5, 0.5], [0.1, 0.2]]), np.arange(2), np.array([0, 9]))
    assert false_negative_identification_rate(tied) == Rate(1, 1)


def test_a_failed_entry_of_the_mate_is_a_miss() -> None:
    scores = np.array([[-math.inf, 0.3], [0.1, 0.2]])
    found = searches_from_scores(scores, np.arange(2), np.array([0, 9]))
    assert false_negative_identification_rate(found, rank=2) == Rate(1, 1)


def test_thresholds_keep_the_fpir_asked_for() -> None:
    assert threshold_for_fpir(V3, 0.5) == 0.45
    assert threshold_for_fpir(V3, 0.25) == 0.58
    assert threshold_for_fpir(V3, 0) == 0.72
    for target in (0, 0.1, 0.25, 0.4, 0.5, 1):
        found = false_positive_identification_rate(V3, threshold_for_fpir(V3, target))
        assert found.value <= target


def test_lists_too_short_for_a_figure_are_refused() -> None:
    short = searches_from_lists([("a", [("a", 0.9)])], [[("a", 0.9)]], 10, 1)
    with pytest.raises(InputError, match="longer lists"):
        selectivity(short, 0.5)
    assert selectivity(short, 0.95) == 0
    with pytest.raises(InputError, match="rank 2"):
        false_negative_identification_rate(short, rank=2)
    with pytest.raises(InputError):
        searches_from_lists([], [[("a", 0.9), ("b", 0.8)]], 10, 1)


def test_no_searches_no_rate() -> None:
    only_mated = searches_from_lists([("a", [("a", 0.9)])], [], 1, 1)
    for figure in (false_positive_identification_rate, selectivity, threshold_for_fpir):
        with pytest.raises(InputError):
            figure(only_mated, 0.5)
    only_strangers = searches_from_lists([], [[("a", 0.9)]], 1, 1)
    with pytest.raises(InputError):
        false_negative_identification_rate(only_strangers)
    with pytest.raises(InputError):
        cumulative_match(only_strangers)


def test_nan_is_refused_everywhere() -> None:
    with pytest.raises(InputError):
        searches_from_lists([], [[("a", math.nan)]], 1, 1)
    with pytest.raises(InputError):
        searches_from_scores(np.array([[math.nan]]), np.array([0]), np.array([0]))
    with pytest.raises(InputError):
        Searches(np.empty(0), np.empty(0, np.intp), np.array([[math.nan]]), 1, 1)
