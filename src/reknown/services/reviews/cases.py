"""Cases: listed, looked at, judged by people, and contested. Every step is in the ledger."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reknown.biometrics.errors import AccessError, InputError
from reknown.ledger import log, records
from reknown.review import cases, sessions
from reknown.review.cases import ReviewCase
from reknown.review.opinions import (
    CandidateJudgement,
    Ground,
    Opinion,
    code_of,
    judgement_digest,
    shuffled,
)
from reknown.review.reviewers import require_reviewer
from reknown.review.states import CaseState, CaseStep, advance
from reknown.services.reviews.decisions import settle, withdraw_empty
from reknown.services.reviews.desk import barred, is_reviewer, lay_out

__all__ = [
    "JudgedReview",
    "ReviewCase",
    "ShownCandidate",
    "ShownCase",
    "appeal",
    "judge",
    "judgement_of",
    "read_case",
]

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal

    from reknown.biometrics.records import FaceRecord
    from reknown.gallery.sightings import SightingRecord
    from reknown.review.cases import ReviewedCandidate
    from reknown.services.context import Context
    from reknown.services.reviews.desk import Desk
    from reknown.storage.database import Connection

    AppealGround = Literal["complaint", "new-evidence", "procedure", "quality"]


@dataclass(frozen=True, slots=True)
class ShownCandidate:
    """A candidate as somebody may see it now.

    It is a `face` or a `sighting`, which is None once it is deleted. `own` is what the reader said
    of it. `rank`, `score`, `similarity`, `seeded` and `opinion` are None to whom they would lead.
    """

    number: int
    face: FaceRecord | None
    sighting: SightingRecord | None
    own: Opinion | None
    rank: int | None = None
    score: float | None = None
    similarity: float | None = None
    seeded: bool | None = None
    opinion: Opinion | None = None


@dataclass(frozen=True, slots=True)
class ShownCase:
    """A case on somebody's desk, its candidates in the order of the reader's own `seed`.

    `left` are the numbers of those that the reader has still to judge, `revealed` says whether
    scores, ranks and decided opinions are shown, `barred` why the reader may not judge it while it
    is open.
    """

    case: ReviewCase
    candidates: tuple[ShownCandidate, ...]
    seed: str | None
    left: tuple[int, ...]
    revealed: bool
    barred: str | None


@dataclass(frozen=True, slots=True)
class JudgedReview:
    """What a judgement did: `left` are the candidates that this reviewer has still to judge."""

    state: CaseState
    left: tuple[int, ...]


def read_case(context: Context, collection: str, case_id: str) -> ShownCase:
    """The case as the actor may see it; a reviewer begins a review by it.

    Raises `NotFoundError`.
    """
    with context.database.begin() as connection:
        desk = lay_out(connection, context.actor.name, collection, case_id)
        why = barred(connection, desk)
        if desk.open and why is None:
            _sit_down(connection, desk)
        _go_on(connection, context, desk.case, collection)
        desk = lay_out(connection, context.actor.name, collection, case_id)
        shown = _shown(desk, why, revealed=_may_see_scores(connection, desk))
        record = records.ReadCaseRecord(case_id, shown.seed, shown.revealed)
        log.append(connection, context.actor, collection, record)
    return shown


def judge(
    context: Context,
    collection: str,
    case_id: str,
    number: int,
    judgement: CandidateJudgement,
    *,
    adjudicate: bool | None = False,
) -> JudgedReview:
    """A reviewer's judgement of a candidate, final once made; the last one moves the case on.

    With `adjudicate` it settles what others disagree on; None leaves it to the case.
    Raises `AccessError` for who may not judge it, also where they have done so before;
    `InputError`, `NotFoundError`.
    """
    with context.database.begin() as connection:
        desk = lay_out(connection, context.actor.name, collection, case_id)
        require_reviewer(connection, desk.actor, collection)
        disputed = desk.case.state is CaseState.DISPUTED
        review = desk.require_review(adjudicate=disputed if adjudicate is None else adjudicate)
        sessions.add_judgement(connection, review, _candidate(desk, number), judgement)
        left = tuple(each for each in desk.left(review) if each != number)
        digest = judgement_digest(case_id, number, desk.actor, judgement, review.salt)
        record = records.JudgeCandidateRecord(
            case_id, number, digest, review.adjudicating, not left
        )
        log.append(connection, context.actor, collection, record)
        if not left:
            sessions.finish_review(connection, review)
            # the signature of a request is used up by the record above
            settle(connection, context.by(replace(context.actor, nonce=None)), collection, case_id)
        state = lay_out(connection, desk.actor, collection, case_id).case.state
    return JudgedReview(state, left)


def judgement_of(opinion: str, grounds: Iterable[str], note: str | None) -> CandidateJudgement:
    """A judgement from its codes; raises `InputError` for others."""
    codes = tuple(code_of(Ground, each) for each in grounds)
    return CandidateJudgement(code_of(Opinion, opinion), codes, note)


def appeal(context: Context, collection: str, case_id: str, ground: AppealGround) -> ReviewCase:
    """Contests a decision: the case is open again, for other reviewers than before.

    Raises `NotFoundError`, and `InputError` for a case that is not decided.
    """
    with context.database.begin() as connection:
        desk = lay_out(connection, context.actor.name, collection, case_id)
        advance(desk.case.state, CaseStep.APPEAL)
        if not desk.living:
            raise InputError("all candidates of this case have been deleted")
        cases.reopen(connection, desk.case)
        record = records.AppealCaseRecord(case_id, desk.case.round + 1, ground)
        log.append(connection, context.actor, collection, record)
        return lay_out(connection, desk.actor, collection, case_id).case


def _sit_down(connection: Connection, desk: Desk) -> None:
    """Begins the actor's review; who has said nothing yet may settle what others dispute."""
    adjudicating = desk.case.state is CaseState.DISPUTED
    if desk.own is None:
        sessions.start_review(connection, desk.case, desk.actor, adjudicating=adjudicating)
    elif adjudicating and not desk.own.judgements:
        sessions.make_adjudicator(connection, desk.own)


