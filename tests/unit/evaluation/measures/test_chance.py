import numpy as np
import pytest

from reknown.biometrics.errors import InputError
from reknown.evaluation.measures.chance import (
    Measure,
    Resampling,
    Verdict,
    differential,
    permutation_null,
    ratio_interval,
)
from reknown.evaluation.measures.designs import AllPairsDesign, ListedPairsDesign
from reknown.evaluation.measures.differentials import PairTrials, SubjectTrials

FAST = Resampling(replicates=199)


def people(generator: np.random.Generator, chance: np.ndarray, trials: int) -> SubjectTrials:
    """FNMR evidence; subjects differ by a beta distribution around their group's chance."""
    own = generator.beta(4 * chance, 4 * (1 - chance))
    return SubjectTrials(generator.binomial(trials, own), np.full(len(chance), trials))


def pairs(generator: np.random.Generator, chance: np.ndarray) -> PairTrials:
    """FMR evidence, every pair of one image; a pair's chance is its subjects' geometric mean."""
    rates = np.triu(np.sqrt(np.outer(chance, chance)), 1)
    errors = np.argwhere(generator.random(rates.shape) < rates)
    return PairTrials(errors, AllPairsDesign(np.ones(len(chance), np.intp)))


def test_eight_equal_groups_of_ten_errors_show_a_ratio_of_two_and_a_half() -> None:
    generator = np.random.default_rng(1)
    labels = np.repeat(np.arange(8), 1000)
    evidence = SubjectTrials((generator.random(8000) < 0.01).astype(int), np.ones(8000, int))
    null = permutation_null(evidence, labels)
    assert null.median == pytest.approx(2.5, abs=0.3)
    assert null.upper > 3.5


def test_equal_groups_are_found_different_in_about_five_per_cent_of_runs() -> None:
    generator = np.random.default_rng(2)
    labels = np.repeat(np.arange(4), 50)
    runs, mated, non_mated = 300, 0, 0
    for seed in range(runs):
        resampling = Resampling(replicates=99, seed=seed)
        evidence = people(generator, np.full(200, 0.1), 5)
        mated += permutation_null(evidence, labels, resampling=resampling).p_value <= 0.05
        other = pairs(generator, np.exp(generator.normal(-5, 0.5, 200)))
        non_mated += permutation_null(other, labels, resampling=resampling).p_value <= 0.05
    # 5 % of 300 runs with three standard deviations
    assert 0.012 <= mated / runs <= 0.09
    assert 0.012 <= non_mated / runs <= 0.09


def test_five_times_the_false_non_matches_are_found_with_power_above_ninety_per_cent() -> None:
    generator = np.random.default_rng(3)
    chance = np.repeat([0.02, 0.02, 0.02, 0.10], 150)
    labels = np.repeat(np.arange(4), 150)
    found = 0
    for seed in range(60):
        evidence = people(generator, chance, 4)
        null = permutation_null(evidence, labels, resampling=Resampling(199, seed))
        found += null.p_value <= 0.05
    assert found / 60 > 0.9


def test_five_times_the_false_matches_are_found_with_power_above_ninety_per_cent() -> None:
    generator = np.random.default_rng(4)
    chance = np.repeat([2e-3, 2e-3, 2e-3, 1e-2], 100)
    labels = np.repeat(np.arange(4), 100)
    found = 0
    for seed in range(60):
        evidence = pairs(generator, chance)
        null = permutation_null(evidence, labels, resampling=Resampling(199, seed))
        found += null.p_value <= 0.05
    assert found / 60 > 0.9


def test_the_interval_of_a_ratio_covers_it() -> None:
    generator = np.random.default_rng(5)
    labels = np.repeat([0, 1], 100)
    runs = 120
    mated = non_mated = 0
    for seed in range(runs):
        resampling = Resampling(replicates=199, seed=seed)
        one = people(generator, np.repeat([0.05, 0.25], 100), 5)
        interval = ratio_interval(one, labels, 1, 0, resampling)
        mated += interval.low <= 5 <= interval.high
        two = pairs(generator, np.repeat([4e-3, 2e-2], 100))
        interval = ratio_interval(two, labels, 1, 0, resampling)
        non_mated += interval.low <= 5 <= interval.high
    assert 0.88 <= mated / runs <= 1
    assert 0.88 <= non_mated / runs <= 1


