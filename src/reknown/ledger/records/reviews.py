"""Records of decisions by people: cases of a search, reviewers, and what they say.

Until a case is decided there are digests in place of what was said and of which candidates are
known non-mates, so that reading the ledger leads no reviewer.
"""

# Not `from __future__ import annotations`: msgspec reads these types when it runs.
from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, UnsetType

from reknown.ledger.records.parts import (
    Count,
    FaceId,
    Pattern,
    Record,
    Sha256,
    SightingId,
    Similarity,
    SubjectId,
    doc,
)

CaseId = Annotated[
    str,
    Meta(pattern=r"\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", title="case id"),
]
ActorName = Annotated[
    str,
    Meta(
        pattern=r"\A(cli:[^\s:]{1,100}|account:[a-z0-9][a-z0-9._-]{0,63}|key:RK[A-Z2-7]{18})\Z",
        title="account or key",
    ),
]
OrderSeed = Annotated[str, Meta(pattern=r"\A[0-9a-f]{32}\Z", title="seed")]
Ground = Annotated[str, Meta(pattern=r"\A[a-z]+(-[a-z]+)*\Z", title="code")]
Opinion = Literal["same", "different", "cannot-tell"]
Day = Annotated[date, Meta(title="day, RFC 3339")]
_Case = Annotated[CaseId, doc("The case")]
_Reviewer = Annotated[ActorName, doc("Whom the ledger calls this, when they act")]


@dataclass(frozen=True, slots=True)
class OpenCaseRecord(Record):
    """A search found what people have to judge, or nobody, which is kept to be disclosed."""

    OPERATION: ClassVar[str] = "open case"

    case: _Case
    search: Annotated[Count, doc("Number of the search's record in this ledger")]
    probe: Annotated[Count, doc("Which face of the probe, or which track, counted from 1")]
    reviewers: Annotated[Count, doc("How many people have to judge it, each blind to the others")]
    bound: Annotated[
        Similarity | None,
        doc("Similarity from which candidates are judged; null where the threshold was it"),
    ]
    candidates: Annotated[Count, doc("Candidates to be judged, known non-mates among them")]
    seeds_sha256: Annotated[
        Sha256, doc("Digest of which of them are known non-mates; the disclosure opens it")
    ]


@dataclass(frozen=True, slots=True)
class ListCasesRecord(Record):
    """Somebody read a page of the list of cases."""

    OPERATION: ClassVar[str] = "list cases"

    listed: Annotated[Count, doc("How many were shown")]


@dataclass(frozen=True, slots=True)
class ReadCaseRecord(Record):
    """Somebody looked at a case."""

    OPERATION: ClassVar[str] = "read case"

    case: _Case
    seed: Annotated[
        OrderSeed | None,
        doc("Seed of the order in which a reviewer saw the candidates; null for others"),
    ]
    scores: Annotated[bool, doc("Whether scores and ranks were shown: never before the decision")]


@dataclass(frozen=True, slots=True)
class JudgeCandidateRecord(Record):
    """A reviewer judged a candidate; what they said stands in the record of the decision."""

    OPERATION: ClassVar[str] = "judge candidate"

    case: _Case
    candidate: Annotated[Count, doc("The candidate's number, which says nothing of its rank")]
    judgement_sha256: Annotated[Sha256, doc("Digest of the judgement; the disclosure opens it")]
    adjudicating: Annotated[bool, doc("Whether it settles what others disagree on")]
    last: Annotated[bool, doc("Whether the reviewer has judged all that there is to judge")]


@dataclass(frozen=True, slots=True)
class JudgementRecord:
    """What one reviewer said of a candidate."""

    reviewer: _Reviewer
    opinion: Annotated[Opinion, doc("Of whom probe and candidate are, in their opinion")]
    grounds: Annotated[tuple[Ground, ...], doc("What it rests on, as codes")]
    note_sha256: Annotated[
        Sha256 | None, doc("Digest of their note, with a salt; null without one")
    ]


