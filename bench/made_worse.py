"""Images made worse by known factors: light, turns, compression, size."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reknown.biometrics.faces import DetectedFace

Pixels: TypeAlias = NDArray[np.uint8]

_BACKGROUND = 127
# A head about a detector's box, which ends at the hair line: half as wide and half as tall.
_HALF_WIDTH, _HALF_HEIGHT = 0.68, 0.80


def darker(pixels: Pixels, factor: float) -> Pixels:
    """Light times `factor`, linear in the values of the file; above 1 it is clipped."""
    return np.asarray(np.clip(np.round(pixels * factor), 0, 255), np.uint8)


def gamma(pixels: Pixels, exponent: float) -> Pixels:
    """Values to a power: dark parts get darker, white stays."""
    return np.asarray(np.round(255 * (pixels / 255) ** exponent), np.uint8)


def dim_camera(pixels: Pixels, factor: float) -> Pixels:
    """Light times `factor` with the noise of a sensor, then a JPEG of quality 80."""
    noise = np.random.default_rng(1).normal(0, 3, pixels.shape)
    return jpeg(np.asarray(np.clip(np.round(pixels * factor + noise), 0, 255), np.uint8), 80)


def jpeg(pixels: Pixels, quality: int) -> Pixels:
    """Compressed and read again."""
    _, data = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[..., ::-1].copy()


def resized(pixels: Pixels, factor: float) -> Pixels:
    """Both sides times `factor`."""
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=method))


def blurred(pixels: Pixels, sigma: float) -> Pixels:
    """`sigma` in pixels."""
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), np.uint8)


def on_a_document(pixels: Pixels, width: float) -> Pixels:
    """So many pixels wide, soft, faded as under a foil, and a JPEG of quality 60."""
    small = blurred(resized(pixels, width / pixels.shape[1]), 0.8)
    return jpeg(np.asarray(np.round(50 + 0.6 * small), np.uint8), 60)


def rolled(pixels: Pixels, degrees: float) -> Pixels:
    """Turned in the plane about the middle, on a canvas that holds all of it."""
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = (round(width * cos + height * sin), round(width * sin + height * cos))
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    grey = (_BACKGROUND,) * 3
    return np.asarray(cv2.warpAffine(pixels, matrix, size, borderValue=grey), np.uint8)


def yawed(pixels: Pixels, face: DetectedFace, degrees: float) -> Pixels:
    """The head turned about its vertical axis, taken for an ellipsoid; the rest stays.

    A crude turn: a nose does not stand out, and what was hidden behind the cheek is made of its
    edge. It is easier than a real one.
    """
    height, width = pixels.shape[:2]
    left, top, right, bottom = face.box.pixels(width, height)
    x, y = (left + right) / 2, (top + bottom) / 2
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    down = (rows - y) / (_HALF_HEIGHT * (bottom - top))
    radius = _HALF_WIDTH * (right - left) * np.sqrt(np.maximum(1 - down**2, 0))
    across = np.divide(columns - x, radius, out=np.full_like(radius, 2), where=radius > 1)
    before = np.arcsin(np.clip(across, -1, 1)) - np.radians(degrees)
    moved = x + radius * np.sin(np.clip(before, -np.pi / 2, np.pi / 2))
    source = np.where(np.abs(across) <= 1, moved, columns).astype(np.float32)
    return np.asarray(cv2.remap(pixels, source, rows, cv2.INTER_LINEAR), np.uint8)


def dim_and_turned(pixels: Pixels, face: DetectedFace, degrees: float) -> Pixels:
    """A turn by so many degrees at a fifth of the light."""
    return darker(yawed(pixels, face, degrees), 0.2)


_PLAIN: Mapping[str, tuple[Callable[..., Pixels], tuple[float, ...]]] = {
    "light times": (darker, (0.5, 0.3, 0.2, 0.15, 0.1, 0.05, 1.5, 2.5)),
    "gamma": (gamma, (2, 3, 5)),
    "dim camera, light times": (dim_camera, (0.3, 0.15, 0.08)),
    "jpeg quality": (jpeg, (95, 75, 50, 30, 20, 10, 5)),
    "size times": (resized, (2, 1.5, 0.75, 0.5, 0.35, 0.25, 0.15)),
    "blur, pixels": (blurred, (1, 2, 3, 4)),
    "on a document, pixels wide": (on_a_document, (90, 120, 160, 220)),
    "turned in the plane, degrees": (rolled, (10, 20, 30, 45, 60, 90, 180)),
}
_OF_FACE: Mapping[str, tuple[Callable[..., Pixels], tuple[float, ...]]] = {
    "yaw, degrees": (yawed, (15, 30, 45, 60)),
    "yaw at a fifth of the light, degrees": (dim_and_turned, (30, 45, 60)),
}
# What leaves a face as it is for any viewer: a detector's confidence should stay there.
HARMLESS = (
    *(("size times", factor) for factor in (2.0, 1.5, 0.75, 0.5)),
    *(("jpeg quality", quality) for quality in (95.0, 75.0, 50.0)),
)
Maker: TypeAlias = "Callable[[Pixels, DetectedFace], Pixels]"


def makers() -> dict[tuple[str, float], Maker]:
    """Everything that is done to an image by what and how much, nothing first."""
    made: dict[tuple[str, float], Maker] = {("nothing", 0.0): lambda pixels, _: pixels}
    for what, (make, amounts) in _PLAIN.items():
        made |= {(what, float(amount)): partial(_plain, make, amount) for amount in amounts}
    for what, (make, amounts) in _OF_FACE.items():
        made |= {(what, float(amount)): partial(_turned, make, amount) for amount in amounts}
    return made


def _plain(make: Callable[..., Pixels], amount: float, pixels: Pixels, _: DetectedFace) -> Pixels:
    return make(pixels, amount)


def _turned(
    make: Callable[..., Pixels], amount: float, pixels: Pixels, face: DetectedFace
) -> Pixels:
    return make(pixels, face, amount)
