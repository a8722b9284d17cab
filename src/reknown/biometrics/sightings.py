"""Faces that were seen in images and videos, kept to be searched later; never their pixels."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from reknown.biometrics.geometry import BoundingBox


class MediumKind(Enum):
    """What a file is."""

    IMAGE = "image"
    VIDEO = "video"


class TimeSource(Enum):
    """What says when a medium was taken: its own metadata, its name, or the file's date."""

    METADATA = "metadata"
    NAME = "name"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Taken:
    """When a medium was taken, in the local time of where that was: `at` has no zone."""

    at: datetime
    source: TimeSource


@dataclass(frozen=True, slots=True)
class Medium:
    """An image or a video that faces were looked for in.

    `sha256` is of the file's bytes, `name` what it was called when it was read first. `problem`
    says why nothing could be seen in it, empty where that went well. `width` and `height` are of
    the upright image or frames in pixels, 0 where they are not known.
    """

    sha256: str
    kind: MediumKind
    name: str
    taken: Taken | None = None
    problem: str = ""
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """A face that was seen: once in an image, or as a track in a video.

    `sighting_id` is a random UUID. `box` is where the face was, in a video at `best_ms`; the
    three times are 0 in an image. `shots` says how many views the template is the mean of.
    `fit` says that the face is good enough to be enrolled: others resemble strangers more often.
    """

    sighting_id: str
    medium: Medium
    start_ms: int
    end_ms: int
    best_ms: int
    box: BoundingBox
    confidence: float
    quality: int
    fit: bool
    shots: int
    template: NDArray[np.float32]
