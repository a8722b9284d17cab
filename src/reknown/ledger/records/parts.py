"""What the ledger's records are made of.

No type here takes a person's name: subjects are opaque ids, files are digests. Only `Label`
and the patterns of access rights hold words that an operator has chosen.
"""

# Not `from __future__ import annotations`: msgspec reads these types when it runs.
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, UnsetType

from reknown.biometrics.templates import TemplateSpace
from reknown.biometrics.thresholds import Threshold

_UUID = r"\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z"
FILE_NAME = r"\A[0-9A-Za-z._-]{1,255}\Z"
WATCH_NAME = r"\A[A-Za-z0-9_.-]{1,128}\Z"
_DIGEST = r"\A[0-9a-f]{64}\Z"

FaceId = Annotated[str, Meta(pattern=_UUID, title="face id")]
SubjectId = Annotated[str, Meta(pattern=_UUID, title="subject id")]
TrackId = Annotated[str, Meta(pattern=_UUID, title="track id")]
SightingId = Annotated[str, Meta(pattern=_UUID, title="sighting id")]
RecordingId = Annotated[str, Meta(pattern=_UUID, title="recording id")]
JobId = Annotated[str, Meta(pattern=_DIGEST, title="job id")]
Sha256 = Annotated[str, Meta(pattern=_DIGEST, title="SHA-256")]
PublicKey = Annotated[
    str, Meta(pattern=r"\A[!-~]{1,255}\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{44}\Z", title="public key")
]
KeyId = Annotated[str, Meta(pattern=r"\ARK[A-Z2-7]{18}\Z", title="key id")]
PackName = Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9._-]{0,63}\Z", title="pack name")]
Code = Annotated[str, Meta(pattern=r"\A[A-Za-z][A-Za-z0-9]{0,99}\Z", title="code")]
Operation = Annotated[str, Meta(pattern=r"\A[a-z]+( [a-z]+){0,3}\Z", title="operation")]
WatchName = Annotated[str, Meta(pattern=WATCH_NAME, title="name of a watch")]
Purpose = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9-]{0,63}\Z", title="purpose")]
FileName = Annotated[str, Meta(pattern=FILE_NAME, title="file name")]
Label = Annotated[str, Meta(max_length=256, title="text")]
Pattern = Annotated[str, Meta(max_length=256, title="pattern")]
Count = Annotated[int, Meta(ge=0, title="integer from 0")]
Similarity = Annotated[float, Meta(ge=0, le=100, title="number, 0 to 100")]
Rate = Annotated[float, Meta(ge=0, le=1, title="number, 0 to 1")]
Moment = Annotated[datetime, Meta(tz=True, title="time, RFC 3339")]


def doc(text: str) -> Meta:
    """What a field means, for the generated reference."""
    return Meta(description=text)


@dataclass(frozen=True, slots=True)
class Record:
    """What was done: `OPERATION` names it, `VERSION` counts the changes of its fields.

    `LATER` are fields that older rows do not have, wherever they stand in the record, each with
    what it is there; whichever came first is the first of them.
    """

    OPERATION: ClassVar[str]
    LATER: ClassVar[Mapping[str, bool | None]] = {}
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class ManyFacesRecord:
    """Faces too many to be named, by what tells whether some in a file are these."""

    count: Annotated[Count, doc("How many")]
    first: Annotated[FaceId | None, doc("The first of them; null where there is none")]
    last: Annotated[FaceId | None, doc("The last of them; null where there is none")]
    sha256: Annotated[
        Sha256, doc("SHA-256 over their ids in this order, each followed by a line feed")
    ]


@dataclass(frozen=True, slots=True)
class AmongRecord:
    """What a search was limited to; null is no limit, and of several limits all held."""

    subject_ids: Annotated[
        tuple[SubjectId, ...] | None, doc("Only faces of these users, by their opaque ids")
    ] = None
    enrolled_since: Annotated[Moment | None, doc("Only faces enrolled from this time on")] = None
    enrolled_until: Annotated[Moment | None, doc("Only faces enrolled before this time")] = None
    faces: Annotated[
        ManyFacesRecord | None, doc("Only faces of a list, in the order of their ids")
    ] = None


