from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import Rate, wilson, wilson_of
from reknown.evaluation.measures.designs import AllPairsDesign, ListedPairsDesign
from reknown.evaluation.measures.intervals import (
    NeededSamples,
    clustered_fmr,
    clustered_fnmr,
    clustered_from_sums,
    clustered_wilson,
    exact,
    needed_samples,
    percentile_interval,
    subjects_for_pairs,
    vertex_bootstrap,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.intp]


@pytest.mark.parametrize(
    ("errors", "trials", "low", "high"),
    [
        (0, 10, 0, 0.27753280),
        (1, 8, 0.02241749, 0.47088818),
        (3, 1000, 0.00102078, 0.00878301),
        (28, 535, 0.03645513, 0.07460065),
        (30, 300_000, 7.00512e-5, 1.427510e-4),
    ],
)
def test_v7_wilson(errors: int, trials: int, low: float, high: float) -> None:
    found = wilson(Rate(errors, trials))
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-5, abs=5e-9)
    oracle = binomtest(errors, trials).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high), abs=1e-12)


def test_v7_exact() -> None:
    assert exact(Rate(0, 300)).high == pytest.approx(0.01222097, abs=5e-9)
    for errors, trials in ((0, 10), (3, 50), (50, 50)):
        found = exact(Rate(errors, trials), 0.9)
        oracle = binomtest(errors, trials).proportion_ci(0.9)
        assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high))


@pytest.mark.parametrize(
    ("rate", "trials", "subjects"),
    [
        (1e-2, 299, 25),
        (1e-3, 2_995, 78),
        (1e-4, 29_956, 246),
        (1e-5, 299_572, 776),
        (1e-6, 2_995_731, 2_450),
    ],
)
def test_the_table_of_sample_sizes(rate: float, trials: int, subjects: int) -> None:
    assert needed_samples(rate) == NeededSamples(rate, trials, subjects)


@given(st.integers(1, 10**12))
def test_the_subjects_that_pairs_take(pairs: int) -> None:
    subjects = subjects_for_pairs(pairs)
    assert (subjects - 1) * (subjects - 2) // 2 < pairs <= subjects * (subjects - 1) // 2


V8 = np.array([0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0], bool), np.repeat(np.arange(4), 3)


def test_v8_clustered_fnmr() -> None:
    found = clustered_fnmr(*V8)
    assert found.rate == Rate(3, 12)
    assert found.variance == pytest.approx(11 / 576)
    assert found.naive_variance == pytest.approx(0.015625)
    assert found.effective_trials == pytest.approx(9.81818182)
    interval = clustered_wilson(found)
    assert (interval.low, interval.high) == pytest.approx((0.08015452, 0.56045895), abs=5e-9)
    naive = wilson(Rate(3, 12))
    assert (naive.low, naive.high) == pytest.approx((0.08894167, 0.53230533), abs=5e-9)


def test_v8_exact_enumeration_of_the_subject_bootstrap() -> None:
    errors = np.array([1, 0, 2, 0])
    rates = [errors[list(drawn)].sum() / 12 for drawn in itertools.product(range(4), repeat=4)]
    assert np.var(rates) == pytest.approx(11 / 576)


V9 = np.array([[0, 1], [1, 2]])


def test_v9_variance_and_the_factor_two_trap() -> None:
    for design in (AllPairsDesign(np.ones(4, np.intp)), listed(np.ones(4, np.intp))):
        for errors in (V9, V9[:, ::-1]):
            found = clustered_fmr(errors, design)
            assert found.rate == Rate(2, 6)
            assert found.variance == pytest.approx(0.037037037)


def test_v9_exact_vertex_bootstrap() -> None:
    design = AllPairsDesign(np.ones(4, np.intp))
    rates = []
    for drawn in itertools.product(range(4), repeat=4):
        weights = np.bincount(drawn, minlength=4).astype(float)
        total = design.totals(np.zeros(4, np.intp), 1, weights)[0]
        if total:
            rates.append((weights[V9[:, 0]] * weights[V9[:, 1]]).sum() / total)
    assert len(rates) == 252
    assert np.mean(rates) == pytest.approx(0.33333333)
    assert np.var(rates) == pytest.approx(0.10962963)
    samples = vertex_bootstrap(V9, design, replicates=20_000)
    assert np.mean(samples) == pytest.approx(1 / 3, abs=0.01)
    assert np.var(samples) == pytest.approx(0.10962963, rel=0.05)


