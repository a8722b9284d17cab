"""Extensions: cases that people have to judge, and what reviewers with a key say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.api import shapes
from reknown.api.paging import next_token, read_page
from reknown.services.reviews import cases, queue

if TYPE_CHECKING:
    from reknown.api.call import Call
    from reknown.services.reviews.cases import ShownCandidate


def list_cases(
    call: Call, request: shapes.ReknownListCasesRequest
) -> shapes.ReknownListCasesResponse:
    """In the order in which they were opened."""
    scope = f"ReknownListCases {request.collection_id}"
    page = read_page(call, scope, request.next_token, request.max_results)
    found = queue.list_cases(call.context, request.collection_id, page)
    return shapes.ReknownListCasesResponse(
        cases=tuple(map(_case, found.items)), next_token=next_token(call, scope, found.next)
    )


def read_case(call: Call, request: shapes.ReknownReadCaseRequest) -> shapes.ReknownReadCaseResponse:
    """As this key may see it: without scores before the decision."""
    shown = cases.read_case(call.context, request.collection_id, request.case_id)
    probe = shown.case.probe
    return shapes.ReknownReadCaseResponse(
        case=_case(shown.case),
        probe_sha256=probe.sha256,
        probe_face=probe.number,
        candidates=tuple(map(_candidate, shown.candidates)),
        left=shown.left,
        order_seed=shown.seed,
    )


def judge_candidate(
    call: Call, request: shapes.ReknownJudgeCandidateRequest
) -> shapes.ReknownJudgeCandidateResponse:
    """Final once said; the case tells whether it is a review or settles a dispute."""
    judgement = cases.judgement_of(request.opinion, request.grounds, request.note)
    done = cases.judge(
        call.context,
        request.collection_id,
        request.case_id,
        request.number,
        judgement,
        adjudicate=None,
    )
    return shapes.ReknownJudgeCandidateResponse(state=done.state.value, left=done.left)


def _case(case: cases.ReviewCase) -> shapes.ReknownCase:
    return shapes.ReknownCase(
        case_id=case.case_id,
        state=case.state.value,
        outcome=None if case.outcome is None else case.outcome.value,
        round=case.round,
        reviewers=case.reviewers,
        reviewed=case.reviewed,
        opened_at=case.opened_at.timestamp(),
    )


def _candidate(it: ShownCandidate) -> shapes.ReknownCaseCandidate:
    seen = None if it.sighting is None else it.sighting.sighting
    return shapes.ReknownCaseCandidate(
        number=it.number,
        face_id=None if it.face is None else it.face.face_id,
        sighting_id=None if seen is None else seen.sighting_id,
        sha256=None if seen is None else seen.medium.sha256,
        best_millis=None if seen is None else seen.best_ms,
        yours=None if it.own is None else it.own.value,
        decided=None if it.opinion is None else it.opinion.value,
        rank=it.rank,
        similarity=it.similarity,
        known_non_mate=it.seeded,
    )
