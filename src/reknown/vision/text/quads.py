"""Quadrilaterals around text, in pixels, and the upright strips that are cut out along them.

A quad is float32 (4, 2): its corners x, y as the text reads, from the top left to the right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Quad = NDArray[np.float32]

# From this ratio of sides on, text runs along the longer one.
LONG = 1.5
# Large text is first cut out at this many times the height wanted, then averaged.
_FINER = 4


def as_read(quad: Quad) -> Quad:
    """The same rectangle, its corners clockwise from where upright text in it would begin.

    Along the longer side where that is clear, upwards where that stands upright.
    """
    width, height = sides(quad)
    if width < height * LONG and height < width * LONG:
        turns = range(4)
    else:
        turns = range(0, 4, 2) if width >= height else range(1, 4, 2)
    return max((turned(quad, turn) for turn in turns), key=_rightward)


def turned(quad: Quad, quarters: int) -> Quad:
    """Read with its beginning so many corners further, clockwise."""
    return np.roll(quad, -quarters, axis=0)


def sides(quad: Quad) -> tuple[float, float]:
    """Width and height along the text."""
    along, down = quad[1] - quad[0], quad[3] - quad[0]
    return float(np.hypot(*along)), float(np.hypot(*down))


def strip(pixels: Pixels, quad: Quad, height: int, widest: int) -> Pixels:
    """What the quad shows of the image, upright, `height` high and `widest` wide at most.

    Text too long for that is squeezed.
    """
    across, down = sides(quad)
    width = min(max(1, round(height * across / max(down, 1.0))), widest)
    finer = min(max(down / height, 1.0), _FINER)
    size = (max(1, round(width * finer)), max(1, round(height * finer)))
    target = np.array([[0, 0], [size[0], 0], [*size], [0, size[1]]], np.float32)
    transform = cv2.getPerspectiveTransform(np.ascontiguousarray(quad), target)
    cut = cv2.warpPerspective(pixels, transform, size, borderMode=cv2.BORDER_REPLICATE)
    if finer > 1:
        cut = cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(cut, np.uint8)


def part_of(quad: Quad, begin: float, end: float) -> Quad:
    """The part between two shares (0 to 1) of its width."""
    upper, lower = quad[1] - quad[0], quad[2] - quad[3]
    corners = [quad[0] + begin * upper, quad[0] + end * upper,
               quad[3] + end * lower, quad[3] + begin * lower]  # fmt: skip
    return np.asarray(corners, np.float32)


def in_reading_order(quads: list[Quad]) -> list[int]:
    """The numbers of the quads by rows from the top, and from the left in each row."""
    boxes = [(quad.min(axis=0), quad.max(axis=0)) for quad in quads]
    by_height = sorted(range(len(quads)), key=lambda n: float(boxes[n][0][1] + boxes[n][1][1]))
    rows: list[list[int]] = []
    for number in by_height:
        (_, top), (_, bottom) = boxes[number]
        if rows:
            (_, above), (_, below) = boxes[rows[-1][0]]
            common = min(bottom, below) - max(top, above)
            if common > min(bottom - top, below - above) / 2:
                rows[-1].append(number)
                continue
        rows.append([number])
    return [n for row in rows for n in sorted(row, key=lambda n: float(boxes[n][0][0]))]


def _rightward(quad: Quad) -> tuple[float, float]:
    """How far to the right it reads; between straight up and straight down, how far up."""
    along = (quad[1] - quad[0]) / max(sides(quad)[0], 1e-6)
    return round(float(along[0]), 3), float(-along[1])
