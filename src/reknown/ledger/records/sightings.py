"""Records of faces seen in images and videos, and kept to be searched later."""

# Not `from __future__ import annotations`: msgspec reads these types when it runs.
from dataclasses import dataclass
from typing import Annotated, ClassVar

from reknown.ledger.records.parts import (
    Count,
    JobId,
    Moment,
    ProbeRecord,
    Record,
    Sha256,
    SightingCandidateRecord,
    SightingId,
    SpaceRecord,
    ThresholdRecord,
    doc,
)

_Sightings = Annotated[tuple[SightingId, ...], doc("The sightings concerned")]


@dataclass(frozen=True, slots=True)
class KeepSightingsRecord(Record):
    """Faces of images and videos were kept, to be searched later."""

    OPERATION: ClassVar[str] = "keep sightings"

    media: Annotated[tuple[Sha256, ...], doc("SHA-256 of each file that was looked at")]
    sightings: _Sightings
    replaced: Annotated[Count, doc("Sightings kept of the same files before, deleted now")]
    expires_at: Annotated[Moment | None, doc("When they are deleted, UTC; null for never")]


@dataclass(frozen=True, slots=True)
class AddToArchiveRecord(Record):
    """Somebody uploaded images and videos in the console, which are kept."""

    OPERATION: ClassVar[str] = "add to archive"

    media: Annotated[tuple[Sha256, ...], doc("SHA-256 of each file")]
    size: Annotated[Count, doc("Bytes of all of them")]


@dataclass(frozen=True, slots=True)
class ListArchiveRecord(Record):
    """Somebody read a page of the list of images and videos of an archive."""

    OPERATION: ClassVar[str] = "list archive"

    listed: Annotated[Count, doc("How many were shown")]


@dataclass(frozen=True, slots=True)
class DeleteFromArchiveRecord(Record):
    """Somebody deleted images and videos from an archive, with all that was seen in them."""

    OPERATION: ClassVar[str] = "delete from archive"

    media: Annotated[tuple[Sha256, ...], doc("SHA-256 of each")]
    sightings: _Sightings
    files: Annotated[Count, doc("How many files that were uploaded were deleted with them")]
    left: Annotated[Count, doc("How many files in folders of the operator stay where they are")]


@dataclass(frozen=True, slots=True)
class ScanArchiveRecord(Record):
    """Somebody had a worker look at what was added to an archive."""

    OPERATION: ClassVar[str] = "scan archive"

    job: Annotated[JobId, doc("The job's id, also of one that waited already")]


@dataclass(frozen=True, slots=True)
class SearchSightingsRecord(Record):
    """A search of the sightings that are kept of images and videos."""

    OPERATION: ClassVar[str] = "search sightings"

    probe: Annotated[ProbeRecord, doc("What was searched for")]
    space: Annotated[SpaceRecord, doc("The template space of the sightings")]
    threshold: Annotated[ThresholdRecord, doc("Where a score became a candidate")]
    sightings_searched: Annotated[Count, doc("How many sightings were searched")]
    candidates: Annotated[
        tuple[SightingCandidateRecord, ...], doc("The sightings found, best first")
    ]


@dataclass(frozen=True, slots=True)
class DeleteSightingsRecord(Record):
    """Kept sightings were deleted."""

    OPERATION: ClassVar[str] = "delete sightings"

    sightings: _Sightings
    medium: Annotated[Sha256 | None, doc("SHA-256 of the file, where they were chosen by it")] = (
        None
    )
    before: Annotated[
        Moment | None, doc("Where they were chosen by age: when they were kept at the latest, UTC")
    ] = None


@dataclass(frozen=True, slots=True)
class ForgetFilesRecord(Record):
    """Files had gone from an archive, and what was seen in them was deleted."""

    OPERATION: ClassVar[str] = "forget files"

    files: Annotated[Count, doc("How many files had gone")]
    sightings: _Sightings


@dataclass(frozen=True, slots=True)
class PurgeSightingsRecord(Record):
    """Kept sightings had expired and were deleted."""

    OPERATION: ClassVar[str] = "purge sightings"

    sightings: _Sightings


@dataclass(frozen=True, slots=True)
class ListSightingsRecord(Record):
    """Somebody read the list of kept sightings."""

    OPERATION: ClassVar[str] = "list sightings"

    listed: Annotated[Count, doc("How many were shown")]
