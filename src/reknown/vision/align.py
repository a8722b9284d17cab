"""Faces -> chips: cut-outs in which the landmarks lie where the network expects them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SHRINK_BELOW = 0.5
_COLLAPSED = 1e-6
# A face ten thousand times the chip: landmarks that are none.
_SMALLEST_SCALE = 1e-4


def similarity_transform(
    source: NDArray[np.floating], target: NDArray[np.floating]
) -> NDArray[np.float64]:
    """The rotation, scale and shift (2, 3) that takes `source` (k, 2) nearest to `target`.

    Least squares without reflection (Umeyama, IEEE PAMI 13, 1991; in the plane the closed
    form needs no decomposition).
    """
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    s, t = source - source_mean, target - target_mean
    spread = max(float((s * s).sum()), _COLLAPSED)
    a = float((s * t).sum()) / spread
    b = float((s[:, 0] * t[:, 1] - s[:, 1] * t[:, 0]).sum()) / spread
    rotation = np.array([[a, -b], [b, a]])
    return np.column_stack([rotation, target_mean - rotation @ source_mean])


def cut_chip(
    pixels: NDArray[np.uint8],
    landmarks: NDArray[np.floating],
    reference: NDArray[np.floating],
    side: int,
) -> NDArray[np.uint8]:
    """The chip, uint8 RGB (side, side, 3); what lies outside the image is black.

    `landmarks` (5, 2) in pixels of the image, `reference` (5, 2) in pixels of the chip.
    """
    transform = similarity_transform(landmarks, reference)
    scale = float(np.hypot(transform[0, 0], transform[1, 0]))
    if _SMALLEST_SCALE < scale < _SHRINK_BELOW:
        pixels, transform = _shrunk(pixels, transform, side, scale)
    chip = cv2.warpAffine(pixels, transform, (side, side), flags=cv2.INTER_LINEAR)
    return np.asarray(chip, np.uint8)


def _shrunk(
    pixels: NDArray[np.uint8], transform: NDArray[np.float64], side: int, scale: float
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The face's surroundings averaged down first: bilinear sampling alone would alias."""
    inverse = np.asarray(cv2.invertAffineTransform(transform), np.float64)
    corners = (
        np.array([[0, 0], [side, 0], [0, side], [side, side]]) @ inverse[:, :2].T + inverse[:, 2]
    )
    height, width = pixels.shape[:2]
    left, top = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, [width - 1, height - 1])
    right, bottom = np.clip(
        np.ceil(corners.max(axis=0)).astype(int), [left + 1, top + 1], [width, height]
    )
    region = pixels[top:bottom, left:right]
    size = (max(1, round(region.shape[1] * scale)), max(1, round(region.shape[0] * scale)))
    small = cv2.resize(region, size, interpolation=cv2.INTER_AREA)
    factor = np.array([region.shape[1] / size[0], region.shape[0] / size[1]])
    moved = np.array(transform)
    moved[:, 2] = transform[:, :2] @ (factor / 2 - 0.5 + [left, top]) + transform[:, 2]
    moved[:, :2] = transform[:, :2] * factor
    return np.asarray(small, np.uint8), moved
