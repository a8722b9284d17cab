"""Faces made up for tests of what follows them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.faces import DetectedFace, FaceQuality, Pose, QualityMeasure
from reknown.biometrics.geometry import BoundingBox, Landmarks, Point
from reknown.video.decode import Frame
from reknown.video.sampling import SampledFrame

if TYPE_CHECKING:
    from numpy.typing import NDArray


def face(x: float = 0.5, y: float = 0.5, side: float = 0.2, quality: float = 60.0) -> DetectedFace:
    """A square face with its middle at x, y."""
    box = BoundingBox(x - side / 2, y - side / 2, side, side)
    places = ((-0.2, -0.15), (0.2, -0.15), (0.0, 0.05), (-0.15, 0.25), (0.15, 0.25))
    points = Landmarks(*(Point(x + dx * side, y + dy * side) for dx, dy in places))
    measures = dict.fromkeys(
        (
            "sharpness",
            "luminance_mean",
            "inter_eye_distance",
            "head_size",
            "yaw",
            "pitch",
            "roll",
        ),
        QualityMeasure(1.0, 100),
    )
    measures["inter_eye_distance"] = QualityMeasure(80.0, 60)
    unified = QualityMeasure(quality, round(quality))
    return DetectedFace(
        box, points, 0.999, Pose(0.0, 0.0, 0.0), FaceQuality(unified_score=unified, **measures)
    )


def turned_away() -> DetectedFace:
    """A face that no reference may have."""
    return replace(face(), pose=Pose(70.0, 0.0, 0.0))


def unit(number: int, size: int = 8) -> NDArray[np.float32]:
    """Looks that resemble no other's."""
    vector = np.zeros(size, np.float32)
    vector[number] = 1
    return vector


def frame(time_ms: int) -> Frame:
    """A frame that nobody looks at."""
    return Frame(time_ms, None, 0, Fraction(1))


def sampled(time_ms: int, *faces: DetectedFace, looks: tuple[int, ...] = ()) -> SampledFrame:
    """Faces in a frame; `looks` says which of them look alike."""
    numbers = looks or tuple(range(len(faces)))
    signatures = np.array([unit(number) for number in numbers], np.float32).reshape(-1, 8)
    return SampledFrame(frame(time_ms), faces, signatures)
