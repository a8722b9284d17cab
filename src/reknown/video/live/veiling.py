"""Frames in which nobody can be told but who is known: for whoever looks, and for films.

Faces that no detector found are in the mosaic like all else. Nothing is hidden afterwards: of a
frame only a few colours are taken, and what lies in the boxes of known faces.
"""

from __future__ import annotations

from math import ceil, floor
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from reknown.biometrics.geometry import BoundingBox

# A face as high as the frame takes up eight by six cells: too few to tell whose (decision 67).
_CELLS = 8
# Who moves over an edge of two cells would be drawn, line by line, by how their colours change.
_SHADES = 16
# Rows that the means are of, at least: all of them would take ten times as long.
_SAMPLED = 180
_KNOWN_SIZE = 1.3
_OTHER_SIZE = 1.6
_HIDDEN = 128


def veil(
    pixels: NDArray[np.uint8], known: Sequence[BoundingBox], others: Sequence[BoundingBox]
) -> NDArray[np.uint8]:
    """A new frame (height, width, 3), RGB: a coarse mosaic in which `known` faces alone are clear.

    Where one of the `others` is near, it is hidden all the same.
    """
    height, width = pixels.shape[:2]
    made = _mosaic(pixels)
    for box in known:
        part = _part(box.scaled(_KNOWN_SIZE), width, height)
        made[part] = pixels[part]
    for box in others:
        made[_part(box.scaled(_OTHER_SIZE), width, height)] = _HIDDEN
    return made


def _mosaic(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The means of large cells, of few shades: a face that fills the frame is 48 of them."""
    height, width = pixels.shape[:2]
    cell = max(min(width, height) / _CELLS, 1)
    grid = max(1, round(width / cell)), max(1, round(height / cell))
    every = max(min(width, height) // _SAMPLED, 1)
    means = cv2.resize(pixels[::every, ::every], grid, interpolation=cv2.INTER_AREA)
    step = 256 // _SHADES
    shades = means // step * step + step // 2
    return np.asarray(cv2.resize(shades, (width, height), interpolation=cv2.INTER_NEAREST))


def _part(box: BoundingBox, width: int, height: int) -> tuple[slice, slice]:
    """All pixels of the frame that the box touches."""
    left, right = box.left * width, (box.left + box.width) * width
    top, bottom = box.top * height, (box.top + box.height) * height
    rows = slice(max(floor(top), 0), max(ceil(bottom), 0))
    return rows, slice(max(floor(left), 0), max(ceil(right), 0))
