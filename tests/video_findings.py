"""What could have been found in a video, made up for tests of what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.geometry import Point
from reknown.biometrics.tracks import Effort, Observation, Shot, Track, VideoAnalysis, VideoInfo
from reknown.biometrics.words import Line, TextFrame, VideoReading, Word
from video_faces import face

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from reknown.biometrics.templates import TemplateSpace
    from reknown.biometrics.words import Outline

INFO = VideoInfo("h264", "QuickTime / MOV", 4000, 25.0, 640, 360, full_range=True)


def track(person: int, times_ms: Sequence[int], vectors: Sequence[NDArray[np.float32]]) -> Track:
    """A face at these times, with the template that shots with these unit vectors make."""
    seen = tuple(Observation(time_ms, face(0.3 + 0.1 * person)) for time_ms in times_ms)
    shots = tuple(Shot(times_ms[0], seen[0].face) for _ in vectors)
    return Track(person, seen, shots, np.mean(vectors, axis=0, dtype=np.float32))


def reading() -> VideoReading:
    """A sign that reads the same in two frames, and a word beside it that hardly can be read."""
    fire, way, far = (
        Word(text, sure, _outline(left))
        for text, sure, left in (("Fire", 0.98, 0.1), ("exit", 0.91, 0.3), ("B4", 0.4, 0.8))
    )
    frames = (
        TextFrame(0, (Line((fire, way)),)),
        TextFrame(500, (Line((fire, way)), Line((far,)))),
    )
    return VideoReading(INFO, "cd" * 32, "text", "ef" * 32, frames, (), 8)


def _outline(left: float) -> Outline:
    right = left + 0.1
    return Point(left, 0.2), Point(right, 0.2), Point(right, 0.3), Point(left, 0.3)


def analysis(space: TemplateSpace, *tracks: Track, warnings: tuple[str, ...] = ()) -> VideoAnalysis:
    """All of them in one video."""
    effort = Effort(100, 20, 4, {"decode": 0.1})
    return VideoAnalysis(INFO, "ab" * 32, space, tracks, warnings, effort)
