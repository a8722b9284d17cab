"""Records of what was done with groups of sightings; a group is its number, a person its id."""

# Not `from __future__ import annotations`: msgspec reads these types when it runs.
from dataclasses import dataclass
from typing import Annotated, ClassVar

from reknown.ledger.records.parts import (
    Count,
    FaceId,
    Record,
    SightingId,
    SpaceRecord,
    SubjectId,
    ThresholdRecord,
    doc,
)

_Group = Annotated[Count, doc("The number of the group")]
_Other = Annotated[Count, doc("The number of the other group")]
_Apart = Annotated[bool, doc("Whether they are kept apart now")]


@dataclass(frozen=True, slots=True)
class GroupSightingsRecord(Record):
    """Sightings were compared with each other, and brought together where they resemble."""

    OPERATION: ClassVar[str] = "group sightings"

    space: Annotated[SpaceRecord, doc("The template space of the sightings")]
    threshold: Annotated[ThresholdRecord, doc("The least mean score within a group")]
    sightings: Annotated[Count, doc("How many sightings there were")]
    fresh: Annotated[Count, doc("How many of them had never been compared")]
    made: Annotated[Count, doc("How many groups are new")]
    merged: Annotated[Count, doc("How many groups became part of another")]


@dataclass(frozen=True, slots=True)
class ListGroupsRecord(Record):
    """Somebody read a page of the list of groups."""

    OPERATION: ClassVar[str] = "list groups"

    listed: Annotated[Count, doc("How many were shown")]


@dataclass(frozen=True, slots=True)
class ReadGroupRecord(Record):
    """Somebody read the sightings of a group."""

    OPERATION: ClassVar[str] = "read group"

    group: _Group
    listed: Annotated[Count, doc("How many sightings were shown")]


@dataclass(frozen=True, slots=True)
class NameGroupRecord(Record):
    """A person said whose sightings a group has; the best became references."""

    OPERATION: ClassVar[str] = "name group"

    group: _Group
    subject_id: Annotated[SubjectId, doc("The user, by its opaque id")]
    faces: Annotated[tuple[FaceId, ...], doc("The references made, and those known before")]


@dataclass(frozen=True, slots=True)
class UnnameGroupRecord(Record):
    """A person took back who a group is; references that show its faces are none any more."""

    OPERATION: ClassVar[str] = "unname group"

    group: _Group
    subject_id: Annotated[SubjectId, doc("The user who it was, by the opaque id")]
    faces: Annotated[tuple[FaceId, ...], doc("The references that were deleted")]
    freed: Annotated[tuple[FaceId, ...], doc("The references that are faces of nobody now")]
    user_deleted: Annotated[bool, doc("Whether the user was deleted too, of whom nothing was left")]


@dataclass(frozen=True, slots=True)
class IgnoreGroupRecord(Record):
    """A group was left out of lists, or taken back into them."""

    OPERATION: ClassVar[str] = "ignore group"

    group: _Group
    ignored: Annotated[bool, doc("Whether it is left out now")]


@dataclass(frozen=True, slots=True)
class MergeGroupsRecord(Record):
    """A person said that two groups are of one person."""

    OPERATION: ClassVar[str] = "merge groups"

    group: _Group
    into: _Other


@dataclass(frozen=True, slots=True)
class SplitGroupRecord(Record):
    """A person took sightings out of a group into a new one."""

    OPERATION: ClassVar[str] = "split group"

    group: _Group
    made: _Other
    sightings: Annotated[tuple[SightingId, ...], doc("The sightings of the new group")]


@dataclass(frozen=True, slots=True)
class KeepGroupsApartRecord(Record):
    """A person said that two groups are never of one person."""

    OPERATION: ClassVar[str] = "keep groups apart"

    group: _Group
    other: _Other


@dataclass(frozen=True, slots=True)
class UndoGroupsApartRecord(Record):
    """A person took back that two groups are never of one person."""

    OPERATION: ClassVar[str] = "undo groups apart"

    group: _Group
    other: _Other


@dataclass(frozen=True, slots=True)
class KeepGroupFromUserRecord(Record):
    """A person said that a group is never of a user, or took it back."""

    OPERATION: ClassVar[str] = "keep group from user"

    group: _Group
    subject_id: Annotated[SubjectId, doc("The user, by its opaque id")]
    apart: _Apart


@dataclass(frozen=True, slots=True)
class KeepUsersApartRecord(Record):
    """A person said that two users are never one, or took it back."""

    OPERATION: ClassVar[str] = "keep users apart"

    subject_id: Annotated[SubjectId, doc("The user, by its opaque id")]
    other: Annotated[SubjectId, doc("The other user, by its opaque id")]
    apart: _Apart


@dataclass(frozen=True, slots=True)
class ProposeMergesRecord(Record):
    """Groups without a name and users were compared with each other: who may be one person?"""

    OPERATION: ClassVar[str] = "propose merges"

    space: Annotated[SpaceRecord, doc("The template space of their faces")]
    threshold: Annotated[ThresholdRecord, doc("The least mean score of two that are proposed")]
    groups: Annotated[Count, doc("How many groups were compared")]
    users: Annotated[Count, doc("How many users were compared")]
    proposed: Annotated[Count, doc("How many pairs were shown")]
