"""What happens before a camera: people come, are seen and leave, and the camera itself changes."""

from __future__ import annotations

# not for type checkers alone: what is stored is checked against these types
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003
from enum import Enum

from reknown.biometrics.faces import DetectedFace  # noqa: TC001
from reknown.biometrics.geometry import BoundingBox  # noqa: TC001


class LiveEventKind(Enum):
    """What happened: to somebody before the camera, or to the camera."""

    ARRIVED = "arrived"
    SEEN = "seen"
    LEFT = "left"
    CAMERA = "camera"


@dataclass(frozen=True, slots=True)
class LiveCandidate:
    """A subject who resembles the person, by opaque ids alone, as in the ledger.

    `face_id` is the reference that scored best; `subject_id` is None where it is no user's.
    """

    rank: int
    face_id: str
    subject_id: str | None
    score: float
    similarity: float | None
    false_match_rate: float | None


@dataclass(frozen=True, slots=True)
class Fragment:
    """That of a Kinesis video stream which a frame is in, so many seconds from its beginning.

    Both times are those of the fragment, in seconds since 1970: when Kinesis got it, and when it
    was filmed by the clock there, which may count from another moment.
    """

    number: str
    server_timestamp: float
    producer_timestamp: float
    offset_seconds: float


@dataclass(frozen=True, slots=True)
class LiveView:
    """The best view of a person so far: where, of what quality (0 to 100), at which stream time.

    Of a Kinesis video stream it has the `fragment`, where that is known.
    """

    box: BoundingBox
    quality: int
    time_ms: int
    fragment: Fragment | None = None


@dataclass(frozen=True, slots=True)
class LiveCounts:
    """What a watch has come to since its worker took it.

    `frames` were handed out by the camera, `looked` of them searched for faces, `passed_over` were
    never handed out; `faces` is how many there were in those that were looked at. `lag_seconds` is
    how old the last frame was when its events were stored. Connecting to the camera again
    was tried `reconnects` times. How the `camera` is has the name of a state; None before it said.
    """

    frames: int = 0
    looked: int = 0
    passed_over: int = 0
    faces: int = 0
    searches: int = 0
    events: int = 0
    reconnects: int = 0
    lag_seconds: float = 0.0
    camera: str | None = None


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """Where a watch has its records put, in its words, and what it calls its camera there."""

    output: str
    camera: str
    kms_key: str | None = None


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """Something that happened before the camera of a watch; no name, no picture, no template.

    `sequence` counts the events of the whole database from 1 and is 0 until it is stored. `time_ms`
    is by the stream's own clock, `at` by the wall's. `visit` is the same for all events of one
    appearance of one person, who was there from `since` to `until` so far. No candidates: a
    stranger. `search` is the number of the search in the ledger; `lists` are the alert lists that
    it is for. `face` is that of the view, with all that was measured of it. Who has left for
    another reason than being out of sight has a `reason`. Of a camera there are `state` and
    `reason` instead, and `visit` is empty. `session` is that of the stored watch, from one start to
    the next. Its record, if there is one, goes to the place `records`.
    """

    watch: str
    collection: str
    kind: LiveEventKind
    at: datetime
    time_ms: int
    visit: str = ""
    candidates: tuple[LiveCandidate, ...] = ()
    view: LiveView | None = None
    since: datetime | None = None
    until: datetime | None = None
    search: int | None = None
    lists: tuple[str, ...] = ()
    state: str | None = None
    reason: str | None = None
    face: DetectedFace | None = None
    session: str | None = None
    records: RecordPlace | None = None
    sequence: int = 0
