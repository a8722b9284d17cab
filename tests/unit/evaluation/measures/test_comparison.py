import numpy as np
import pytest
from scipy.stats import binomtest

from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import Rate
from reknown.evaluation.measures.comparison import compare_systems


def flags(both: int, first: int, second: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    one = np.repeat([True, True, False, False], [both, first, second, neither])
    two = np.repeat([True, False, True, False], [both, first, second, neither])
    return one, two


def test_only_discordant_comparisons_count() -> None:
    found = compare_systems(*flags(5, 20, 6, 969))
    assert (found.first, found.second) == (Rate(25, 1000), Rate(11, 1000))
    assert (found.only_first, found.only_second) == (20, 6)
    assert found.difference == pytest.approx(0.014)
    assert found.p_value == pytest.approx(binomtest(6, 26).pvalue)
    # Bonett and Price: (21 - 7) / 1002 and its standard error
    centre, error = 14 / 1002, np.sqrt((28 / 1002 - (14 / 1002) ** 2) / 1002)
    assert found.interval.low == pytest.approx(centre - 1.959964 * error, abs=1e-7)
    assert found.interval.high == pytest.approx(centre + 1.959964 * error, abs=1e-7)


def test_systems_that_err_alike_are_not_told_apart() -> None:
    found = compare_systems(*flags(5, 0, 0, 95))
    assert (found.difference, found.p_value) == (0, 1)
    assert found.interval.low < 0 < found.interval.high


def test_the_other_way_round_is_the_negative() -> None:
    one, two = flags(3, 12, 4, 81)
    found, other = compare_systems(one, two), compare_systems(two, one)
    assert found.difference == -other.difference
    assert found.interval.low == pytest.approx(-other.interval.high)
    assert found.p_value == other.p_value


def test_the_interval_covers_the_difference() -> None:
    generator = np.random.default_rng(1)
    covered = 0
    for _ in range(400):
        kinds = generator.choice(4, 300, p=[0.02, 0.05, 0.02, 0.91])
        found = compare_systems((kinds == 0) | (kinds == 1), (kinds == 0) | (kinds == 2))
        covered += found.interval.low <= 0.03 <= found.interval.high
    assert 0.92 <= covered / 400 <= 0.985


def test_subjects_widen_the_interval_where_comparisons_depend() -> None:
    generator = np.random.default_rng(2)
    subjects = np.repeat(np.arange(60), 10)
    covered = naive = 0
    for _ in range(300):
        weak = generator.beta(0.3, 2.7, 60)[subjects]
        one, two = generator.random(600) < weak, generator.random(600) < 0.05
        clustered = compare_systems(one, two, subjects=subjects).interval
        plain = compare_systems(one, two).interval
        assert clustered.high - clustered.low >= plain.high - plain.low
        covered += clustered.low <= 0.05 <= clustered.high
        naive += plain.low <= 0.05 <= plain.high
    assert 0.90 <= covered / 300 <= 0.985
    assert naive / 300 < 0.85


def test_what_makes_no_sense_is_refused() -> None:
    yes, no = np.array([True]), np.array([], bool)
    for one, two in ((yes, no), (no, no), (np.array([1]), np.array([0]))):
        with pytest.raises(InputError):
            compare_systems(one, two)
    with pytest.raises(InputError):
        compare_systems(yes, yes, subjects=np.array([0]))
