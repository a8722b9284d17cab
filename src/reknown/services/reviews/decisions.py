"""What the reviews of a case come to, written down once they are all there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from reknown.ledger import log
from reknown.ledger.records import (
    DecideCaseRecord,
    DisputeCaseRecord,
    JudgedCandidateRecord,
    JudgementRecord,
)
from reknown.review import cases
from reknown.review.states import CaseState, advance, outcome_of
from reknown.services.reviews.desk import lay_out

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reknown.review.cases import ReviewedCandidate
    from reknown.review.opinions import Opinion
    from reknown.review.sessions import CaseReview
    from reknown.services.context import Context
    from reknown.services.reviews.desk import Desk
    from reknown.storage.database import Connection


def settle(connection: Connection, context: Context, collection: str, case_id: str) -> None:
    """Moves the case on after somebody has finished a review of it."""
    desk = lay_out(connection, context.actor.name, collection, case_id)
    standing = desk.standing
    state = advance(desk.case.state, standing.step)
    if state is CaseState.DECIDED:
        _decide(connection, context, desk, standing.opinions())
    elif state is CaseState.DISPUTED:
        cases.set_state(connection, desk.case, state)
        record = DisputeCaseRecord(case_id, len(standing.disputed))
        log.append(connection, context.actor, collection, record)


def withdraw_empty(connection: Connection, context: Context, desk: Desk) -> None:
    """Closes a case whose candidates have all been deleted: nobody can decide it any more."""
    _decide(connection, context, desk, {})


def judged_candidates(
    desk: Desk, opinions: Mapping[int, Opinion], turn: int
) -> tuple[JudgedCandidateRecord, ...]:
    """All candidates with what was said of them in this round."""
    parts = [review for review in desk.reviews if review.round == turn]
    return tuple(
        _judged(desk, candidate, opinions.get(candidate.number), parts)
        for candidate in desk.candidates
    )


def _decide(
    connection: Connection, context: Context, desk: Desk, opinions: Mapping[int, Opinion]
) -> None:
    outcome = outcome_of(opinions.values())
    cases.decide(connection, desk.case, outcome, opinions)
    turn = desk.case.round
    judged = judged_candidates(desk, opinions, turn)
    record = DecideCaseRecord(desk.case.case_id, turn, outcome.value, judged)
    log.append(connection, context.actor, desk.collection, record)


def _judged(
    desk: Desk,
    candidate: ReviewedCandidate,
    opinion: Opinion | None,
    reviews: list[CaseReview],
) -> JudgedCandidateRecord:
    face, sighting = desk.face(candidate), desk.sighting(candidate)
    said = [
        (it, it.judgements[candidate.number]) for it in reviews if candidate.number in it.judgements
    ]
    return JudgedCandidateRecord(
        number=candidate.number,
        face_id=None if face is None else face.face_id,
        subject_id=None if face is None else face.subject_id,
        seeded=candidate.seeded,
        opinion=None if opinion is None else opinion.value,
        judgements=tuple(
            JudgementRecord(
                review.reviewer,
                its.opinion.value,
                tuple(ground.value for ground in its.grounds),
                its.note_sha256,
            )
            for review, its in said
        ),
        sighting_id=UNSET if sighting is None else sighting.sighting.sighting_id,
    )
