"""What a gallery holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from reknown.biometrics.geometry import BoundingBox
    from reknown.biometrics.templates import Template, TemplateSpace


@dataclass(frozen=True, slots=True)
class Collection:
    """A gallery of references in one template space."""

    name: str
    space: TemplateSpace
    tags: Mapping[str, str]
    created_at: datetime
    faces: int
    users: int


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """The image that references came from; never its pixels.

    `sha256` is of the file's bytes, `name` what the caller calls it, sizes in pixels.
    """

    sha256: str
    name: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class NewFace:
    """A reference about to be stored; `quality` is the unified score, 0 to 100.

    `face_id` is None for a new one, which gets an id of its own.
    """

    template: Template
    box: BoundingBox
    confidence: float
    quality: int
    external_id: str | None = None
    face_id: str | None = None


@dataclass(frozen=True, slots=True)
class MovedFace:
    """A reference from elsewhere that keeps its `face.face_id`; `user` is its subject, if any."""

    image: ImageRecord
    face: NewFace
    user: str | None


@dataclass(frozen=True, slots=True)
class FaceRecord:
    """A stored reference; `user` is the subject that it belongs to, if any.

    `quality` is the unified score, 0 to 100, `magnitude` as in `Template`, `subject_id` the
    opaque id of `user`.
    """

    face_id: str
    image: ImageRecord
    box: BoundingBox
    confidence: float
    quality: int
    magnitude: float | None
    external_id: str | None
    user: str | None
    created_at: datetime
    subject_id: str | None = None


@dataclass(frozen=True, slots=True)
class UserRecord:
    """A subject with its number of references; `subject_id` is random and never given twice."""

    name: str
    faces: int
    created_at: datetime
    subject_id: str