def test_v10_one_wolf() -> None:
    wolf = np.array([[0, 1], [0, 2], [3, 0], [0, 4]])
    found = clustered_fmr(wolf, AllPairsDesign(np.ones(5, np.intp)))
    assert found.rate.value == 0.4
    assert found.naive_variance == pytest.approx(0.024)
    assert found.variance == pytest.approx(0.048)
    assert found.effective_trials == pytest.approx(5)
    interval = clustered_wilson(found)
    assert (interval.low, interval.high) == pytest.approx((0.11762077, 0.76927572), abs=5e-9)


def test_without_errors_subjects_count_not_comparisons() -> None:
    none = np.empty((0, 2), np.intp)
    found = clustered_fmr(none, AllPairsDesign(np.full(10, 3)))
    assert (found.rate.trials, found.effective_trials) == (405, 10)
    assert clustered_wilson(found).high == pytest.approx(0.27753280)
    found = clustered_fnmr(np.zeros(30, bool), np.repeat(np.arange(10), 3))
    assert clustered_wilson(found).high == pytest.approx(0.27753280)
    assert clustered_fnmr(np.ones(30, bool), np.repeat(np.arange(10), 3)).effective_trials == 10


def image_pairs(images: Ints, strata: Ints) -> Ints:
    owners = np.repeat(np.arange(len(images)), images)
    found = [
        (a, b) for a, b in itertools.combinations(owners, 2) if a != b and strata[a] == strata[b]
    ]
    return np.array(found, np.intp).reshape(-1, 2)


def listed(images: Ints) -> ListedPairsDesign:
    strata = np.zeros(len(images), np.intp)
    return ListedPairsDesign(image_pairs(images, strata), len(images))


def brute_variance(pairs: Ints, wrong: NDArray[np.bool_]) -> float:
    r = wrong - wrong.mean()
    shared = sum(
        r[e] * r[f]
        for e in range(len(pairs))
        for f in range(len(pairs))
        if e != f and set(pairs[e]) & set(pairs[f])
    )
    return float(((r**2).sum() + max(0, shared)) / len(pairs) ** 2)


@given(st.integers(0, 2**32))
@settings(deadline=None)
def test_closed_forms_agree_with_every_pair_of_comparisons(seed: int) -> None:
    generator = np.random.default_rng(seed)
    subjects = int(generator.integers(2, 7))
    images = generator.integers(0, 4, subjects)
    strata = generator.integers(0, 3, subjects)
    strata[0] = 2
    pairs = image_pairs(images, strata)
    if not len(pairs):
        with pytest.raises(InputError):
            AllPairsDesign(images, strata)
        return
    wrong = generator.random(len(pairs)) < generator.random()
    expected = brute_variance(pairs, wrong)
    for design in (AllPairsDesign(images, strata), ListedPairsDesign(pairs, subjects)):
        assert design.comparisons == len(pairs)
        found = clustered_fmr(pairs[wrong], design)
        assert found.variance == pytest.approx(expected, abs=1e-12)
        assert found.rate == Rate(int(wrong.sum()), len(pairs))


@given(st.integers(0, 2**32))
@settings(deadline=None)
def test_weighted_totals_agree_with_the_list(seed: int) -> None:
    generator = np.random.default_rng(seed)
    images = generator.integers(1, 4, 6)
    strata = np.r_[1, generator.integers(0, 2, 5)]
    pairs = image_pairs(images, strata)
    if not len(pairs):
        return
    labels, weights = generator.integers(-1, 3, 6), generator.integers(0, 4, 6).astype(float)
    one = AllPairsDesign(images, strata).totals(labels, 3, weights)
    for groups in (3, 20):  # few groups are summed in another way than many
        listed = ListedPairsDesign(pairs, 6).totals(labels, groups, weights)
        np.testing.assert_allclose(listed, np.r_[one, np.zeros(groups - 3)])


