"""Extensions: what a collection may be used for, consents, approvals of searches, and stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.api import shapes
from reknown.api.paging import next_token, read_page
from reknown.services.policies import approvals, consents, rules, stops
from reknown.services.policies.files import as_toml, read_policy_text

if TYPE_CHECKING:
    from datetime import datetime

    from reknown.api.call import Call


def describe_policy(
    call: Call, request: shapes.ReknownDescribePolicyRequest
) -> shapes.ReknownDescribePolicyResponse:
    """As a file that could be put."""
    found = rules.read_policy(call.context, request.collection_id)
    return shapes.ReknownDescribePolicyResponse(policy=as_toml(found))


def put_policy(
    call: Call, request: shapes.ReknownPutPolicyRequest
) -> shapes.ReknownPutPolicyResponse:
    """Whole: what it leaves out is not limited."""
    policy = read_policy_text(request.policy, "Policy")
    rules.set_policy(call.context, request.collection_id, policy)
    return shapes.ReknownPutPolicyResponse()


def record_consent(
    call: Call, request: shapes.ReknownRecordConsentRequest
) -> shapes.ReknownRecordConsentResponse:
    """Keeps the digest of the text alone."""
    until = None if request.expires_at is None else consents.moment_of(request.expires_at)
    new = consents.consent_to(request.text, request.basis, until)
    given = consents.give_consent(call.context, request.collection_id, request.user_id, new)
    return shapes.ReknownRecordConsentResponse(consent=_consent(given))


def withdraw_consent(
    call: Call, request: shapes.ReknownWithdrawConsentRequest
) -> shapes.ReknownWithdrawConsentResponse:
    """Deletes the person with it."""
    ended = consents.withdraw_consent(call.context, request.collection_id, request.user_id)
    return shapes.ReknownWithdrawConsentResponse(withdrawn=ended)


def list_consents(
    call: Call, request: shapes.ReknownListConsentsRequest
) -> shapes.ReknownListConsentsResponse:
    """In the order in which they were given."""
    scope = f"ReknownListConsents {request.collection_id}"
    page = read_page(call, scope, request.next_token, request.max_results)
    found = consents.list_consents(call.context, request.collection_id, page)
    return shapes.ReknownListConsentsResponse(
        consents=tuple(map(_consent, found.items)), next_token=next_token(call, scope, found.next)
    )


def grant_approval(
    call: Call, request: shapes.ReknownGrantApprovalRequest
) -> shapes.ReknownGrantApprovalResponse:
    """To another key or account than the caller's."""
    searches, days = request.searches or 1, request.days or 7
    new = approvals.approval_for(request.searcher, request.reason, searches, days)
    granted = approvals.grant_approval(call.context, request.collection_id, new)
    return shapes.ReknownGrantApprovalResponse(approval=_approval(granted))


def withdraw_approval(
    call: Call, request: shapes.ReknownWithdrawApprovalRequest
) -> shapes.ReknownWithdrawApprovalResponse:
    """Whoever granted it."""
    collection, approval = request.collection_id, request.approval_id
    ended = approvals.withdraw_approval(call.context, collection, approval)
    return shapes.ReknownWithdrawApprovalResponse(approval=_approval(ended))


def list_approvals(
    call: Call, request: shapes.ReknownListApprovalsRequest
) -> shapes.ReknownListApprovalsResponse:
    """In the order in which they were granted."""
    scope = f"ReknownListApprovals {request.collection_id}"
    page = read_page(call, scope, request.next_token, request.max_results)
    found = approvals.list_approvals(call.context, request.collection_id, page)
    return shapes.ReknownListApprovalsResponse(
        approvals=tuple(map(_approval, found.items)),
        next_token=next_token(call, scope, found.next),
    )


def stop_searches(
    call: Call, request: shapes.ReknownStopSearchesRequest
) -> shapes.ReknownStopSearchesResponse:
    """Of one collection: a key that may not see others must not stop them."""
    stops.stop_searches(call.context, request.collection_id, request.reason)
    return shapes.ReknownStopSearchesResponse()


def resume_searches(
    call: Call, request: shapes.ReknownResumeSearchesRequest
) -> shapes.ReknownResumeSearchesResponse:
    """A stop of all collections stays."""
    stopped = stops.resume_searches(call.context, request.collection_id)
    return shapes.ReknownResumeSearchesResponse(stopped=stopped)


def _consent(it: consents.Consent) -> shapes.ReknownConsent:
    return shapes.ReknownConsent(
        number=it.number,
        user_id=it.user,
        given_at=it.given_at.timestamp(),
        recorded_by=it.recorded_by,
        text_sha256=it.text_sha256,
        basis=it.basis,
        expires_at=_seconds(it.expires_at),
        withdrawn_at=_seconds(it.withdrawn_at),
    )


def _approval(it: approvals.Approval) -> shapes.ReknownApproval:
    return shapes.ReknownApproval(
        approval_id=it.approval_id,
        searcher=it.searcher,
        granted_by=it.granted_by,
        granted_at=it.granted_at.timestamp(),
        expires_at=it.expires_at.timestamp(),
        searches_left=it.searches_left,
        reason=it.reason,
    )


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
