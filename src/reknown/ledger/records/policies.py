"""What may be done with a collection: rules, consents, refusals, stops, what was kept too long."""

# Not `from __future__ import annotations`: msgspec reads these types when it runs.
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from reknown.biometrics.policy import Policy
from reknown.ledger.records.parts import (
    Code,
    Count,
    FaceId,
    JobId,
    Label,
    Moment,
    Record,
    Sha256,
    SubjectId,
    WatchName,
    doc,
)
from reknown.ledger.records.reviews import ActorName

ApprovalId = Annotated[
    str,
    Meta(pattern=r"\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", title="approval id"),
]
ConsentNumber = Annotated[int, Meta(ge=1, title="integer from 1")]


@dataclass(frozen=True, slots=True)
class SetPolicyRecord(Record):
    """A collection was given rules in place of those it had."""

    OPERATION: ClassVar[str] = "set policy"
    LATER: ClassVar[Mapping[str, bool | None]] = {"live_minutes": None, "recording": False}

    policy: Annotated[
        Policy,
        Meta(title="rules"),
        doc("All of them, by the names that they have in a policy's file"),
    ]


@dataclass(frozen=True, slots=True)
class ReadPolicyRecord(Record):
    """Somebody read a collection's rules."""

    OPERATION: ClassVar[str] = "read policy"


@dataclass(frozen=True, slots=True)
class RefuseSearchRecord(Record):
    """A search was not answered, for what the collection's rules or a stop say."""

    OPERATION: ClassVar[str] = "refuse search"

    reason: Annotated[Code, doc("Code of the reason, such as `PurposeNotAllowed`")]
    job: Annotated[
        JobId | UnsetType,
        doc("The video job that was to search; not there for others"),
    ] = UNSET
    watch: Annotated[
        WatchName | UnsetType,
        doc("The watch that was to search; not there for others, and in older records"),
    ] = UNSET


@dataclass(frozen=True, slots=True)
class StopFollowingRecord(Record):
    """Somebody was before cameras for as long as the collection's rules allow in a day."""

    OPERATION: ClassVar[str] = "stop following"

    watch: Annotated[WatchName, doc("The watch that follows them no longer today")]
    face_id: Annotated[FaceId, doc("The reference that scored best")]
    subject_id: Annotated[SubjectId | None, doc("The user that it belongs to, by its opaque id")]
    minutes: Annotated[Count, doc("How long it was by then, before all cameras; whole minutes")]


@dataclass(frozen=True, slots=True)
class GrantApprovalRecord(Record):
    """Somebody was allowed more searches of the same than the collection's rules do."""

    OPERATION: ClassVar[str] = "grant approval"

    approval: Annotated[ApprovalId, doc("The approval")]
    searcher: Annotated[ActorName, doc("Who may search on, as the ledger names them")]
    searches: Annotated[Count, doc("How many searches")]
    expires_at: Annotated[Moment, doc("Until when, UTC")]
    reason: Annotated[Label, doc("Why, as the operator wrote it")]


@dataclass(frozen=True, slots=True)
class UseApprovalRecord(Record):
    """A search of what was searched for often enough went on under an approval.

    The search's own record is of the same transaction, the next one of the same actor.
    """

    OPERATION: ClassVar[str] = "use approval"

    approval: Annotated[ApprovalId, doc("The approval")]
    left: Annotated[Count, doc("How many searches it allows from then on")]


@dataclass(frozen=True, slots=True)
class WithdrawApprovalRecord(Record):
    """From then on nobody searched under an approval, if its time was not over before."""

    OPERATION: ClassVar[str] = "withdraw approval"

    approval: Annotated[ApprovalId, doc("The approval")]
    left: Annotated[Count, doc("How many searches of it were not used")]


@dataclass(frozen=True, slots=True)
class ListApprovalsRecord(Record):
    """Somebody read approvals."""

    OPERATION: ClassVar[str] = "list approvals"

    count: Annotated[Count, doc("How many")]


@dataclass(frozen=True, slots=True)
class StopSearchesRecord(Record):
    """From then on nobody searched the collection; without one, any."""

    OPERATION: ClassVar[str] = "stop searches"

    reason: Annotated[Label, doc("Why, as the operator wrote it")]


@dataclass(frozen=True, slots=True)
class ResumeSearchesRecord(Record):
    """A stop was taken back."""

    OPERATION: ClassVar[str] = "resume searches"

    stopped: Annotated[bool, doc("Whether there had been one")]


@dataclass(frozen=True, slots=True)
class GiveConsentRecord(Record):
    """It was put down that somebody has agreed to be enrolled."""

    OPERATION: ClassVar[str] = "give consent"

    consent: Annotated[ConsentNumber, doc("The consent's number")]
    subject_id: Annotated[SubjectId, doc("Who has agreed, by an opaque id")]
    text_sha256: Annotated[Sha256, doc("SHA-256 of the text that was agreed to")]
    expires_at: Annotated[Moment | None, doc("When it ends by itself, UTC; null if never")]
    basis: Annotated[
        Label | UnsetType,
        doc("How it was given, as whoever put it down wrote it; not there in older records"),
    ] = UNSET


@dataclass(frozen=True, slots=True)
class WithdrawConsentRecord(Record):
    """Somebody agrees no more: their faces, sightings and name were deleted with this.

    The actor `sweeper` does so where the time was over for which they had agreed.
    """

    OPERATION: ClassVar[str] = "withdraw consent"

    consents: Annotated[tuple[ConsentNumber, ...], doc("The numbers of what was withdrawn")]
    subject_id: Annotated[SubjectId, doc("Who it was, by an opaque id")]
    faces: Annotated[
        tuple[FaceId, ...] | UnsetType,
        doc("The faces deleted; not there in older records"),
    ] = UNSET


@dataclass(frozen=True, slots=True)
class ListConsentsRecord(Record):
    """Somebody read consents."""

    OPERATION: ClassVar[str] = "list consents"

    count: Annotated[Count, doc("How many")]


@dataclass(frozen=True, slots=True)
class PurgeFacesRecord(Record):
    """Faces had been kept as long as their collection's policy allows, and were deleted."""

    OPERATION: ClassVar[str] = "purge faces"

    faces: Annotated[tuple[FaceId, ...], doc("The faces that are gone")]
    days: Annotated[Count, doc("For how many days they may be kept")]
