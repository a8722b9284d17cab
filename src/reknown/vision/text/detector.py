"""Where text is: a network that says of every pixel how surely it is of a line's core.

Liao, Wan, Yao, Chen, Bai: Real-time Scene Text Detection with Differentiable Binarization, AAAI
2020. Lines are the connected regions of that map, grown again by what training had shrunk them;
here each is a rectangle, possibly turned, which grows by the same amount on every side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from reknown.vision.packs.part import Count, ManifestTable, PackFile, PackPart, Positive
from reknown.vision.packs.recipes import onnx_recipe
from reknown.vision.text.quads import as_read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from reknown.vision.inference import Network

    Pixels = NDArray[np.uint8]
    Floats = NDArray[np.float32]

_STEP = 32
_BYTES_A_PIXEL = 190  # measured: bench/text.py
_MIN_SIDE = 3.0


class DbSettings(ManifestTable, frozen=True, kw_only=True):
    """How large the image is made, in pixels, and what counts as text.

    Small images are enlarged until the shorter side has `min_side`, `enlarge` times at most; large
    ones scaled down to `max_side`, long ones to half its area. A pixel of `threshold` is of a
    line, and a line has `score` on average; `grow` is how far lines grow, as the ratio of
    their area to their circumference. `max_lines` bounds the work on images full of specks: the
    largest ones count.
    """

    min_side: Count = 480
    max_side: Count = 1600
    enlarge: Positive = 2.0
    threshold: Positive = 0.3
    score: Positive = 0.5
    grow: Positive = 1.6
    max_lines: Count = 300


class DbFiles(ManifestTable, frozen=True, kw_only=True):
    """One ONNX graph."""

    text_detector: PackFile


class DbPart(PackPart, frozen=True, kw_only=True, tag="db"):
    """Differentiable binarization as detector of text."""

    recipes = (onnx_recipe("text_detector"),)
    files: DbFiles
    settings: DbSettings = DbSettings()

    def load(self, networks: Mapping[str, Network]) -> DbDetector:
        """The detector."""
        return DbDetector(networks["text_detector"], self.settings)

    def working_bytes(self) -> int:
        """What the largest canvas takes."""
        return _BYTES_A_PIXEL * self.settings.max_side**2


class DbDetector:
    """Runs the network, which takes (1, 3, height, width) and gives (1, 1, height, width)."""

    def __init__(self, network: Network, settings: DbSettings) -> None:
        self._network = network
        self._settings = settings

    def detect(self, pixels: Pixels) -> list[Floats]:
        """The quads of lines in an RGB uint8 image (height, width, 3), largest first."""
        height, width = pixels.shape[:2]
        size = self._size(width, height)
        shrinks = size[0] < width
        smooth = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        canvas = cv2.resize(pixels, size, interpolation=smooth)
        blob = cv2.dnn.blobFromImage(canvas, 1 / 127.5, mean=(127.5,) * 3, swapRB=True)
        (found,) = self._network.run(np.asarray(blob, np.float32)).values()
        scale = np.array([width / size[0], height / size[1]], np.float32)
        edge = np.array([width, height], np.float32)
        return [np.clip(quad * scale, 0, edge) for quad in self._lines(found[0, 0])]

    def _size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the canvas, multiples of what the network halves them to."""
        settings = self._settings
        wanted = min(max(1.0, settings.min_side / min(width, height)), settings.enlarge)
        limit = settings.max_side
        # a long image may keep half as many pixels as a square one
        room = (limit * limit / 2 / (width * height)) ** 0.5
        scale = min(wanted, max(limit / max(width, height), room))
        across, down = (max(_STEP, round(side * scale / _STEP) * _STEP) for side in (width, height))
        return across, down

    def _lines(self, likely: Floats) -> Iterator[Floats]:
        """The quads on the canvas."""
        settings = self._settings
        mask = (likely > settings.threshold).astype(np.uint8)
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        found = sorted(map(cv2.minAreaRect, contours), key=lambda rect: -rect[1][0] * rect[1][1])
        for rect in found[: settings.max_lines]:
            if min(rect[1]) >= _MIN_SIDE and _mean(likely, rect) >= settings.score:
                yield as_read(np.asarray(cv2.boxPoints(_grown(rect, settings.grow)), np.float32))


def _grown(rect: cv2.typing.RotatedRect, grow: float) -> cv2.typing.RotatedRect:
    centre, (width, height), angle = rect
    more = width * height * grow / (width + height)
    return centre, (width + more, height + more), angle


def _mean(likely: Floats, rect: cv2.typing.RotatedRect) -> float:
    """The mean of the map within the rectangle."""
    corners = np.asarray(cv2.boxPoints(rect), np.float32)
    height, width = likely.shape
    low = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, (width - 1, height - 1))
    high = np.clip(np.ceil(corners.max(axis=0)).astype(int), 0, (width - 1, height - 1))
    part = likely[low[1] : high[1] + 1, low[0] : high[0] + 1]
    mask = np.zeros(part.shape, np.uint8)
    cv2.fillPoly(mask, [np.rint(corners - low).astype(np.int32)], 1)
    return float(cv2.mean(part, mask)[0])
