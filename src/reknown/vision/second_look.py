"""Finding the faces of an image, with a second look where the first finds none.

An image in bad light, or faded, may use a small part of what its values could show. Where no face
is found in one, its contrast is stretched and it is looked at again. Its faces' templates are made
of the stretched copy too, which resemble their mates more. An image with faces is never touched,
and what a second look finds has to be sure: noise stretches as well as faces do. Measured in
docs/explanation/quality.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from reknown.vision.analyze import Look
from reknown.vision.quality import luminance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.biometrics.faces import DetectedFace
    from reknown.vision.analyze import Engine

# The darkest and the lightest hundredth may be anything: a lamp, a frame.
_TAIL = 1.0
_LEAST_GAIN = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """The `faces` found, largest first, and the `pixels` that templates are to be made of.

    `stretched` says that these are not the image's own: the first look found nothing. Qualities
    are of these pixels, but for the light, which is that of the image.
    """

    pixels: NDArray[np.uint8]
    faces: tuple[DetectedFace, ...]
    stretched: bool = False


def look(
    engine: Engine,
    pixels: NDArray[np.uint8],
    closely: Look = Look.GLANCE,
    largest: int | None = None,
) -> Sight:
    """The `largest` faces of an RGB image (height, width, 3), looked at as `closely` as told."""
    faces = engine.detect(pixels, closely, largest)
    if faces or (better := stretched(pixels)) is None:
        return Sight(pixels, faces)
    sure = engine.detector.sure
    found = (f for f in engine.detect(better, closely, largest) if f.confidence >= sure)
    return Sight(better, tuple(_in_its_light(pixels, face) for face in found), stretched=True)


def stretched(pixels: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """The image with its contrast stretched, colours kept; None where there is little to gain."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    counts = np.bincount(grey.ravel(), minlength=256).cumsum()
    low, high = np.searchsorted(counts, counts[-1] * np.array([_TAIL, 100 - _TAIL]) / 100)
    if high <= low or (gain := 255 / float(high - low)) < _LEAST_GAIN:
        return None
    values = (np.arange(256) - float(low)) * gain
    return np.asarray(cv2.LUT(pixels, np.clip(values.round(), 0, 255).astype(np.uint8)), np.uint8)


def _in_its_light(pixels: NDArray[np.uint8], face: DetectedFace) -> DetectedFace:
    height, width = pixels.shape[:2]
    points = [(point.x * width, point.y * height) for point in face.landmarks.points()]
    measured = luminance(pixels, np.array(points, np.float32))
    return replace(face, quality=replace(face.quality, luminance_mean=measured))
