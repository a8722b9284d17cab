"""Summaries of records of policies, consents, approvals and stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from reknown.ledger import records
from reknown.ledger.summary import say
from reknown.ledger.summary.texts import text_of

if TYPE_CHECKING:
    from reknown.ledger.summary.say import Names


@text_of.register(records.SetPolicyRecord)
def _set_policy(record: records.SetPolicyRecord, _names: Names) -> str:
    rules = record.policy
    purposes = ", ".join(rules.purposes) or "any purpose"
    wanted = ("governed", "suspended", "consent_required", "recording")
    marks = [name for name in wanted if getattr(rules, name)]
    return "; ".join([purposes, *marks])


@text_of.register(records.RefuseSearchRecord)
def _refused_search(record: records.RefuseSearchRecord, _names: Names) -> str:
    job = "" if record.job is UNSET else f", job {say.short(record.job)}"
    watch = "" if record.watch is UNSET else f", watch {record.watch}"
    return record.reason + job + watch


@text_of.register(records.StopFollowingRecord)
def _stop_following(record: records.StopFollowingRecord, names: Names) -> str:
    whom = say.name(record.subject_id, names) if record.subject_id else say.short(record.face_id)
    return f"{whom} before {record.watch}, after {say.count(record.minutes, 'minute')} in a day"


@text_of.register(records.GrantApprovalRecord)
def _grant_approval(record: records.GrantApprovalRecord, _names: Names) -> str:
    number = say.count(record.searches, "search", "es")
    return f"{say.short(record.approval)}: {number} by {record.searcher}: {record.reason}"


@text_of.register(records.UseApprovalRecord)
def _use_approval(record: records.UseApprovalRecord, _names: Names) -> str:
    return f"{say.short(record.approval)}: {record.left:,} left"


@text_of.register(records.WithdrawApprovalRecord)
def _withdraw_approval(record: records.WithdrawApprovalRecord, _names: Names) -> str:
    return f"{say.short(record.approval)}: {say.count(record.left, 'search', 'es')} not used"


@text_of.register(records.ListApprovalsRecord)
def _list_approvals(record: records.ListApprovalsRecord, _names: Names) -> str:
    return say.count(record.count, "approval")


@text_of.register(records.GiveConsentRecord)
def _give_consent(record: records.GiveConsentRecord, names: Names) -> str:
    text = say.short(record.text_sha256)
    basis = "" if record.basis is UNSET else f", {record.basis}"
    whose = say.name(record.subject_id, names)
    return f"number {record.consent} of {whose} to the text {text}{basis}"


@text_of.register(records.WithdrawConsentRecord)
def _withdraw_consent(record: records.WithdrawConsentRecord, names: Names) -> str:
    return f"{say.count(len(record.consents), 'consent')} of {say.name(record.subject_id, names)}"


@text_of.register(records.ListConsentsRecord)
def _list_consents(record: records.ListConsentsRecord, _names: Names) -> str:
    return say.count(record.count, "consent")


@text_of.register(records.PurgeFacesRecord)
def _purge_faces(record: records.PurgeFacesRecord, _names: Names) -> str:
    return f"{say.faces(record.faces)} after {say.count(record.days, 'day')}"


@text_of.register(records.StopSearchesRecord)
def _stop_searches(record: records.StopSearchesRecord, _names: Names) -> str:
    return record.reason
