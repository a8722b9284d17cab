"""Records of cameras that are watched: who has which one watched against which collection."""

# Not `from __future__ import annotations`: msgspec reads these types when it runs.
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from reknown.ledger.records.parts import Code, Count, Label, Record, Similarity, WatchName, doc

_Watch = Annotated[WatchName, doc("The watch, as the operator named it")]


@dataclass(frozen=True, slots=True)
class CreateWatchRecord(Record):
    """A camera is to be watched against a collection, once it is started."""

    OPERATION: ClassVar[str] = "create watch"

    watch: _Watch
    camera: Annotated[Label, doc("The camera, by the name or ARN that the request gave")]
    similarity: Annotated[Similarity, doc("From which similarity on somebody is a candidate")]
    zones: Annotated[Count, doc("How many parts of the picture it is limited to; 0 is all of it")]
    output: Annotated[
        Label | None, doc("The data stream that records are put into; null without one")
    ] = None


@dataclass(frozen=True, slots=True)
class ReadWatchRecord(Record):
    """Somebody read the settings and the state of a watch."""

    OPERATION: ClassVar[str] = "read watch"

    watch: _Watch


@dataclass(frozen=True, slots=True)
class ListWatchesRecord(Record):
    """Somebody read a page of the list of watches."""

    OPERATION: ClassVar[str] = "list watches"

    listed: Annotated[Count, doc("How many were shown")]
    present: Annotated[Count, doc("How many people were shown who were before cameras then")] = 0


@dataclass(frozen=True, slots=True)
class UpdateWatchRecord(Record):
    """The parts of the picture that a watch is limited to were changed."""

    OPERATION: ClassVar[str] = "update watch"

    watch: _Watch
    zones: Annotated[Count, doc("How many there are now; 0 is the whole picture")]


@dataclass(frozen=True, slots=True)
class TagWatchRecord(Record):
    """Tags of a watch were set or removed."""

    OPERATION: ClassVar[str] = "tag watch"

    watch: _Watch
    set: Annotated[Mapping[Label, Label], doc("Tags set, as the caller wrote them")]
    removed: Annotated[tuple[Label, ...], doc("Keys of the tags removed")]


@dataclass(frozen=True, slots=True)
class StartWatchRecord(Record):
    """Somebody had a camera watched from then on: its searches are that one's."""

    OPERATION: ClassVar[str] = "start watch"

    watch: _Watch


@dataclass(frozen=True, slots=True)
class StopWatchRecord(Record):
    """Somebody had the watching of a camera ended."""

    OPERATION: ClassVar[str] = "stop watch"

    watch: _Watch


@dataclass(frozen=True, slots=True)
class FailWatchRecord(Record):
    """A worker gave a watch up, which nobody watches until it is started again."""

    OPERATION: ClassVar[str] = "fail watch"

    watch: _Watch
    error: Annotated[Code, doc("What kind of error ended it")]


@dataclass(frozen=True, slots=True)
class DeleteWatchRecord(Record):
    """A watch was deleted; its events stay for as long as events are kept."""

    OPERATION: ClassVar[str] = "delete watch"

    watch: _Watch
