"""Records of cameras that are watched: who has which one watched against which collection."""

# Not `from __future__ import annotations`: msgspec reads these types when it runs.
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from msgspec import Meta

from reknown.ledger.records.parts import (
    Code,
    Count,
    Label,
    Record,
    RecordingId,
    Sha256,
    Similarity,
    SubjectId,
    ThresholdRecord,
    WatchName,
    doc,
)

_Watch = Annotated[WatchName, doc("The watch, as the operator named it")]
_Setting = Annotated[str, Meta(pattern=r"\A[a-z]+(_[a-z]+){0,2}\Z", title="setting")]
_Values = Mapping[_Setting, Annotated[str, Meta(max_length=4096, title="text")] | None] | None
_WaitedFor = Annotated[
    tuple[SubjectId, ...] | None,
    doc("Who is on its alert lists, by their opaque ids; null in older records"),
]
_Camera = Annotated[
    Label | None,
    doc("The camera or film, by its name or the ARN that a request gave; null in older records"),
]

# s3://, a bucket and a prefix of the longest
_Output = Annotated[str, Meta(max_length=1285, title="text")]
_Reason = Annotated[str, Meta(max_length=500, title="text")]


@dataclass(frozen=True, slots=True)
class CreateWatchRecord(Record):
    """A camera is to be watched against a collection, once it is started."""

    OPERATION: ClassVar[str] = "create watch"
    LATER: ClassVar[Mapping[str, bool | None]] = {
        "score": None,
        "settings": None,
        "subject_ids": None,
        "values": None,
    }

    watch: _Watch
    camera: Annotated[Label, doc("The camera, by the name or ARN that the request gave")]
    similarity: Annotated[
        Similarity | None,
        doc("From which similarity on somebody is a candidate; null where a score says it"),
    ]
    zones: Annotated[Count, doc("How many parts of the picture it is limited to; 0 is all of it")]
    output: Annotated[
        _Output | None, doc("The data stream or bucket that records are put into; null without")
    ] = None
    score: Annotated[float | None, doc("From which raw score on, where no similarity says it")] = (
        None
    )
    settings: Annotated[
        tuple[_Setting, ...] | None,
        doc("Which settings are not as by default; null in older records"),
    ] = None
    subject_ids: _WaitedFor = None
    values: Annotated[
        _Values, doc("What these are, but for alert lists; null in older records")
    ] = None


@dataclass(frozen=True, slots=True)
class ReadWatchRecord(Record):
    """Somebody read the settings and the state of a watch."""

    OPERATION: ClassVar[str] = "read watch"

    watch: _Watch


@dataclass(frozen=True, slots=True)
class ListWatchesRecord(Record):
    """Somebody read a page of the list of watches; whoever goes on is recorded every minute."""

    OPERATION: ClassVar[str] = "list watches"

    listed: Annotated[Count, doc("How many were shown")]
    present: Annotated[Count, doc("How many people were shown who were before cameras then")] = 0


@dataclass(frozen=True, slots=True)
class LookThroughCameraRecord(Record):
    """Somebody looked through the camera of a watch; whoever goes on is recorded every minute.

    Nobody can be told in what they saw but people with candidates.
    """

    OPERATION: ClassVar[str] = "look through camera"

    watch: _Watch


@dataclass(frozen=True, slots=True)
class UpdateWatchRecord(Record):
    """Settings of a watch were changed."""

    OPERATION: ClassVar[str] = "update watch"
    LATER: ClassVar[Mapping[str, bool | None]] = {
        "settings": None,
        "subject_ids": None,
        "values": None,
        "former": None,
        "former_ids": None,
    }

    watch: _Watch
    zones: Annotated[Count, doc("How many parts of the picture it is limited to; 0 is all of it")]
    settings: Annotated[
        tuple[_Setting, ...] | None,
        doc("Which are others now; null in older records, of changed zones"),
    ] = None
    subject_ids: _WaitedFor = None
    values: Annotated[
        _Values,
        doc(
            "What these are now, but for alert lists; null for none, as by default, and all of it "
            "in older records"
        ),
    ] = None
    former: Annotated[_Values, doc("What they were before, likewise")] = None
    former_ids: Annotated[
        tuple[SubjectId, ...] | None,
        doc("Who was on its alert lists before; null in older records"),
    ] = None


@dataclass(frozen=True, slots=True)
class TagWatchRecord(Record):
    """Tags of a watch were set or removed."""

    OPERATION: ClassVar[str] = "tag watch"

    watch: _Watch
    set: Annotated[Mapping[Label, Label], doc("Tags set, as the caller wrote them")]
    removed: Annotated[tuple[Label, ...], doc("Keys of the tags removed")]


@dataclass(frozen=True, slots=True)
class StartWatchRecord(Record):
    """Somebody had a camera watched from then on: its searches are that one's.

    A watch that nobody stores is told of once it may search; without a `stop watch` its end was not
    seen.
    """

    OPERATION: ClassVar[str] = "start watch"
    LATER: ClassVar[Mapping[str, bool | None]] = {"camera": None, "threshold": None}

    watch: _Watch
    camera: _Camera = None
    threshold: Annotated[
        ThresholdRecord | None,
        doc("From where on somebody is a candidate; null in older records"),
    ] = None


@dataclass(frozen=True, slots=True)
class StopWatchRecord(Record):
    """Somebody had the watching of a camera ended; one that nobody stores ended, however it did."""

    OPERATION: ClassVar[str] = "stop watch"
    LATER: ClassVar[Mapping[str, bool | None]] = {"camera": None}

    watch: _Watch
    camera: _Camera = None


@dataclass(frozen=True, slots=True)
class FailWatchRecord(Record):
    """A worker gave a watch up, which nobody watches until it is started again."""

    OPERATION: ClassVar[str] = "fail watch"
    LATER: ClassVar[Mapping[str, bool | None]] = {"reason": None}

    watch: _Watch
    error: Annotated[Code, doc("What kind of error ended it")]
    reason: Annotated[
        _Reason | None, doc("Why, as the watch itself says it; null in older records")
    ] = None


_Recording = Annotated[RecordingId, doc("The film, by an opaque id")]


@dataclass(frozen=True, slots=True)
class BeginRecordingRecord(Record):
    """A film of a watch was begun, in which nobody is clear but who has candidates.

    It is a file of the actor's. Without an `end recording` its end was not seen.
    """

    OPERATION: ClassVar[str] = "begin recording"

    watch: _Watch
    recording: _Recording
    annotated: Annotated[bool, doc("Whether the names of candidates are drawn into it")]


@dataclass(frozen=True, slots=True)
class EndRecordingRecord(Record):
    """A film of a watch was over."""

    OPERATION: ClassVar[str] = "end recording"

    watch: _Watch
    recording: _Recording
    frames: Annotated[Count, doc("How many frames it has")]
    duration_ms: Annotated[Count, doc("Milliseconds from its first frame to its last")]
    size: Annotated[Count, doc("How many bytes the file has")]
    sha256: Annotated[Sha256, doc("SHA-256 of the file")]


@dataclass(frozen=True, slots=True)
class DeleteWatchRecord(Record):
    """A watch was deleted; its events stay for as long as events are kept."""

    OPERATION: ClassVar[str] = "delete watch"

    watch: _Watch
