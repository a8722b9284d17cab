"""How a case goes from its search to a decision of people: rules without a database."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.review.opinions import Opinion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST_REVIEWERS = 2


class CaseState(Enum):
    """Where a case stands; NOBODY is kept to be disclosed."""

    NOBODY = "nobody-to-judge"
    OPEN = "open"
    DISPUTED = "disputed"
    DECIDED = "decided"


class CaseStep(Enum):
    """What moves a case: a review that others must follow, the last one, and what comes later."""

    REVIEW = "review"
    AGREE = "agree"
    DISAGREE = "disagree"
    ADJUDICATE = "adjudicate"
    APPEAL = "appeal"


class CaseOutcome(Enum):
    """What people made of a case; a lead to be looked into by other means, at the most."""

    LEAD = "lead"
    NO_LEAD = "no-lead"
    INCONCLUSIVE = "inconclusive"


_NEXT = {
    (CaseState.OPEN, CaseStep.REVIEW): CaseState.OPEN,
    (CaseState.OPEN, CaseStep.AGREE): CaseState.DECIDED,
    (CaseState.OPEN, CaseStep.DISAGREE): CaseState.DISPUTED,
    (CaseState.DISPUTED, CaseStep.ADJUDICATE): CaseState.DECIDED,
    (CaseState.DECIDED, CaseStep.APPEAL): CaseState.OPEN,
}
_ADVICE = {
    CaseState.NOBODY: "no candidate was found, so there is nothing to judge",
    CaseState.OPEN: "it waits for reviewers: judge its candidates",
    CaseState.DISPUTED: "its reviewers disagree: somebody else has to adjudicate",
    CaseState.DECIDED: "an appeal opens it for other reviewers",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """The finished reviews of a round, in their order: by the candidate's number, the opinion.

    `needed` reviewers judge each of the `candidates`, who are those that the search found. Where
    they disagree, `adjudication` is what a third one says of those that are disputed.
    """

    needed: int
    candidates: frozenset[int]
    reviews: tuple[Mapping[int, Opinion], ...] = ()
    adjudication: Mapping[int, Opinion] | None = None

    @property
    def complete(self) -> bool:
        """Whether as many have judged as the policy asks for."""
        return len(self.reviews) >= self.needed

    @property
    def disputed(self) -> frozenset[int]:
        """The candidates of whom complete reviews say different things."""
        if not self.complete:
            return frozenset()
        return frozenset(
            number
            for number in self.candidates
            if len({review[number] for review in self.reviews}) > 1
        )

    @property
    def step(self) -> CaseStep:
        """What the newest of these reviews does to the case."""
        if self.adjudication is not None:
            return CaseStep.ADJUDICATE
        if not self.complete:
            return CaseStep.REVIEW
        return CaseStep.DISAGREE if self.disputed else CaseStep.AGREE

    def opinions(self) -> dict[int, Opinion]:
        """What is decided of each candidate; raises `InputError` while anything is open."""
        if not self.complete or (self.disputed and self.adjudication is None):
            raise InputError("not all who are needed have judged this case")
        agreed = self.reviews[0]
        other = self.adjudication or {}
        return {
            number: (other if number in self.disputed else agreed)[number]
            for number in self.candidates
        }


def advance(state: CaseState, step: CaseStep) -> CaseState:
    """The state after this step; raises `InputError` for a step that cannot be taken from it."""
    try:
        return _NEXT[state, step]
    except KeyError:
        raise InputError(refusal(state)) from None


def refusal(state: CaseState) -> str:
    """Why a case in this state does not take the step, and which one it does."""
    return f"the case is {state.value}: {_ADVICE[state]}"


def outcome_of(opinions: Iterable[Opinion]) -> CaseOutcome:
    """What the opinions on all candidates make of the case; nothing where all were deleted."""
    found = set(opinions)
    if Opinion.SAME in found:
        return CaseOutcome.LEAD
    if not found or Opinion.CANNOT_TELL in found:
        return CaseOutcome.INCONCLUSIVE
    return CaseOutcome.NO_LEAD
