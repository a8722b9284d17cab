"""YuNet, one small anchor-free network.

Wu, Peng, Yu: YuNet: A Tiny Millisecond-level Face Detector, Machine Intelligence Research
20 (2023); the decoding follows https://github.com/ShiqiYu/libfacedetection.train.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from reknown.vision.detect.base import Detections, suppress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.vision.inference import Network

    Pixels = NDArray[np.uint8]
    Floats = NDArray[np.float32]

_STRIDES = (8, 16, 32)


@dataclass(frozen=True, slots=True)
class YunetSettings:
    """`max_side` in pixels: larger pictures are scaled down to it first.

    `threshold` is the score that a face needs, `overlap` the intersection over union from
    which on two boxes are the same face.
    """

    max_side: int = 640
    threshold: float = 0.6
    overlap: float = 0.3


class YunetDetector:
    """Runs the network; `fixed_size` (width, height) for graphs that take no other."""

    def __init__(
        self, network: Network, settings: YunetSettings, fixed_size: tuple[int, int] | None = None
    ) -> None:
        self._network = network
        self._settings = settings
        self._fixed_size = fixed_size

    def detect(self, pixels: Pixels) -> Detections:
        """Faces of an RGB uint8 picture (height, width, 3)."""
        canvas, scale = self._canvas(pixels)
        values = np.ascontiguousarray(canvas[None, ..., ::-1].transpose(0, 3, 1, 2), np.float32)
        outputs = self._network.run(values)
        columns = [canvas.shape[1] // stride for stride in _STRIDES]
        rows = np.concatenate(
            [
                _decode(outputs, stride, count, self._settings.threshold)
                for stride, count in zip(_STRIDES, columns, strict=True)
            ]
        )
        rows = rows[suppress(rows[:, 1:5], rows[:, 0], self._settings.overlap)]
        points = np.asarray(rows[:, 1:].reshape(-1, 7, 2) / scale, np.float32)
        return Detections(points[:, :2].reshape(-1, 4), points[:, 2:], rows[:, 0])

    def _canvas(self, pixels: Pixels) -> tuple[Pixels, Floats]:
        """The picture as the network takes it, and its scale in x and y.

        Scaled down where it is too large, black added at the right and at the bottom.
        """
        height, width = pixels.shape[:2]
        limit_x, limit_y = self._fixed_size or [self._settings.max_side] * 2
        shrink = min(1.0, limit_x / width, limit_y / height)
        size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
        if shrink < 1:
            pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        step = _STRIDES[-1]
        full = self._fixed_size or [-(-side // step) * step for side in size]
        canvas = np.zeros((full[1], full[0], 3), np.uint8)
        canvas[: size[1], : size[0]] = pixels
        return canvas, np.array([size[0] / width, size[1] / height], np.float32)


def _decode(outputs: dict[str, Floats], stride: int, columns: int, threshold: float) -> Floats:
    """The faces at one stride (n, 15): score; left, top, right, bottom; five points x, y."""
    face, there = (outputs[f"{name}_{stride}"].reshape(-1) for name in ("cls", "obj"))
    scores = np.sqrt(np.clip(face, 0, 1) * np.clip(there, 0, 1))
    found = np.flatnonzero(scores >= threshold)
    cell = np.stack([found % columns, found // columns], axis=1)
    box = outputs[f"bbox_{stride}"].reshape(-1, 4)[found]
    centre = (cell + box[:, :2]) * stride
    half = np.exp(box[:, 2:]) * stride / 2
    points = (cell[:, None] + outputs[f"kps_{stride}"].reshape(-1, 5, 2)[found]) * stride
    columns_of_row = (scores[found], centre - half, centre + half, points.reshape(-1, 10))
    return np.column_stack(columns_of_row).astype(np.float32)
