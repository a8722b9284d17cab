"""A face as it was found in an image."""

from __future__ import annotations

from dataclasses import dataclass

# not for type checkers alone: messages between processes are checked against these types
from reknown.biometrics.geometry import BoundingBox, Landmarks  # noqa: TC001


@dataclass(frozen=True, slots=True)
class Pose:
    """Head rotation in degrees, 0 = looking into the camera.

    Positive yaw: the head turns towards the subject's left (the right side of the image);
    positive pitch: it looks up; positive roll: it leans clockwise as seen in the image.
    """

    yaw: float
    pitch: float
    roll: float


@dataclass(frozen=True, slots=True)
class QualityMeasure:
    """One measure: the physical value and its quality score, 0 (bad) to 100 (good)."""

    native: float
    score: int


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """Quality components with the names of ISO/IEC 29794-5 and its 0-100 scale.

    Native values: `unified_score` 0-100; `sharpness` and `luminance_mean` 0-1;
    `inter_eye_distance` pixels, corrected for yaw; `head_size` head height as a share of the
    image's height; `yaw`, `pitch`, `roll` degrees; `magnitude` that of the face's template,
    None before there is one and with packs whose magnitudes say nothing.
    """

    unified_score: QualityMeasure
    sharpness: QualityMeasure
    luminance_mean: QualityMeasure
    inter_eye_distance: QualityMeasure
    head_size: QualityMeasure
    yaw: QualityMeasure
    pitch: QualityMeasure
    roll: QualityMeasure
    magnitude: QualityMeasure | None = None


@dataclass(frozen=True, slots=True)
class DetectedFace:
    """A face in an image; `confidence` of the detector, 0 to 1."""

    box: BoundingBox
    landmarks: Landmarks
    confidence: float
    pose: Pose
    quality: FaceQuality