@dataclass(frozen=True, slots=True)
class JudgedCandidateRecord:
    """A candidate with what everybody said of it."""

    number: Annotated[Count, doc("The candidate's number in the case")]
    face_id: Annotated[
        FaceId | None, doc("Its best reference; null if deleted by then, and for a sighting")
    ]
    subject_id: Annotated[SubjectId | None, doc("The user, by its opaque id, if it is of one")]
    seeded: Annotated[bool, doc("Whether it is a known non-mate, which measures reviewers")]
    opinion: Annotated[
        Opinion | None, doc("What was decided; null for known non-mates and what was deleted")
    ]
    judgements: Annotated[tuple[JudgementRecord, ...], doc("What was said, in the order of saying")]
    sighting_id: Annotated[
        SightingId | UnsetType,
        doc("Where it was seen; not there for a reference, and if deleted by then"),
    ] = UNSET


@dataclass(frozen=True, slots=True)
class DisputeCaseRecord(Record):
    """The reviewers of a case disagree, so that another one has to adjudicate."""

    OPERATION: ClassVar[str] = "dispute case"

    case: _Case
    disputed: Annotated[Count, doc("On how many candidates they disagree")]


@dataclass(frozen=True, slots=True)
class DecideCaseRecord(Record):
    """People have decided a case: an opinion to be followed up, never an identification."""

    OPERATION: ClassVar[str] = "decide case"

    case: _Case
    round: Annotated[Count, doc("1, and one more for each appeal")]
    outcome: Annotated[
        Literal["lead", "no-lead", "inconclusive"],
        doc("Whether a candidate is worth looking into by other means"),
    ]
    candidates: Annotated[
        tuple[JudgedCandidateRecord, ...], doc("All candidates with all judgements of the round")
    ]


@dataclass(frozen=True, slots=True)
class AppealCaseRecord(Record):
    """Somebody contested a decision: other people have to judge the case again."""

    OPERATION: ClassVar[str] = "appeal case"

    case: _Case
    round: Annotated[Count, doc("The round that begins with it")]
    ground: Annotated[
        Literal["complaint", "new-evidence", "procedure", "quality"], doc("Why, as a code")
    ]


@dataclass(frozen=True, slots=True)
class DiscloseCaseRecord(Record):
    """A packet was made of a case, to be handed to others."""

    OPERATION: ClassVar[str] = "disclose case"

    case: _Case
    sha256: Annotated[Sha256, doc("SHA-256 of the packet's list of contents")]


@dataclass(frozen=True, slots=True)
class PurgeCasesRecord(Record):
    """Cases were deleted as their time was over."""

    OPERATION: ClassVar[str] = "purge cases"

    cases: Annotated[tuple[CaseId, ...], doc("The cases deleted")]


@dataclass(frozen=True, slots=True)
class ReadReviewRatesRecord(Record):
    """Somebody read how often candidates stood up to reviewers, and how well these agree."""

    OPERATION: ClassVar[str] = "read review rates"

    months: Annotated[Count, doc("Of how many months")]


@dataclass(frozen=True, slots=True)
class AddReviewerRecord(Record):
    """Somebody may review from now on."""

    OPERATION: ClassVar[str] = "add reviewer"

    reviewer: _Reviewer
    trained_until: Annotated[Day, doc("The last day on which their training counts")]
    collections: Annotated[tuple[Pattern, ...], doc("Patterns of the collections that it is for")]


@dataclass(frozen=True, slots=True)
class RenewReviewerRecord(Record):
    """A reviewer was trained again, or for other collections."""

    OPERATION: ClassVar[str] = "renew reviewer"

    reviewer: _Reviewer
    trained_until: Annotated[Day, doc("The last day on which their training counts")]
    collections: Annotated[tuple[Pattern, ...], doc("Patterns of the collections that it is for")]


@dataclass(frozen=True, slots=True)
class RemoveReviewerRecord(Record):
    """Somebody may review no more."""

    OPERATION: ClassVar[str] = "remove reviewer"

    reviewer: _Reviewer


@dataclass(frozen=True, slots=True)
class ListReviewersRecord(Record):
    """Somebody read who may review."""

    OPERATION: ClassVar[str] = "list reviewers"

    listed: Annotated[Count, doc("How many were shown")]
