from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reknown.services.oversight.suppression import LEAST, ShownCounts, all_or_none, suppressed

COUNTS = st.lists(st.integers(0, 3) | st.integers(0, 14) | st.integers(0, 500), max_size=12)


def test_large_counts_and_zeros_are_shown_with_their_total() -> None:
    assert suppressed((10, 0, 20)) == ShownCounts((10, 0, 20), 30)


def test_a_small_count_takes_another_one_with_it() -> None:
    assert suppressed((3, 50, 20)) == ShownCounts((None, 50, None), 73)


def test_small_counts_whose_sum_gives_them_away_take_another_one() -> None:
    # 1 + 1 is the only sum of two counts that makes 2
    assert suppressed((1, 1, 50, 40)) == ShownCounts((None, None, 50, None), 92)


def test_small_counts_that_hide_each_other_take_nothing() -> None:
    assert suppressed((9, 8, 40)) == ShownCounts((None, None, 40), 57)


def test_a_small_total_is_withheld() -> None:
    assert suppressed((4, 0)) == ShownCounts((None, 0), None)
    assert suppressed((5, 5)) == ShownCounts((None, None), None)


def test_nothing_has_a_total_of_nothing() -> None:
    assert suppressed(()) == ShownCounts((), 0)


def test_counts_that_tell_of_each_other_are_shown_together() -> None:
    assert all_or_none((10, 0)) == (10, 0)
    assert all_or_none((300, 3)) == (None, None)


@given(COUNTS)
def test_nobody_works_out_a_small_count(counts: list[int]) -> None:
    """An attacker knows all that is shown, and that each withheld count is 1 or more."""
    shown = suppressed(counts)
    assert all(cell in {None, count} for cell, count in zip(shown.counts, counts, strict=True))
    small = [place for place, count in enumerate(counts) if 0 < count < LEAST]
    assert all(shown.counts[place] is None for place in small)
    assert shown.total in {None, sum(counts)}
    if small and shown.total is not None:
        withheld = shown.counts.count(None)
        left = shown.total - sum(cell for cell in shown.counts if cell is not None)
        # all others could be 1, or this one
        assert withheld > 1
        assert left - (withheld - 1) >= LEAST


@given(COUNTS)
def test_no_more_is_withheld_than_has_to_be(counts: list[int]) -> None:
    shown = suppressed(counts)
    if not any(0 < count < LEAST for count in counts):
        assert shown == ShownCounts(tuple(counts), sum(counts))
    large = sum(count >= LEAST for count in counts)
    hidden = sum(
        cell is None and count >= LEAST for cell, count in zip(shown.counts, counts, strict=True)
    )
    assert hidden <= min(1, large)
