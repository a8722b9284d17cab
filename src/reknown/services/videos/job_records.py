"""What is kept of a video job: what was asked, and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import msgspec

from reknown.biometrics.faces import DetectedFace  # noqa: TC001
from reknown.biometrics.geometry import BoundingBox  # noqa: TC001
from reknown.biometrics.templates import TemplateSpace  # noqa: TC001
from reknown.biometrics.tracks import VideoInfo  # noqa: TC001
from reknown.biometrics.word_filter import WordFilter  # noqa: TC001
from reknown.biometrics.words import NumberedText  # noqa: TC001

# not for type checkers alone: what is read from the database is checked against these types
from reknown.structs import resolved

if TYPE_CHECKING:
    from reknown.jobs.queue import Job

BY_TIME, BY_PERSON, MATCHES, REFUSALS = "time", "person", "matches", "refusals"


class Task(Enum):
    """What to look for in a video."""

    FACES = "faces"
    SEARCH = "search"
    PERSONS = "persons"
    CELEBRITIES = "celebrities"
    TEXT = "text"

    @property
    def searches(self) -> bool:
        """Whether it compares what it sees with a collection."""
        return self in {Task.SEARCH, Task.CELEBRITIES}


@dataclass(frozen=True, slots=True)
class ObjectPlace:
    """A stored object; `version` None means the latest."""

    bucket: str
    key: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What was asked of a job.

    The video lies at `place`, or is the `upload` of that name, which people call as the key says.

    `similarity` is the threshold of a search, 0 to 100; `tag` is the caller's own word for the
    job; `topic` gets a notice when it ends. `request_id` is that of the network request that asked.
    With `attributes` it is measured what faces do.
    `words` are those wanted of a video whose text is read. `purpose` is what it was asked for,
    under which `approval`.
    """

    place: ObjectPlace
    similarity: float | None = None
    tag: str | None = None
    topic: str | None = None
    request_id: str | None = None
    words: WordFilter | None = None
    attributes: bool = False
    purpose: str | None = None
    approval: str | None = None
    upload: str | None = None


@dataclass(frozen=True, slots=True)
class SearchSummary:
    """What was searched: `references` faces, at which threshold, and what that costs.

    `gallery_size` is how many users have them, where users were searched.
    """

    space: TemplateSpace
    similarity: float
    false_match_rate: float | None
    references: int
    expected_false_candidates: float | None
    caution: str | None
    gallery_size: int | None = None


@dataclass(frozen=True, slots=True)
class JobInfo:
    """What is known of a video that has been analysed; `text_model` is what read its text."""

    video: VideoInfo
    search: SearchSummary | None = None
    text_model: str | None = None


@dataclass(frozen=True, slots=True)
class SeenFace:
    """A face at one moment; `track` is the number of its track's entry among the matches."""

    time_ms: int
    person: int
    track: int
    face: DetectedFace


@dataclass(frozen=True, slots=True)
class SeenText:
    """A line or a word at one moment; its number is its own within that moment."""

    time_ms: int
    found: NumberedText


@dataclass(frozen=True, slots=True)
class MatchedFace:
    """A reference that a track resembles, as it was stored when the video was searched.

    Names are not kept with it, as they may be deleted: `user` and `external_id` are those that are
    there when it is read. Earlier releases kept them, and the first one no subject id.
    """

    face_id: str
    image_sha256: str
    box: BoundingBox
    confidence: float
    similarity: float | None
    false_match_rate: float | None
    subject_id: str | None = None
    external_id: str | None = None
    user: str | None = None


def write(value: JobRequest | JobInfo) -> str:
    """As text for the database."""
    return msgspec.json.encode(value).decode()


def request_of(job: Job) -> JobRequest:
    """What was asked of this job."""
    return msgspec.json.decode(job.request, type=resolved(JobRequest))


def info(job: Job) -> JobInfo | None:
    """What is known of its video, None as long as that is nothing."""
    return None if job.info is None else msgspec.json.decode(job.info, type=resolved(JobInfo))
