"""What is found in a video: tracks of faces, and who appears when.

Times are milliseconds from the video's first frame, as its timestamps say.
"""

from __future__ import annotations

# not for type checkers alone: messages between processes are checked against these types
import re
from collections.abc import Mapping  # noqa: TC003
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.faces import DetectedFace  # noqa: TC001

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reknown.biometrics.templates import TemplateSpace

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([+-][0-9:.]{5,15})?"
)


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """A video as its file describes it; sizes are of the upright image.

    `codec` such as "h264", `container` such as "QuickTime / MOV"; `frame_rate` is the average
    in frames a second; `full_range` says that luminance uses all of 0-255. `created` is when the
    file says that it was recorded, in ISO 8601; raises `ValueError` for anything else.
    """

    codec: str
    container: str
    duration_ms: int
    frame_rate: float
    width: int
    height: int
    full_range: bool
    created: str | None = None

    def __post_init__(self) -> None:
        if self.created is not None and not _MOMENT.fullmatch(self.created):
            raise ValueError("a video was recorded at some time of some day")


@dataclass(frozen=True, slots=True)
class Observation:
    """A face in one frame of the video."""

    time_ms: int
    face: DetectedFace


@dataclass(frozen=True, slots=True)
class Shot:
    """One of the best views of a track; `jpeg` is a cut-out of it, empty if none was asked for."""

    time_ms: int
    face: DetectedFace
    jpeg: bytes = b""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One face followed through a stretch of the video without a cut.

    `person` is equal for tracks of faces that resemble each other, counted from 0 in order of
    appearance. `observations` ascend in time; the first and the last are where the track
    begins and ends. `shots` are best first. `template` (dimension,) float32 is the mean of
    their unit vectors: its product with a reference is the mean of the shots' scores, so that
    thresholds measured on single images stay valid. It is shorter than 1 for that reason.
    """

    person: int
    observations: tuple[Observation, ...]
    shots: tuple[Shot, ...]
    template: NDArray[np.float32]

    @property
    def start_ms(self) -> int:
        """The time of the first frame that shows it."""
        return self.observations[0].time_ms

    @property
    def end_ms(self) -> int:
        """The time of the last frame that shows it."""
        return self.observations[-1].time_ms


@dataclass(frozen=True, slots=True)
class Effort:
    """What an analysis took: frames decoded, frames searched for faces, faces embedded.

    `seconds` by stage: they overlap where stages run at the same time.
    """

    frames: int
    searched: int
    embedded: int
    seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class VideoAnalysis:
    """All faces of a video.

    `sha256` is of the file's bytes. `tracks` ascend by start. `warnings` say what could not
    be read, in words for people.
    """

    info: VideoInfo
    sha256: str
    space: TemplateSpace
    tracks: tuple[Track, ...]
    warnings: tuple[str, ...]
    effort: Effort
