from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.biometrics.errors import InputError
from reknown.review.opinions import Opinion
from reknown.review.states import (
    CaseOutcome,
    CaseState,
    CaseStep,
    Standing,
    advance,
    outcome_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

LEGAL = {
    (CaseState.OPEN, CaseStep.REVIEW): CaseState.OPEN,
    (CaseState.OPEN, CaseStep.AGREE): CaseState.DECIDED,
    (CaseState.OPEN, CaseStep.DISAGREE): CaseState.DISPUTED,
    (CaseState.DISPUTED, CaseStep.ADJUDICATE): CaseState.DECIDED,
    (CaseState.DECIDED, CaseStep.APPEAL): CaseState.OPEN,
}
NUMBERS = st.sets(st.integers(1, 9), min_size=1, max_size=5).map(frozenset)


@pytest.mark.parametrize(("state", "step"), list(product(CaseState, CaseStep)))
def test_no_step_but_the_legal_ones_can_be_taken(state: CaseState, step: CaseStep) -> None:
    if (state, step) in LEGAL:
        assert advance(state, step) is LEGAL[state, step]
    else:
        with pytest.raises(InputError, match=f"the case is {state.value}"):
            advance(state, step)


def opinions(numbers: frozenset[int]) -> st.SearchStrategy[dict[int, Opinion]]:
    return st.fixed_dictionaries({number: st.sampled_from(Opinion) for number in numbers})


@given(st.data(), NUMBERS, st.integers(1, 2))
def test_a_case_is_decided_by_as_many_as_are_needed_and_one_more_if_they_disagree(
    data: st.DataObject, numbers: frozenset[int], needed: int
) -> None:
    state, standing = CaseState.OPEN, Standing(needed, numbers)
    said: list[Mapping[int, Opinion]] = []
    while state is CaseState.OPEN:
        with pytest.raises(InputError):
            standing.opinions()
        said.append(data.draw(opinions(numbers)))
        standing = replace(standing, reviews=tuple(said))
        state = advance(state, standing.step)
    assert len(said) == needed
    disputed = {number for number in numbers if said[0][number] != said[-1][number]}
    assert standing.disputed == disputed
    assert (state is CaseState.DISPUTED) == bool(disputed)
    settled: Mapping[int, Opinion] = {}
    if state is CaseState.DISPUTED:
        settled = data.draw(opinions(frozenset(disputed)))
        standing = replace(standing, adjudication=settled)
        state = advance(state, standing.step)
    assert state is CaseState.DECIDED
    assert standing.opinions() == {n: settled.get(n, said[0][n]) for n in numbers}


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ([], CaseOutcome.INCONCLUSIVE),
        ([Opinion.DIFFERENT, Opinion.DIFFERENT], CaseOutcome.NO_LEAD),
        ([Opinion.DIFFERENT, Opinion.CANNOT_TELL], CaseOutcome.INCONCLUSIVE),
        ([Opinion.DIFFERENT, Opinion.SAME, Opinion.CANNOT_TELL], CaseOutcome.LEAD),
    ],
)
def test_one_candidate_who_stands_up_to_review_is_a_lead(
    said: list[Opinion], outcome: CaseOutcome
) -> None:
    assert outcome_of(said) is outcome
