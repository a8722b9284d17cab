import math

import numpy as np
import pytest

from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import Rate
from reknown.evaluation.measures.designs import AllPairsDesign, ListedPairsDesign
from reknown.evaluation.measures.differentials import (
    PairTrials,
    SubjectTrials,
    cross_matrix,
    cross_matrix_of,
    group_rates,
    mated_trials,
    non_mated_trials,
    subject_groups,
)
from reknown.evaluation.measures.intervals import (
    clustered_fmr,
    clustered_from_sums,
    clustered_wilson,
)
from reknown.evaluation.measures.scores import ScoreSet

V6 = ScoreSet(
    np.array([0.9]),
    np.array([0.1, 0.2, 0.3, 0.72, 0.4, 0.1, 0.6, 0.71, 0.75, 0.2, 0.05, 0.1, 0.2, 0.15, 0.3]),
    non_mated_groups=np.repeat([[0, 0], [1, 1], [0, 1]], 5, axis=0),
)


def test_v6_pairing() -> None:
    matrix = cross_matrix(V6, 0.7)
    np.testing.assert_allclose(matrix.rates(), [[0.2, 0], [0, 0.4]])
    assert matrix.trials.tolist() == [[5, 5], [5, 5]]


def test_cells_without_comparisons_are_blank() -> None:
    groups = np.repeat([[0, 0], [2, 2], [0, 2]], 5, axis=0)
    rates = cross_matrix(ScoreSet(V6.mated, V6.non_mated, non_mated_groups=groups), 0.7).rates()
    assert np.isnan(rates[1]).all()
    assert rates[2, 2] == 0.4


def test_the_cross_matrix_of_a_design_agrees_with_the_list() -> None:
    generator = np.random.default_rng(6)
    images, labels = generator.integers(1, 4, 12), np.r_[-1, 2, generator.integers(0, 3, 10)]
    owners = np.repeat(np.arange(12), images)
    pairs = np.array([(a, b) for i, a in enumerate(owners) for b in owners[:i] if a != b])
    wrong = generator.random(len(pairs)) < 0.2
    scores = ScoreSet(np.ones(1), wrong.astype(float), non_mated_groups=labels[pairs])
    expected = cross_matrix(scores, 0.5)
    for design in (AllPairsDesign(images), ListedPairsDesign(pairs, 12)):
        found = cross_matrix_of(PairTrials(pairs[wrong], design), labels)
        np.testing.assert_array_equal(found.errors, expected.errors)
        np.testing.assert_array_equal(found.trials, expected.trials)


def test_evidence_from_scores() -> None:
    scores = ScoreSet(
        np.array([0.9, 0.2, -math.inf]),
        np.array([0.8, 0.1, 0.1]),
        np.array([0, 1, 1]),
        np.array([[0, 1], [1, 2], [0, 2]]),
        np.array([0, 1, 1]),
        np.array([[0, 1], [1, -1], [0, -1]]),
    )
    assert subject_groups(scores).tolist() == [0, 1, -1]
    mated = mated_trials(scores, 0.5, 3)
    assert (mated.errors.tolist(), mated.trials.tolist()) == ([0, 2, 0], [1, 2, 0])
    pairs = non_mated_trials(scores, 0.5, 3)
    assert pairs.false_matches.tolist() == [[0, 1]]
    assert pairs.design.comparisons == 3
    with pytest.raises(InputError):
        mated_trials(scores, 0.5, 1)
    with pytest.raises(InputError):
        non_mated_trials(V6, 0.5, 3)
    with pytest.raises(InputError):
        subject_groups(V6)


def test_a_subject_of_two_groups_is_refused() -> None:
    mixed = ScoreSet(np.ones(2), np.ones(1), np.array([0, 0]), mated_groups=np.array([0, 1]))
    with pytest.raises(InputError, match="two groups"):
        subject_groups(mixed)


def test_groups_that_are_too_small_are_withheld() -> None:
    evidence = SubjectTrials(np.r_[np.ones(40), np.zeros(19)].astype(int), np.full(59, 10))
    large, small = group_rates(evidence, np.r_[np.zeros(40, int), np.ones(19, int)], 0.1)
    assert large.rate == Rate(40, 400)
    assert (large.withheld, large.unstable, large.more_subjects) == (None, False, 0)
    assert (small.rate, small.interval) == (None, None)
    assert small.withheld == "19 subjects, fewer than 30"
    assert small.more_subjects == 11


def test_rates_and_intervals_of_groups_are_those_of_their_subjects_alone() -> None:
    generator = np.random.default_rng(8)
    labels = np.repeat([0, 1], 50)
    errors = np.argwhere(np.triu(generator.random((100, 100)) < 0.05, 1))
    found = group_rates(PairTrials(errors, AllPairsDesign(np.ones(100, int))), labels, 0.05)
    inside = errors[(errors >= 50).all(axis=1)] - 50
    alone = clustered_fmr(inside, AllPairsDesign(np.ones(50, int)))
    assert found[1].rate == alone.rate
    assert found[1].interval == clustered_wilson(alone)
    trials = SubjectTrials(generator.integers(0, 3, 100), np.full(100, 4))
    second = group_rates(trials, labels, 0.05)[1]
    expected = clustered_from_sums(trials.errors[50:], trials.trials[50:])
    assert (second.rate, second.interval) == (expected.rate, clustered_wilson(expected))


def test_how_many_more_subjects_a_stable_rate_takes() -> None:
    none = np.empty((0, 2), np.intp)
    pairs = PairTrials(none, AllPairsDesign(np.ones(100, int)))
    (group,) = group_rates(pairs, np.zeros(100, int), 1e-4)
    # 30 errors at 1e-4 take 300,000 pairs: 776 subjects
    assert group.unstable
    assert group.more_subjects == pytest.approx(676, abs=5)
    trials = SubjectTrials(np.r_[np.ones(10, int), np.zeros(90, int)], np.full(100, 2))
    (group,) = group_rates(trials, np.zeros(100, int), 0.01)
    assert group.more_subjects == 200


def test_labels_that_make_no_sense_are_refused() -> None:
    evidence = SubjectTrials(np.zeros(3, int), np.ones(3, int))
    for labels in (np.zeros(2, int), np.full(3, -1), np.zeros(3)):
        with pytest.raises(InputError):
            group_rates(evidence, labels, 0.1)
    with pytest.raises(InputError):
        group_rates(evidence, np.zeros(3, int), 0)
    with pytest.raises(InputError):
        SubjectTrials(np.array([2]), np.array([1]))
    with pytest.raises(InputError):
        cross_matrix(ScoreSet(np.ones(1), np.ones(1)), 0.5)
