from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from reknown.review.agreement import kappa_of


def test_kappa_is_that_of_another_implementation() -> None:
    counts = {("a", "a"): 20, ("a", "b"): 5, ("b", "a"): 10, ("b", "b"): 15, ("c", "c"): 3}
    pairs = [pair for pair, count in counts.items() for _ in range(count)]
    found = kappa_of(counts)
    assert found.pairs == 53
    assert found.agreed == 38
    assert found.value == pytest.approx(cohen_kappa_score(*zip(*pairs, strict=True)))


def test_the_interval_holds_the_true_value_as_often_as_it_says() -> None:
    """Two reviewers who agree on 8 of 10, over categories that are equally frequent."""
    generator = np.random.default_rng(7)
    names = [(one, other) for one in "abc" for other in "abc"]
    shares = [0.8 / 3 if one == other else 0.2 / 6 for one, other in names]
    truth = (0.8 - 1 / 3) / (1 - 1 / 3)
    held = 0
    for _ in range(400):
        drawn = generator.multinomial(150, shares)
        interval = kappa_of(dict(zip(names, drawn.tolist(), strict=True))).interval
        assert interval is not None
        held += interval.low <= truth <= interval.high
    assert 0.91 <= held / 400 <= 0.98


@pytest.mark.parametrize("counts", [{}, {("a", "a"): 12}])
def test_without_any_difference_there_is_no_kappa(counts: dict[tuple[str, str], int]) -> None:
    found = kappa_of(counts)
    assert found.value is None
    assert found.interval is None
    assert not found.telling


def test_few_pairs_tell_little() -> None:
    assert not kappa_of({("a", "a"): 8, ("b", "b"): 8, ("a", "b"): 3}).telling
    assert kappa_of({("a", "a"): 800, ("b", "b"): 800, ("a", "b"): 30}).telling
