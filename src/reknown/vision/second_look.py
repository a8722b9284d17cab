"""Finding the faces of an image, with further looks where the first finds none.

One is at a copy with its contrast stretched: an image in bad light, or faded, may use a small part
of what its values could show. One is at copies turned by a quarter, a half and three quarters:
scans lie on their side, and nothing in the file says so. One is at a copy with a grey margin, in
which faces cut by the edge have a place. An image with faces is never touched, and what a further
look finds has to be sure: noise stretches as well as faces do. Measured in
docs/explanation/quality.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from reknown.vision.analyze import Look
from reknown.vision.handling import SecondLook
from reknown.vision.places import ImagePart, turned_back
from reknown.vision.quality import luminance
from reknown.vision.tiles import LARGE, detect_in_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from reknown.biometrics.faces import DetectedFace
    from reknown.vision.analyze import Engine

# The darkest and the lightest hundredth may be anything: a lamp, a frame.
_TAIL = 1.0
_LEAST_GAIN = 1.5
_MARGIN = 0.25
_SHOWN = 0.5
_SMALL = 640
_OUTDONE = 0.02
_GREY = (128, 128, 128)


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """The `faces` found, largest first, and the `pixels` that templates are to be made of.

    `stretched` says that these are not the image's own: the first look found nothing. Qualities
    are of these pixels, but for the light, which is that of the image. By `turned` degrees against
    the clock, 90, 180 or 270, the image had to be turned for its faces to be found; `margin` says
    that they were found with a margin around it. Places are those of the image, always.
    """

    pixels: NDArray[np.uint8]
    faces: tuple[DetectedFace, ...]
    stretched: bool = False
    turned: int = 0
    margin: bool = False


def look(
    engine: Engine,
    pixels: NDArray[np.uint8],
    closely: Look = Look.GLANCE,
    largest: int | None = None,
    looks: Sequence[SecondLook] = (SecondLook.STRETCHED,),
) -> Sight:
    """The `largest` faces of an RGB image (height, width, 3), looked at as `closely` as told.

    The further `looks` are tried in their order until one finds something.
    """
    if max(pixels.shape[:2]) >= LARGE:
        sight = Sight(pixels, detect_in_parts(engine, pixels, closely, largest))
    else:
        sight = Sight(pixels, engine.detect(pixels, closely, largest))
    for further in looks:
        doubtful = further is SecondLook.TURNED and _best(sight.faces) < engine.detector.upright
        if doubtful or not sight.faces:
            sight = _LOOKS[further](engine, sight, closely, largest)
    if not sight.stretched:
        return sight
    return replace(sight, faces=tuple(_in_its_light(pixels, face) for face in sight.faces))


def _stretched(engine: Engine, sight: Sight, closely: Look, largest: int | None) -> Sight:
    better = stretched(sight.pixels)
    if better is None:
        return sight
    return replace(
        sight, pixels=better, faces=_sure(engine, better, closely, largest), stretched=True
    )


def _turned(engine: Engine, sight: Sight, closely: Look, largest: int | None) -> Sight:
    """The turn that shows the most, each face counted by how sure the detector is of it.

    A small copy tells which it is. What has been found as the image stands has to be outdone.
    """
    small = _small(sight.pixels)
    found = {turns: _sure(engine, _turn(small, turns), Look.GLANCE) for turns in (1, 2, 3)}
    best = max(found, key=lambda turns: _sum(found[turns]))
    if _sum(found[best]) == 0:
        return sight
    faces = _sure(engine, _turn(sight.pixels, best), closely, largest)
    if _sum(faces) <= _sum(sight.faces) or _best(faces) < _best(sight.faces) + _OUTDONE:
        return sight
    return replace(sight, faces=tuple(turned_back(face, best) for face in faces), turned=90 * best)


def _with_margin(engine: Engine, sight: Sight, closely: Look, largest: int | None) -> Sight:
    height, width = sight.pixels.shape[:2]
    x, y = round(_MARGIN * width), round(_MARGIN * height)
    window = ImagePart(-x, -y, width + x, height + y, width, height)
    framed = cv2.copyMakeBorder(sight.pixels, y, y, x, x, cv2.BORDER_CONSTANT, value=_GREY)
    faces = map(window.in_image, _sure(engine, np.asarray(framed, np.uint8), closely, largest))
    shown = tuple(face for face in faces if _is_shown(face))
    return replace(sight, faces=shown, margin=bool(shown))


_LOOKS: dict[SecondLook, Callable[[Engine, Sight, Look, int | None], Sight]] = {
    SecondLook.STRETCHED: _stretched,
    SecondLook.TURNED: _turned,
    SecondLook.MARGIN: _with_margin,
}


def _turn(pixels: NDArray[np.uint8], turns: int) -> NDArray[np.uint8]:
    return np.ascontiguousarray(np.rot90(pixels, turns))


def _small(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    shrink = _SMALL / max(height, width)
    if shrink >= 1:
        return pixels
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _sum(faces: Sequence[DetectedFace]) -> float:
    return sum(face.confidence for face in faces)


def _best(faces: Sequence[DetectedFace]) -> float:
    return max((face.confidence for face in faces), default=0.0)


def _sure(
    engine: Engine, pixels: NDArray[np.uint8], closely: Look, largest: int | None = None
) -> tuple[DetectedFace, ...]:
    sure = engine.detector.sure
    return tuple(f for f in engine.detect(pixels, closely, largest) if f.confidence >= sure)


def _is_shown(face: DetectedFace) -> bool:
    """Whether so much of it is in the image that it is a face of the image."""
    return face.box.area >= _SHOWN * face.box.width * face.box.height


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
