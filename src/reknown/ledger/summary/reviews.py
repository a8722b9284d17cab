"""Summaries of records of cases and reviewers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.ledger import records
from reknown.ledger.summary import say
from reknown.ledger.summary.texts import text_of

if TYPE_CHECKING:
    from reknown.ledger.summary.say import Names


@text_of.register(records.OpenCaseRecord)
def _open_case(record: records.OpenCaseRecord, _names: Names) -> str:
    case = f"case {say.short(record.case)} of search {record.search}"
    if not record.candidates:
        return f"{case}: nobody found"
    who = say.count(record.reviewers, "reviewer")
    return f"{case}: {say.count(record.candidates, 'candidate')} for {who}"


@text_of.register(records.ReadCaseRecord)
def _read_case(record: records.ReadCaseRecord, _names: Names) -> str:
    return f"case {say.short(record.case)}, {'with' if record.scores else 'without'} scores"


@text_of.register(records.JudgeCandidateRecord)
def _judge(record: records.JudgeCandidateRecord, _names: Names) -> str:
    last = ", the last one" if record.last else ""
    return f"candidate {record.candidate} of case {say.short(record.case)}{last}"


@text_of.register(records.DisputeCaseRecord)
def _dispute(record: records.DisputeCaseRecord, _names: Names) -> str:
    return f"case {say.short(record.case)}: {say.count(record.disputed, 'candidate')} disputed"


@text_of.register(records.DecideCaseRecord)
def _decide(record: records.DecideCaseRecord, names: Names) -> str:
    judged = [candidate for candidate in record.candidates if candidate.opinion is not None]
    shown = [_judged(candidate, names) for candidate in judged[: say.MOST_CANDIDATES]]
    said = ", ".join([*shown, *say.more(judged, say.MOST_CANDIDATES, "candidate")])
    return f"case {say.short(record.case)} is {record.outcome}: {said or 'all candidates deleted'}"


def _judged(candidate: records.JudgedCandidateRecord, names: Names) -> str:
    who = f"face {say.short(candidate.face_id or '')}"
    if candidate.sighting_id:
        who = f"sighting {say.short(candidate.sighting_id)}"
    if candidate.subject_id is not None:
        who = say.name(candidate.subject_id, names)
    return f"{who} {candidate.opinion}"


@text_of.register(records.AppealCaseRecord)
def _appeal(record: records.AppealCaseRecord, _names: Names) -> str:
    return f"case {say.short(record.case)}, round {record.round}: {record.ground}"


@text_of.register(records.DiscloseCaseRecord)
def _disclose(record: records.DiscloseCaseRecord, _names: Names) -> str:
    return f"case {say.short(record.case)}, packet {say.short(record.sha256)}"


@text_of.register(records.PurgeCasesRecord)
def _purge_cases(record: records.PurgeCasesRecord, _names: Names) -> str:
    return say.count(len(record.cases), "case")


@text_of.register(records.ReadReviewRatesRecord)
def _rates(record: records.ReadReviewRatesRecord, _names: Names) -> str:
    return say.count(record.months, "month")


@text_of.register(records.AddReviewerRecord)
@text_of.register(records.RenewReviewerRecord)
def _reviewer(record: records.AddReviewerRecord, _names: Names) -> str:
    where = " ".join(record.collections)
    return f"{record.reviewer} until {record.trained_until:%Y-%m-%d} for {where}"


@text_of.register(records.RemoveReviewerRecord)
def _no_reviewer(record: records.RemoveReviewerRecord, _names: Names) -> str:
    return record.reviewer
