"""A face as it was found in an image."""

from __future__ import annotations

# not for type checkers alone: messages between processes are checked against these types
from collections.abc import Mapping  # noqa: TC003
from dataclasses import dataclass, field

from reknown.biometrics.geometry import BoundingBox, Landmarks, Point  # noqa: TC001


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
class Judgement:
    """A yes or no; `confidence`, 0.5 to 1, is how often such an answer is right."""

    value: bool
    confidence: float


@dataclass(frozen=True, slots=True)
class Gaze:
    """Where the eyes look in degrees, 0 = into the camera, with the signs of a pose.

    `confidence`, 0 to 1, is how often such an answer is less than ten degrees off.
    """

    yaw: float
    pitch: float
    confidence: float


@dataclass(frozen=True, slots=True)
class FaceAttributes:
    """What a face does, as far as a pack measures it; None for what it does not measure.

    `points` are further landmarks by name, such as "left_pupil" and "chin", named from the
    subject's side. `classified` is what an operator's own classifiers answer: by attribute, such
    as "age_range", and label, such as "20-29", the probability that they give, 0 to 1.
    """

    eyes_open: Judgement | None = None
    mouth_open: Judgement | None = None
    smile: Judgement | None = None
    sunglasses: Judgement | None = None
    gaze: Gaze | None = None
    points: Mapping[str, Point] = field(default_factory=dict)
    classified: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DetectedFace:
    """A face in an image; `confidence` of the detector, 0 to 1.

    `attributes` is None unless they were asked for and there is what measures them.
    """

    box: BoundingBox
    landmarks: Landmarks
    confidence: float
    pose: Pose
    quality: FaceQuality
    attributes: FaceAttributes | None = None
