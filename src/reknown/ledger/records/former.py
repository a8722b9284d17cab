"""Records that earlier releases wrote and none is written of any more: tracks kept of videos.

They are sightings now, under the same ids (`sightings.py`).
"""

# Not `from __future__ import annotations`: msgspec reads these types when it runs.
from dataclasses import dataclass
from typing import Annotated, ClassVar

from reknown.ledger.records.parts import (
    Count,
    Moment,
    ProbeRecord,
    Record,
    Sha256,
    SpaceRecord,
    ThresholdRecord,
    TrackCandidateRecord,
    TrackId,
    doc,
)

_Tracks = Annotated[tuple[TrackId, ...], doc("The tracks concerned")]


@dataclass(frozen=True, slots=True)
class SearchTracksRecord(Record):
    """A search of the tracks that are kept of videos."""

    OPERATION: ClassVar[str] = "search tracks"

    probe: Annotated[ProbeRecord, doc("What was searched for")]
    space: Annotated[SpaceRecord, doc("The template space of the tracks")]
    threshold: Annotated[ThresholdRecord, doc("Where a score became a candidate")]
    tracks_searched: Annotated[Count, doc("How many tracks were searched")]
    candidates: Annotated[tuple[TrackCandidateRecord, ...], doc("The tracks found, best first")]


@dataclass(frozen=True, slots=True)
class KeepTracksRecord(Record):
    """Tracks of a video were kept, to be searched later."""

    OPERATION: ClassVar[str] = "keep tracks"

    video_sha256: Annotated[Sha256, doc("SHA-256 of the video's file")]
    tracks: _Tracks
    replaced: Annotated[Count, doc("Tracks kept of the same video before, deleted now")]
    expires_at: Annotated[Moment, doc("When they are deleted, UTC")]


@dataclass(frozen=True, slots=True)
class DeleteTracksRecord(Record):
    """Kept tracks were deleted."""

    OPERATION: ClassVar[str] = "delete tracks"

    tracks: _Tracks
    video_sha256: Annotated[
        Sha256 | None, doc("SHA-256 of the video, where they were chosen by it")
    ] = None
    before: Annotated[
        Moment | None, doc("Where they were chosen by age: when they were kept at the latest, UTC")
    ] = None


@dataclass(frozen=True, slots=True)
class PurgeTracksRecord(Record):
    """Kept tracks had expired and were deleted."""

    OPERATION: ClassVar[str] = "purge tracks"

    tracks: _Tracks


@dataclass(frozen=True, slots=True)
class ListTracksRecord(Record):
    """Somebody read the list of kept tracks."""

    OPERATION: ClassVar[str] = "list tracks"

    listed: Annotated[Count, doc("How many were shown")]