def test_false_matches_outside_the_design_are_refused() -> None:
    design = AllPairsDesign(np.ones(3, np.intp))
    for errors in ([[0, 3]], [[0, 1], [1, 0]]):
        with pytest.raises(InputError):
            clustered_fmr(np.array(errors), design)
    with pytest.raises(InputError):
        clustered_fmr(np.array([[0, 2]]), ListedPairsDesign(np.array([[0, 1], [1, 2]]), 3))


def test_the_order_of_subjects_does_not_matter() -> None:
    generator = np.random.default_rng(7)
    images, order = generator.integers(1, 5, 40), generator.permutation(40)
    errors = np.stack([generator.permutation(40)[:2] for _ in range(20)])
    one = clustered_fmr(errors, AllPairsDesign(images))
    inverse = np.empty(40, np.intp)
    inverse[order] = np.arange(40)
    other = clustered_fmr(inverse[errors], AllPairsDesign(images[order]))
    assert one.variance == pytest.approx(other.variance)


def test_clustered_intervals_of_fnmr_cover_where_independent_ones_do_not() -> None:
    generator = np.random.default_rng(11)
    covered = naive = 0
    for _ in range(500):
        chance = generator.beta(0.5, 4.5, 150)
        errors = generator.binomial(20, chance)
        found = clustered_from_sums(errors, np.full(150, 20))
        interval, plain = clustered_wilson(found), wilson(found.rate)
        covered += interval.low <= 0.1 <= interval.high
        naive += plain.low <= 0.1 <= plain.high
    assert 0.92 <= covered / 500 <= 0.98
    assert naive / 500 < 0.75


def test_clustered_intervals_of_fmr_cover_where_independent_ones_do_not() -> None:
    # a pair is a false match if both faces are common enough: subjects differ in risk
    generator = np.random.default_rng(12)
    population = np.exp(generator.normal(0, 0.7, 10_000))
    scale = 0.01 / population.mean() ** 2
    covered = naive = drawn = 0
    for _ in range(300):
        risk = generator.choice(population, 100)
        rates = np.triu(np.minimum(1, scale * np.outer(risk, risk)), 1)
        errors = np.argwhere(generator.random((100, 100)) < rates)
        found = clustered_fmr(errors, AllPairsDesign(np.ones(100, np.intp)))
        interval, plain = clustered_wilson(found), wilson(found.rate)
        covered += interval.low <= 0.01 <= interval.high
        naive += plain.low <= 0.01 <= plain.high
        drawn += 1
    assert 0.90 <= covered / drawn <= 0.985
    assert naive / drawn < 0.85


def test_the_bootstrap_is_repeatable_and_near_the_clustered_interval() -> None:
    generator = np.random.default_rng(5)
    pairs = np.argwhere(np.triu(generator.random((300, 300)) < 0.01, 1))
    design = AllPairsDesign(np.ones(300, np.intp))
    samples = vertex_bootstrap(pairs, design, replicates=400, seed=2)
    np.testing.assert_array_equal(samples, vertex_bootstrap(pairs, design, replicates=400, seed=2))
    found = percentile_interval(samples)
    formula = clustered_wilson(clustered_fmr(pairs, design))
    assert found.low == pytest.approx(formula.low, rel=0.15)
    assert found.high == pytest.approx(formula.high, rel=0.15)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(InputError):
        wilson(Rate(1, 2), level=1)
    with pytest.raises(InputError):
        wilson_of(float("nan"), 10)
    with pytest.raises(InputError):
        needed_samples(0)
    with pytest.raises(InputError):
        percentile_interval(np.zeros(3))
    with pytest.raises(InputError):
        clustered_fnmr(np.array([0, 1]), np.array([0, 1]))
    with pytest.raises(InputError):
        clustered_from_sums(np.array([2]), np.array([1]))
    with pytest.raises(InputError):
        AllPairsDesign(np.array([3]))
    with pytest.raises(InputError):
        ListedPairsDesign(np.array([[0, 5]]), 5)