def test_verdicts() -> None:
    generator = np.random.default_rng(6)
    labels = np.repeat([0, 1, 2], 100)
    equal = differential(people(generator, np.full(300, 0.1), 5), labels, 0.1, resampling=FAST)
    assert equal.verdict is Verdict.CHANCE
    assert equal.verdict.value == "difference not distinguishable from chance"
    planted = people(generator, np.repeat([0.05, 0.05, 0.3], 100), 5)
    found = differential(
        planted, labels, 0.1, measure=Measure.MAX_OVER_GEOMETRIC_MEAN, resampling=FAST
    )
    assert found.verdict is Verdict.DIFFERENT
    assert found.worst == 2
    assert found.interval is not None
    assert found.interval.low > 1
    assert found == differential(
        planted, labels, 0.1, measure=Measure.MAX_OVER_GEOMETRIC_MEAN, resampling=FAST
    )


def test_a_ratio_of_too_little_data_is_suppressed() -> None:
    errors = np.r_[np.ones(40, int), np.zeros(40, int)]
    evidence = SubjectTrials(errors, np.full(80, 5))
    labels = np.repeat([0, 1], 40)
    found = differential(evidence, labels, 0.001, resampling=FAST)
    assert found.verdict is Verdict.SUPPRESSED
    assert (found.ratio, found.interval, found.null) == (None, None, None)
    assert "group 1 has no error" in found.reason
    assert differential(evidence, labels, 0.1, resampling=FAST).ratio is not None
    few = differential(evidence, labels, 0.1, minimum_subjects=41)
    assert few.reason == "fewer than two groups are large enough to be shown"


def test_a_small_group_takes_no_part_in_the_ratio() -> None:
    generator = np.random.default_rng(7)
    chance = np.r_[np.full(200, 0.1), np.full(5, 0.9)]
    labels = np.r_[np.repeat([0, 1], 100), np.full(5, 2)]
    found = differential(people(generator, chance, 5), labels, 0.1, resampling=FAST)
    assert found.groups[2].rate is None
    assert found.ratio is not None
    assert found.ratio < 2
    assert {found.worst, found.best} == {0, 1}


def test_labels_are_permuted_within_strata_only() -> None:
    # all of the difference is one of sex; groups differ only in how many women they have
    generator = np.random.default_rng(8)
    sex = np.repeat([0, 1, 0, 1], [180, 20, 20, 180])
    labels = np.repeat([0, 1], 200)
    evidence = people(generator, np.where(sex == 1, 0.3, 0.05), 10)
    assert permutation_null(evidence, labels, resampling=FAST).p_value < 0.05
    within = permutation_null(evidence, labels, strata=sex, resampling=FAST)
    assert within.p_value > 0.05
    assert within.median > 2
    whole = differential(evidence, labels, 0.1, strata=sex, resampling=FAST)
    assert whole.verdict is Verdict.CHANCE
    assert whole.null == within


def test_comparisons_within_groups_only_cannot_be_permuted() -> None:
    labels = np.repeat([0, 1], 3)
    listed = np.array([[0, 1], [1, 2], [3, 4], [4, 5]])
    none = np.empty((0, 2), np.intp)
    for design in (ListedPairsDesign(listed, 6), AllPairsDesign(np.ones(6, int), labels)):
        with pytest.raises(InputError, match="crosses groups"):
            permutation_null(PairTrials(none, design), labels)


def test_one_group_is_no_difference() -> None:
    evidence = SubjectTrials(np.zeros(4, int), np.ones(4, int))
    with pytest.raises(InputError, match="two groups"):
        permutation_null(evidence, np.zeros(4, int))
    with pytest.raises(InputError):
        ratio_interval(evidence, np.array([0, 0, 0, 1]), 0, 1, FAST)