def _go_on(connection: Connection, context: Context, case: ReviewCase, collection: str) -> None:
    """Deletions may have left a case, or a reviewer, with nothing to judge."""
    desk = lay_out(connection, context.actor.name, collection, case.case_id)
    own = desk.own if desk.open else None
    if desk.open and not desk.standing.candidates:
        withdraw_empty(connection, context, desk)
    elif own is not None and own.judgements and desk.at_work and not desk.left(own):
        sessions.finish_review(connection, own)
        settle(connection, context, collection, case.case_id)


def _may_see_scores(connection: Connection, desk: Desk) -> bool:
    """After the decision, those who took part and those who never review.

    Any other reviewer may be asked to judge it after an appeal.
    """
    if desk.open:
        return False
    took_part = desk.own is not None and desk.own.finished_at is not None
    return took_part or not is_reviewer(connection, desk)


def _candidate(desk: Desk, number: int) -> ReviewedCandidate:
    """One that the actor has still to judge; raises `AccessError`, `InputError`."""
    review = desk.own
    if review is not None and number in review.judgements:
        raise AccessError(f"{desk.actor} has judged candidate {number} already: that is final")
    if review is None or number not in desk.left(review):
        raise InputError(f"candidate {number} is not to be judged: reknown reviews show")
    return next(it for it in desk.living if it.number == number)


def _shown(desk: Desk, why: str | None, *, revealed: bool) -> ShownCase:
    own = desk.own
    numbers = [candidate.number for candidate in desk.candidates]
    order = numbers if own is None else shuffled(numbers, own.seed)
    by_number = {candidate.number: candidate for candidate in desk.candidates}
    return ShownCase(
        case=desk.case,
        candidates=tuple(_line(desk, by_number[n], revealed=revealed) for n in order),
        seed=None if own is None else own.seed,
        left=tuple(desk.left(own)) if own is not None and desk.at_work else (),
        revealed=revealed,
        barred=why if desk.open else None,
    )


def _line(desk: Desk, candidate: ReviewedCandidate, *, revealed: bool) -> ShownCandidate:
    own = None if desk.own is None else desk.own.opinions.get(candidate.number)
    face, sighting = desk.face(candidate), desk.sighting(candidate)
    if not revealed:
        return ShownCandidate(candidate.number, face, sighting, own)
    return ShownCandidate(
        candidate.number,
        face,
        sighting,
        own,
        candidate.rank,
        candidate.score,
        candidate.similarity,
        candidate.seeded,
        candidate.opinion,
    )
