"""Records of what looks at images: detection, verification, identification, enrolment, text."""

# Not `from __future__ import annotations`: msgspec reads these types when it runs.
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, UnsetType

from reknown.ledger.records.parts import (
    AmongRecord,
    CandidateRecord,
    Count,
    FaceId,
    JobId,
    PackName,
    ProbeRecord,
    Record,
    Sha256,
    Similarity,
    SpaceRecord,
    SubjectId,
    ThresholdRecord,
    doc,
)


@dataclass(frozen=True, slots=True)
class IdentifyRecord(Record):
    """A search of a collection, one to many."""

    OPERATION: ClassVar[str] = "identify"

    probe: Annotated[ProbeRecord, doc("What was searched for")]
    space: Annotated[SpaceRecord, doc("The collection's template space")]
    threshold: Annotated[ThresholdRecord, doc("Where a score became a candidate")]
    searched: Annotated[
        Literal["subjects", "references", "users"],
        doc(
            "What each candidate stands for: a user or a face without one, a single face, or a user"
        ),
    ]
    gallery_size: Annotated[Count, doc("How many of those were searched")]
    references: Annotated[Count, doc("How many faces they have in all")]
    candidates: Annotated[
        tuple[tuple[CandidateRecord, ...], ...],
        doc("For each face of the probe, or each track of a video, the candidates, best first"),
    ]
    job: Annotated[JobId | None, doc("The video job that searched, if one did")] = None
    among: Annotated[
        AmongRecord | UnsetType,
        doc("What the search was limited to; not there where it was the whole collection"),
    ] = UNSET


@dataclass(frozen=True, slots=True)
class VerifyRecord(Record):
    """A comparison of two images, one to one."""

    OPERATION: ClassVar[str] = "verify"

    probe_sha256: Annotated[Sha256, doc("SHA-256 of the image whose largest face was compared")]
    reference_sha256: Annotated[Sha256, doc("SHA-256 of the image that it was compared with")]
    space: Annotated[SpaceRecord, doc("The template space of the scores")]
    threshold: Annotated[ThresholdRecord, doc("Where a score counted as a match")]
    compared: Annotated[Count, doc("How many faces of the reference image were compared")]
    accepted: Annotated[Count, doc("How many of them matched")]
    best_score: Annotated[float | None, doc("The highest score; null if nothing was compared")]
    best_similarity: Annotated[
        Similarity | None, doc("The highest score as a similarity, 0 to 100; null if unknown")
    ]


@dataclass(frozen=True, slots=True)
class DetectRecord(Record):
    """Faces were looked for and compared with nobody."""

    OPERATION: ClassVar[str] = "detect"

    sha256: Annotated[Sha256, doc("SHA-256 of the file")]
    kind: Annotated[Literal["image", "video"], doc("What the file is")]
    pack: Annotated[PackName, doc("Name of the model pack")]
    faces: Annotated[Count, doc("Faces found; in a video, tracks")]
    job: Annotated[JobId | None, doc("The video job that looked, if one did")] = None


@dataclass(frozen=True, slots=True)
class ReadTextRecord(Record):
    """Text was read; what it says is not kept."""

    OPERATION: ClassVar[str] = "read text"

    sha256: Annotated[Sha256, doc("SHA-256 of the file")]
    kind: Annotated[Literal["image", "video"], doc("What the file is")]
    pack: Annotated[PackName, doc("Name of the pack that read it")]
    model: Annotated[Sha256, doc("SHA-256 over its networks and settings")]
    words: Annotated[Count, doc("Words shown; in a video, of all frames together")]
    job: Annotated[JobId | None, doc("The video job that read, if one did")] = None


@dataclass(frozen=True, slots=True)
class WriteNamesRecord(Record):
    """Names of candidates were written beside a picture, for photo programs to show."""

    OPERATION: ClassVar[str] = "write names"

    image_sha256: Annotated[Sha256, doc("SHA-256 of the picture's file")]
    written: Annotated[
        tuple[CandidateRecord, ...], doc("The candidates whose names were written, one a face")
    ]
    replaced: Annotated[
        Count, doc("How many of them took the place of another name, which somebody asked for")
    ] = 0


@dataclass(frozen=True, slots=True)
class EnrolRecord(Record):
    """Faces of an image became references."""

    OPERATION: ClassVar[str] = "enrol"

    image_sha256: Annotated[Sha256, doc("SHA-256 of the image's file")]
    space: Annotated[SpaceRecord, doc("The collection's template space")]
    faces: Annotated[tuple[FaceId, ...], doc("The references of this image, new and known")]
    subject_id: Annotated[
        SubjectId | None, doc("The user that they were enrolled for, by its opaque id")
    ]
    refused: Annotated[Count, doc("Faces left out: beyond the limit, or not fit")] = 0
