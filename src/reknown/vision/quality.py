"""How fit a face is for recognition, in the terms of ISO/IEC 29794-5.

The 0-100 mappings of luminance, inter-eye distance, head size and pose are those of OFIQ,
the standard's reference implementation. Sharpness and the unified score need networks
there that are not free to use; here both are measures of our own with the same names,
checked against recognition errors in docs/explanation/quality.md. The magnitude of a template,
which the standard does not have, says most of all: where there is one, light and sharpness no
longer count.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from reknown.biometrics.faces import FaceQuality, Pose, QualityMeasure
from reknown.vision.align import cut_chip

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIDE = 112
_REFERENCE = _SIDE * np.array(
    [(0.2773, 0.2714), (0.7228, 0.2712), (0.4911, 0.5156), (0.2941, 0.7502), (0.7061, 0.7502)]
)
# The chin lies 1.4 times as far below the eyes as the mouth on the mean face.
_CHIN_PER_MOUTH = 1.4
# Of SFace: where recognition begins to fail on LFW made worse (docs/explanation/quality.md).
_MAGNITUDE, _MAGNITUDE_WIDTH = 10.5, 1.0


def assess(pixels: NDArray[np.uint8], landmarks: NDArray[np.floating], pose: Pose) -> FaceQuality:
    """Quality of one face; `landmarks` (5, 2) in pixels of the RGB image."""
    grey = _grey(pixels, landmarks)
    eyes, mouth = landmarks[:2], landmarks[3:]
    eye_distance = float(np.linalg.norm(eyes[1] - eyes[0]))
    eye_distance /= max(float(np.cos(np.radians(pose.yaw))), 0.1)
    head = _CHIN_PER_MOUTH * float(np.linalg.norm(mouth.mean(axis=0) - eyes.mean(axis=0)))
    measures = {
        "sharpness": _measure(*_sharpness(grey)),
        "luminance_mean": _luminance(grey),
        "inter_eye_distance": _measure(eye_distance, 100 * _sigmoid(eye_distance, 70, 20)),
        "head_size": _measure(*_head_size(head / pixels.shape[0])),
        "yaw": _angle(pose.yaw),
        "pitch": _angle(pose.pitch),
        "roll": _angle(pose.roll),
    }
    return FaceQuality(unified_score=_unified(measures), **measures)


def luminance(pixels: NDArray[np.uint8], landmarks: NDArray[np.floating]) -> QualityMeasure:
    """How light one face is; `landmarks` (5, 2) in pixels of the RGB image."""
    return _luminance(_grey(pixels, landmarks))


def with_magnitude(quality: FaceQuality, magnitude: float | None) -> FaceQuality:
    """The quality as the face's template shows it, which counts twice as much as the pose.

    How light, sharp or large a face is has no part in it any more: the magnitude has seen all of
    that, and says better what it did to the template.
    """
    if magnitude is None:
        return quality
    score = 100 * _sigmoid(magnitude, _MAGNITUDE, _MAGNITUDE_WIDTH)
    turn = float(np.sqrt(max(quality.yaw.score, 1) * max(quality.pitch.score, 1)))
    unified = float(np.cbrt(max(score, 1.0) ** 2 * turn))
    return replace(
        quality, unified_score=_measure(unified, unified), magnitude=_measure(magnitude, score)
    )


def _sharpness(grey: NDArray[np.float32]) -> tuple[float, float]:
    """The share of the contrast that a light blur removes."""
    detail = grey - cv2.GaussianBlur(grey, (0, 0), 1.5)
    native = float(detail.std() / max(float(grey.std()), 0.02))
    return native, 100 * _sigmoid(native, 0.12, 0.03)


def _luminance(grey: NDArray[np.float32]) -> QualityMeasure:
    native = float(grey.mean())
    score = 100 * _sigmoid(native, 0.2, 0.05) * (1 - _sigmoid(native, 0.8, 0.05))
    return _measure(native, score)


def _grey(pixels: NDArray[np.uint8], landmarks: NDArray[np.floating]) -> NDArray[np.float32]:
    """The face upright, 0 to 1."""
    chip = cut_chip(pixels, landmarks, _REFERENCE, _SIDE)
    return np.asarray(cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY), np.float32) / np.float32(255)


def _head_size(native: float) -> tuple[float, float]:
    return native, 200 * (1 - _sigmoid(abs(native - 0.45), 0, 0.05))


def _angle(degrees: float) -> QualityMeasure:
    return _measure(degrees, 100 * max(0.0, float(np.cos(np.radians(degrees)))) ** 2)


def _unified(measures: dict[str, QualityMeasure]) -> QualityMeasure:
    """The weakest link of what recognition depends on; head size matters to portraits only."""
    links = ("sharpness", "luminance_mean", "inter_eye_distance", "yaw", "pitch")
    native = float(
        np.prod([max(measures[name].score, 1) / 100 for name in links]) ** (1 / len(links))
    )
    return _measure(100 * native, 100 * native)


def _measure(native: float, score: float) -> QualityMeasure:
    return QualityMeasure(native, round(min(max(score, 0.0), 100.0)))


def _sigmoid(x: float, centre: float, width: float) -> float:
    return float(1 / (1 + np.exp((centre - x) / width)))
