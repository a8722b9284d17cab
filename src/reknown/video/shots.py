"""The best views of a face on its way through a video."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from reknown.biometrics.faces import DetectedFace
from reknown.biometrics.geometry import BoundingBox, Landmarks, Point
from reknown.biometrics.tracks import Shot
from reknown.vision.align import cut_chip
from reknown.vision.analyze import Look

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from reknown.vision.analyze import Engine

# A cut-out shows twice the face's box, as far as the image goes.
_SURROUNDINGS = 2.0
_MAX_SIDE = 320
_MIN_OVERLAP = 0.3
_JPEG_SIDE = 160
_JPEG_QUALITY = 85
_SIGNATURE_SIDE = 24
_SIGNATURE_POINTS = _SIGNATURE_SIDE * np.array(
    [(0.3, 0.35), (0.7, 0.35), (0.5, 0.58), (0.34, 0.8), (0.66, 0.8)]
)


@dataclass(frozen=True, slots=True, eq=False)
class CutOut:
    """Part of a frame around a face; `place` is the part, in ratios of the frame."""

    time_ms: int
    face: DetectedFace
    pixels: NDArray[np.uint8]
    place: BoundingBox

    @property
    def score(self) -> float:
        """How fit the face looked when the frame was searched, 0 to 100."""
        return self.face.quality.unified_score.native


@dataclass(frozen=True, slots=True, eq=False)
class SeenShot:
    """A shot with its unit vector (dimension,)."""

    shot: Shot
    vector: NDArray[np.float32]

    @property
    def score(self) -> float:
        """Unified quality score, 0 to 100."""
        return self.shot.face.quality.unified_score.native


def sign(pixels: NDArray[np.uint8], faces: Sequence[DetectedFace]) -> NDArray[np.float32]:
    """What each face looks like, as unit vectors (n, 576): coarse, upright, without its light.

    Enough to tell in no time that a face is not the one that was there just before.
    """
    height, width = pixels.shape[:2]
    size = np.array([width, height])
    signatures = np.zeros((len(faces), _SIGNATURE_SIDE**2), np.float32)
    for number, face in enumerate(faces):
        landmarks = np.array([(point.x, point.y) for point in face.landmarks.points()]) * size
        chip = cut_chip(pixels, landmarks, _SIGNATURE_POINTS, _SIGNATURE_SIDE)
        grey = np.asarray(cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY), np.float32).ravel()
        contrast = grey - grey.mean()
        signatures[number] = contrast / max(float(np.linalg.norm(contrast)), 1.0)
    return signatures


def cut_out(pixels: NDArray[np.uint8], face: DetectedFace, time_ms: int) -> CutOut:
    """The surroundings of a face in an RGB frame."""
    height, width = pixels.shape[:2]
    left, top, right, bottom = face.box.pixels(width, height)
    side = max(right - left, bottom - top) * _SURROUNDINGS
    x, y = (left + right) / 2, (top + bottom) / 2
    x0, x1 = (int(np.clip(x + s * side / 2, 0, width)) for s in (-1, 1))
    y0, y1 = (int(np.clip(y + s * side / 2, 0, height)) for s in (-1, 1))
    x1, y1 = max(x1, x0 + 1), max(y1, y0 + 1)
    part = pixels[min(y0, height - 1) : y1, min(x0, width - 1) : x1]
    shrink = _MAX_SIDE / max(part.shape[:2])
    if shrink < 1:
        part = np.asarray(
            cv2.resize(part, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.uint8
        )
    place = BoundingBox(x0 / width, y0 / height, (x1 - x0) / width, (y1 - y0) / height)
    return CutOut(time_ms, face, np.array(part), place)


def take_shot(engine: Engine, part: CutOut, *, with_jpeg: bool) -> SeenShot:
    """Looks at the cut-out in full size and makes a template of it.

    Landmarks of the frame that was scaled down for the search are coarse: the face is searched
    for once more in the cut-out, and taken as it was where it is not found again.
    """
    expected = _moved(part.face, part.place, inward=True)
    found = max(
        engine.detect(part.pixels, Look.POSE),
        key=lambda face: face.box.overlap(expected.box),
        default=expected,
    )
    face = found if found.box.overlap(expected.box) >= _MIN_OVERLAP else expected
    ((face, template),) = engine.extract(part.pixels, [face])
    jpeg = _jpeg(part.pixels) if with_jpeg else b""
    shot = Shot(part.time_ms, _moved(face, part.place, inward=False), jpeg)
    return SeenShot(shot, template.vector)


def _moved(face: DetectedFace, place: BoundingBox, *, inward: bool) -> DetectedFace:
    """The face in ratios of `place` instead of the frame's, or the other way round."""

    def move(x: float, y: float) -> Point:
        if inward:
            return Point((x - place.left) / place.width, (y - place.top) / place.height)
        return Point(place.left + x * place.width, place.top + y * place.height)

    box = face.box
    corner, far = move(box.left, box.top), move(box.left + box.width, box.top + box.height)
    moved = BoundingBox(corner.x, corner.y, far.x - corner.x, far.y - corner.y)
    points = Landmarks(*(move(point.x, point.y) for point in face.landmarks.points()))
    return DetectedFace(moved, points, face.confidence, face.pose, face.quality)


def _jpeg(pixels: NDArray[np.uint8]) -> bytes:
    image = Image.fromarray(pixels)
    image.thumbnail((_JPEG_SIDE, _JPEG_SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_JPEG_QUALITY)
    return buffer.getvalue()
