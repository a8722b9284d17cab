import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics.cluster import pair_confusion_matrix

from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import Rate
from reknown.evaluation.measures.grouping import bootstrapped, grouping_errors

# person 0 four times: three of them in group 0 with person 1, one alone; person 1 in two groups
PEOPLE = [0, 0, 0, 0, 1, 1, 2]
GROUPS = [0, 0, 0, -1, 0, 1, -1]


def test_pairs_by_hand() -> None:
    """Group 0 has 6 pairs, 3 of one person; 6 + 1 pairs are of one person, 4 of them apart."""
    errors = grouping_errors(GROUPS, PEOPLE)
    assert errors.wrong == Rate(3, 6)
    assert errors.apart == Rate(4, 7)
    assert errors.mixed == Rate(1, 1)
    assert errors.scores.precision == 0.5
    assert errors.scores.recall == pytest.approx(3 / 7)
    assert errors.scores.f == pytest.approx(2 * 0.5 * (3 / 7) / (0.5 + 3 / 7))


def test_bcubed_by_hand() -> None:
    """Precision 3/4 thrice, 1, 1/4, 1, 1; recall 3/4 thrice, 1/4, 1/2 twice, 1."""
    scores = grouping_errors(GROUPS, PEOPLE).scores
    assert scores.bcubed_precision == pytest.approx((3 * 3 / 4 + 1 + 1 / 4 + 1 + 1) / 7)
    assert scores.bcubed_recall == pytest.approx((3 * 3 / 4 + 1 / 4 + 2 * 1 / 2 + 1) / 7)


@settings(deadline=None, max_examples=50)
@given(rows=st.lists(st.tuples(st.integers(-1, 4), st.integers(0, 4)), min_size=3, max_size=30))
def test_pairs_are_those_of_scikit_learn(rows: list[tuple[int, int]]) -> None:
    groups, people = (np.array(column) for column in zip(*rows, strict=True))
    alone = np.where(groups < 0, 100 + np.arange(len(groups)), groups)
    (_, wrong), (apart, right) = pair_confusion_matrix(people, alone) // 2
    if not right + wrong or not right + apart:
        with pytest.raises(InputError):
            grouping_errors(groups, people)
        return
    errors = grouping_errors(groups, people)
    assert errors.wrong == Rate(int(wrong), int(wrong + right))
    assert errors.apart == Rate(int(apart), int(apart + right))


@settings(deadline=None, max_examples=50)
@given(rows=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=8, max_size=30))
def test_bcubed_is_that_of_its_definition(rows: list[tuple[int, int]]) -> None:
    groups, people = (np.array(column) for column in zip(*[*rows, (0, 0), (0, 0)], strict=True))
    together, same = groups[:, None] == groups, people[:, None] == people
    scores = grouping_errors(groups, people).scores
    both = (together & same).sum(axis=1)
    assert scores.bcubed_precision == pytest.approx((both / together.sum(axis=1)).mean())
    assert scores.bcubed_recall == pytest.approx((both / same.sum(axis=1)).mean())


def test_intervals_hold_the_value_and_narrow_with_more_people() -> None:
    def width(people: int) -> float:
        of = np.repeat(np.arange(people), 4)
        groups = of.copy()
        groups[::12] = (groups[::12] + 1) % people
        intervals = bootstrapped(groups, of, replicates=200)
        value = grouping_errors(groups, of).scores
        for name, interval in intervals.items():
            assert interval.low <= getattr(value, name) <= interval.high
        return intervals["precision"].high - intervals["precision"].low

    assert width(300) < width(30) / 2


def test_people_without_an_error_have_none_however_they_are_drawn() -> None:
    of = np.repeat(np.arange(10), 3)
    for interval in bootstrapped(of, of, replicates=50).values():
        assert (interval.low, interval.high) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("groups", "people"), [([], []), ([0, 0], [0]), ([-2, 0], [0, 0]), ([0.5, 0.5], [0, 0])]
)
def test_arrays_that_do_not_fit_are_refused(groups: list[float], people: list[int]) -> None:
    with pytest.raises(InputError):
        grouping_errors(groups, people)