@dataclass(frozen=True, slots=True)
class SpaceRecord:
    """The template space in which scores were made."""

    pack: Annotated[PackName, doc("Name of the model pack")]
    fingerprint: Annotated[
        Sha256, doc("SHA-256 over embedder, alignment, normalisation and dimension")
    ]

    @classmethod
    def of(cls, space: TemplateSpace) -> "SpaceRecord":
        """What the ledger keeps of a space."""
        return cls(space.pack, space.fingerprint)


@dataclass(frozen=True, slots=True)
class ThresholdRecord:
    """Where a score became a candidate."""

    score: Annotated[float, doc("Lowest score accepted, on the pack's own scale")]
    similarity: Annotated[
        Similarity | None, doc("The same as a similarity, 0 to 100; null for packs not calibrated")
    ]
    false_match_rate: Annotated[
        Rate | None,
        doc("Share of comparisons of two strangers that score as high; null if not calibrated"),
    ]

    @classmethod
    def of(cls, threshold: Threshold) -> "ThresholdRecord":
        """What the ledger keeps of a threshold."""
        return cls(threshold.score, threshold.similarity, threshold.false_match_rate)


@dataclass(frozen=True, slots=True)
class ProbeRecord:
    """What was searched for; one of the three ids is set, by `kind`."""

    kind: Annotated[
        Literal["image", "face", "user", "video", "view"],
        doc(
            "An image, a stored face, all faces of a user, the tracks of a video, or a view of a "
            "face before a camera"
        ),
    ]
    sha256: Annotated[
        Sha256 | None,
        doc(
            "SHA-256 of the file, for an image or a video; of the view's pixels, which are kept "
            "nowhere"
        ),
    ] = None
    face_id: Annotated[FaceId | None, doc("The stored face")] = None
    subject_id: Annotated[SubjectId | None, doc("The user, by its opaque id")] = None
    watch: Annotated[
        WatchName | UnsetType, doc("The watch whose camera showed the view; only there for a view")
    ] = UNSET


@dataclass(frozen=True, slots=True)
class CandidateRecord:
    """A reference that reached the threshold."""

    face_id: Annotated[FaceId, doc("The reference; where users were searched, the user's best")]
    subject_id: Annotated[SubjectId | None, doc("The user that it belongs to, by its opaque id")]
    score: Annotated[float, doc("Score on the pack's own scale")]
    similarity: Annotated[
        Similarity | None, doc("The score as a similarity, 0 to 100; null if not calibrated")
    ]


@dataclass(frozen=True, slots=True)
class TrackCandidateRecord:
    """A kept track that reached the threshold."""

    track_id: Annotated[TrackId, doc("The kept track")]
    score: Annotated[float, doc("Score on the pack's own scale")]
    similarity: Annotated[
        Similarity | None, doc("The score as a similarity, 0 to 100; null if not calibrated")
    ]


@dataclass(frozen=True, slots=True)
class SightingCandidateRecord:
    """A kept sighting that reached the threshold."""

    sighting_id: Annotated[SightingId, doc("The kept sighting")]
    score: Annotated[float, doc("Score on the pack's own scale")]
    similarity: Annotated[
        Similarity | None, doc("The score as a similarity, 0 to 100; null if not calibrated")
    ]


@dataclass(frozen=True, slots=True)
class QuotaRecord:
    """How much may be used in a period, in UTC."""

    measure: Annotated[
        Literal["operations", "images", "faces"],
        doc("Requests carried out, images looked at, or faces enrolled"),
    ]
    period: Annotated[Literal["month", "day"], doc("How long that is for")]
    most: Annotated[Count, doc("How many")]
