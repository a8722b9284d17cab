"""A case on somebody's desk: what is in it, and what this reviewer may do with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import AccessError, InputError
from reknown.gallery.collections import require
from reknown.gallery.faces import faces_of_keys
from reknown.gallery.sightings import sightings_of_keys
from reknown.review.cases import candidates_of, get_case
from reknown.review.reviewers import find_reviewer, require_reviewer
from reknown.review.sessions import reviews_of
from reknown.review.states import CaseState, Standing, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reknown.biometrics.records import FaceRecord
    from reknown.gallery.sightings import SightingRecord
    from reknown.review.cases import ReviewCase, ReviewedCandidate
    from reknown.review.sessions import CaseReview
    from reknown.storage.database import Connection


@dataclass(frozen=True, slots=True)
class Desk:
    """A case as one transaction sees it, before somebody called `actor`.

    `faces` and `sightings` are those of its candidates that are still there, by their keys.
    """

    collection: str
    actor: str
    case: ReviewCase
    candidates: tuple[ReviewedCandidate, ...]
    reviews: tuple[CaseReview, ...]
    faces: Mapping[int, FaceRecord]
    sightings: Mapping[int, SightingRecord]

    @property
    def own(self) -> CaseReview | None:
        """The actor's part in the case, of whatever round."""
        return next((review for review in self.reviews if review.reviewer == self.actor), None)

    @property
    def open(self) -> bool:
        """Whether anything is still to be judged."""
        return self.case.state in {CaseState.OPEN, CaseState.DISPUTED}

    @property
    def at_work(self) -> bool:
        """Whether the case waits for the rest of what the actor has begun to judge."""
        own = self.own
        if own is None or own.finished_at is not None or own.round != self.case.round:
            return False
        wanted = CaseState.DISPUTED if own.adjudicating else CaseState.OPEN
        return self.case.state is wanted

    @property
    def living(self) -> tuple[ReviewedCandidate, ...]:
        """The candidates that have not been deleted."""
        return tuple(it for it in self.candidates if self.holds(it))

    @property
    def standing(self) -> Standing:
        """What the finished reviews of this round come to."""
        done = [it for it in self.reviews if it.finished_at and it.round == self.case.round]
        blind = [it.opinions for it in done if not it.adjudicating]
        settled = next((it.opinions for it in done if it.adjudicating), None)
        found = frozenset(it.number for it in self.living if not it.seeded)
        needed = self.case.reviewers
        return Standing(needed, found, tuple(blind[:needed]), settled)

    def holds(self, candidate: ReviewedCandidate) -> bool:
        """Whether the candidate has not been deleted."""
        return self.face(candidate) is not None or self.sighting(candidate) is not None

    def face(self, candidate: ReviewedCandidate) -> FaceRecord | None:
        """The candidate's best reference, None once it is deleted and for what was seen."""
        return None if candidate.face is None else self.faces.get(candidate.face)

    def sighting(self, candidate: ReviewedCandidate) -> SightingRecord | None:
        """Where the candidate was seen, None once that is deleted or has expired."""
        return None if candidate.sighting is None else self.sightings.get(candidate.sighting)

    def left(self, review: CaseReview) -> list[int]:
        """The candidates that the reviewer has still to judge."""
        asked = {it.number for it in self.living}
        if review.adjudicating:
            asked &= self.standing.disputed
        return sorted(asked - review.judgements.keys())

    def require_impartial(self) -> None:
        """Raises `AccessError` for who knows too much of the case to judge it."""
        if self.actor == self.case.searcher:
            raise AccessError(
                f"{self.actor} made this search and has seen its scores: others have to judge it"
            )
        if self.own is not None and self.own.round < self.case.round:
            raise AccessError(f"{self.actor} judged this case before the appeal: others have to")

    def require_review(self, *, adjudicate: bool) -> CaseReview:
        """The actor's review in a case that takes judgements, or their settlement, now.

        Raises `AccessError` for who may not, and `InputError` for a case that does not.
        """
        self.require_impartial()
        wanted = CaseState.DISPUTED if adjudicate else CaseState.OPEN
        if self.case.state is not wanted:
            raise InputError(refusal(self.case.state))
        own = self.own
        if own is not None and own.judgements and own.adjudicating is not adjudicate:
            raise AccessError(f"{self.actor} has judged this case: somebody else has to adjudicate")
        if own is None or own.adjudicating is not adjudicate:
            raise InputError("look at the case before you judge it: reknown reviews show")
        return own


def lay_out(
    connection: Connection, actor: str, collection: str, case_id: str, *, claim: bool = True
) -> Desk:
    """The case before the actor; raises `NotFoundError`."""
    owner = require(connection, collection).id
    case = get_case(connection, owner, case_id, claim=claim)
    candidates = tuple(candidates_of(connection, case))
    faces = faces_of_keys(connection, {it.face for it in candidates if it.face is not None})
    seen = {it.sighting for it in candidates if it.sighting is not None}
    sightings = sightings_of_keys(connection, seen)
    reviews = tuple(reviews_of(connection, case))
    return Desk(collection, actor, case, candidates, reviews, faces, sightings)


def is_reviewer(connection: Connection, desk: Desk) -> bool:
    """Whether the actor is one of those who review, trained or not."""
    return find_reviewer(connection, desk.actor) is not None


def barred(connection: Connection, desk: Desk) -> str | None:
    """Why the actor may not judge this open case; None for who may, and once it is closed."""
    if not desk.open:
        return None
    try:
        require_reviewer(connection, desk.actor, desk.collection)
        desk.require_impartial()
    except AccessError as error:
        return str(error)
    return None
