"""What a gallery holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from reknown.biometrics.geometry import BoundingBox
    from reknown.biometrics.policy import Policy, UnreadablePolicy
    from reknown.biometrics.templates import Template, TemplateSpace

_LONGEST_SHOWN = 60
# A server may hand them to a browser or a terminal: neither scripts nor markup nor controls, and no
# scheme but the web's. Without one there is no port, or `javascript:0` would be host and port.
_ADDRESS = re.compile(
    r"""(https?://[\w.-]+(:\d{1,5})?|[\w-]+(\.[\w-]+)+)([/?#][^\s<>"'\\\0\ud800-\udfff]*)?"""
)


@dataclass(frozen=True, slots=True)
class Collection:
    """A gallery of references in one template space; `policy` are its rules, None without any."""

    name: str
    space: TemplateSpace
    tags: Mapping[str, str]
    created_at: datetime
    faces: int
    users: int
    policy: Policy | UnreadablePolicy | None = None


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """The image that references came from; never its pixels.

    `sha256` is of the file's bytes, `name` what the caller calls it, sizes in pixels. `origin` is
    the folder of people's folders that it was enrolled from, if it was.
    """

    sha256: str
    name: str
    width: int
    height: int
    origin: str | None = None


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
    """A reference from elsewhere that keeps its `face.face_id`; `user` is its subject, if any.

    `profile` is what was told of that subject there.
    """

    image: ImageRecord
    face: NewFace
    user: str | None
    profile: Profile | None = None


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


class KnownGender(Enum):
    """How a subject is publicly known; told by the operator, never read from a face."""

    MALE = "male"
    FEMALE = "female"
    NONBINARY = "nonbinary"
    UNLISTED = "unlisted"


@dataclass(frozen=True, slots=True)
class Profile:
    """What the operator has told of a subject beside its name.

    `urls` say more about it: web addresses, with or without a scheme, of `LONGEST` characters
    in all. Raises `InputError` for others.
    """

    urls: tuple[str, ...] = ()
    known_gender: KnownGender | None = None

    LONGEST: ClassVar[int] = 2048

    def __post_init__(self) -> None:
        if sum(map(len, self.urls)) > self.LONGEST:
            raise InputError(f"the addresses of a person take {self.LONGEST} characters in all")
        for url in self.urls:
            if not (url.isprintable() and _ADDRESS.fullmatch(url)):
                shown = url if len(url) <= _LONGEST_SHOWN else url[:_LONGEST_SHOWN] + "..."
                raise InputError(f"{shown!r} is no web address such as www.example.org/ada")

    def __bool__(self) -> bool:
        """Whether it says anything."""
        return bool(self.urls) or self.known_gender is not None


@dataclass(frozen=True, slots=True)
class UserRecord:
    """A subject with its number of references; `subject_id` is random and never given twice."""

    name: str
    faces: int
    created_at: datetime
    subject_id: str
    profile: Profile = Profile()
