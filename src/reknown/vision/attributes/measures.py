"""A fitted mesh and its eyes -> numbers that tell what a face does.

What they are good for is measured in `bench/attributes.py` and told in
docs/explanation/attributes.md. The mesh itself does not see whether eyes are open: its lids hardly
move. The iris network's do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from reknown.vision.align import cut_chip

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from reknown.vision.attributes.head import Fit
    from reknown.vision.attributes.iris import Eye

    Doubles = NDArray[np.float64]

# Numbers of the eye's contour: lower lid, upper lid above it.
_LIDS = ((3, 11), (4, 12), (5, 13))
_OUTER, _INNER = 0, 8
# Numbers of the mesh: inner edges of the upper and the lower lip, and the mouth's corners.
_LIPS = ((13, 14), (82, 87), (312, 317))
_MOUTH = (61, 291)
_OUTER_CORNERS = (33, 263)
_LEAST_GAP = 0.01  # a hundredth of the distance of the eyes: below it lips touch
# Where shade is measured: rows and columns of a chip on which the outer corners of the eyes lie
# at these places.
_CHIP = 128
_CORNERS = np.array([(24.0, 48.0), (104.0, 48.0)])
_CHEEKS = (slice(60, 90), slice(30, 98))
_RIGHT_EYE, _LEFT_EYE = slice(28, 52), slice(76, 100)
_EYES, _BELOW = slice(42, 56), slice(52, 60)
_BLACK = 2.0


@dataclass(frozen=True, slots=True)
class GazeGeometry:
    """Where an eye turns, in units of the distance of the eyes.

    `radius` from there to the pupil; `inward`, `down` and `back` from the middle of the eye's
    corners to there.
    """

    radius: float
    inward: float
    down: float
    back: float


def measure(
    pixels: NDArray[np.uint8], mesh: Doubles, fit: Fit, eyes: tuple[Eye, Eye]
) -> Mapping[str, float]:
    """Every measure by name.

    `lid_gap`: how far the lids are apart as a share of the eye's width, mean of both eyes.
    `mouth_gap`: the logarithm of how far the lips are apart; `mouth_width`; `mouth_lift`, how
    far its corners lie above its middle: in distances of the eyes. `eye_shade` and
    `lower_shade`: the logarithm of how bright the eyes, and what is just below them, are against
    the cheeks.
    """
    eye_shade, lower_shade = _shades(pixels, mesh)
    face = fit.face
    gaps = [float(np.hypot(*(face[one] - face[other])[:2])) for one, other in _LIPS]
    corners = face[list(_MOUTH)]
    middle = face[list(_LIPS[0])].mean(axis=0)
    return {
        "lid_gap": (_lid_gap(eyes[0]) + _lid_gap(eyes[1])) / 2,
        "mouth_gap": float(np.log(np.mean(gaps) + _LEAST_GAP)),
        "mouth_width": float(np.linalg.norm(corners[1] - corners[0])),
        "mouth_lift": float(middle[1] - corners[:, 1].mean()),
        "eye_shade": eye_shade,
        "lower_shade": lower_shade,
    }


def gaze_direction(
    geometry: GazeGeometry, rotation: Doubles, scale: float, eyes: tuple[Eye, Eye]
) -> tuple[float, float]:
    """Yaw and pitch of the gaze as the camera sees it, degrees, mean of both eyes.

    The pupil lies on a ball that turns about a point fixed in the head.
    """
    seen = []
    for eye, side in zip(eyes, (1.0, -1.0), strict=True):
        middle = (eye.contour[_OUTER] + eye.contour[_INNER]) / 2
        offset = rotation @ np.array([side * geometry.inward, geometry.down, geometry.back])
        seen.append((eye.iris[0] - middle)[:2] / scale - offset[:2])
    x, y = np.clip(np.mean(seen, axis=0) / geometry.radius, -1, 1)
    pitch = np.arcsin(-y)
    yaw = np.arcsin(np.clip(x / max(float(np.cos(pitch)), 1e-6), -1, 1))
    return float(np.degrees(yaw)), float(np.degrees(pitch))


def _lid_gap(eye: Eye) -> float:
    points = eye.contour[:, :2]
    gaps = [np.hypot(*(points[low] - points[high])) for low, high in _LIDS]
    width = float(np.hypot(*(points[_INNER] - points[_OUTER])))
    return float(np.mean(gaps)) / max(width, 1e-9)


def _shades(pixels: NDArray[np.uint8], mesh: Doubles) -> tuple[float, float]:
    chip = cut_chip(pixels, mesh[list(_OUTER_CORNERS), :2], _CORNERS, _CHIP)
    grey = np.asarray(cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY), np.float64)
    cheeks = float(grey[_CHEEKS].mean()) + _BLACK
    strips = [
        (grey[rows, _RIGHT_EYE].mean() + grey[rows, _LEFT_EYE].mean()) / 2
        for rows in (_EYES, _BELOW)
    ]
    eyes, below = (float(np.log((strip + _BLACK) / cheeks)) for strip in strips)
    return eyes, below
