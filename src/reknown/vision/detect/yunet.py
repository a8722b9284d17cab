"""YuNet, one small anchor-free network.

Wu, Peng, Yu: YuNet: A Tiny Millisecond-level Face Detector, Machine Intelligence Research
20 (2023); the decoding follows https://github.com/ShiqiYu/libfacedetection.train.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from reknown.vision.detect.base import Detections, suppress
from reknown.vision.packs.part import Count, ManifestTable, PackFile, PackPart, Positive
from reknown.vision.packs.recipes import Recipe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from reknown.vision.inference import Network

    Pixels = NDArray[np.uint8]
    Floats = NDArray[np.float32]

_STRIDES = (8, 16, 32)
_BYTES_A_PIXEL = 80  # measured: bench/packs.py


def _convert(data: bytes) -> Mapping[str, bytes]:
    from reknown.vision.packs.onnx_guard import check_onnx  # noqa: PLC0415
    from reknown.vision.packs.yunet_graph import yunet_network  # noqa: PLC0415

    return {"yunet": yunet_network(check_onnx(data))}


class YunetSettings(ManifestTable, frozen=True, kw_only=True):
    """`max_side` in pixels: larger images are scaled down to it first, long ones to its area.

    `threshold` is the score that a face needs, `overlap` the intersection over union from
    which on two boxes are the same face. `max_candidates` bounds the work on images that
    look like faces everywhere.
    """

    max_side: Count = 1280
    threshold: Positive = 0.6
    overlap: Positive = 0.3
    max_candidates: Count = 3000


class YunetFiles(ManifestTable, frozen=True, kw_only=True):
    """One ONNX graph."""

    yunet: PackFile


class YunetPart(PackPart, frozen=True, kw_only=True, tag="yunet"):
    """YuNet as detector."""

    recipes = (Recipe("yunet", ("yunet",), _convert),)
    files: YunetFiles
    settings: YunetSettings = YunetSettings()

    def load(self, networks: Mapping[str, Network]) -> YunetDetector:
        """The detector."""
        return YunetDetector(networks["yunet"], self.settings)

    def working_bytes(self) -> int:
        """What the largest canvas takes."""
        return _BYTES_A_PIXEL * self.settings.max_side**2


class YunetDetector:
    """Runs the network, `yunet` as `vision.packs.yunet_graph` makes it."""

    sure = 0.8
    upright = 0.89  # bench/further_looks.py

    def __init__(self, yunet: Network, settings: YunetSettings) -> None:
        self._yunet = yunet
        self._settings = settings

    def detect(self, pixels: Pixels) -> Detections:
        """Faces of an RGB uint8 image (height, width, 3)."""
        canvas, scale = self._canvas(pixels)
        outputs = self._yunet.run(
            np.asarray(cv2.dnn.blobFromImage(canvas, swapRB=True), np.float32)
        )
        rows = self._found(outputs, canvas.shape[1])
        points = np.asarray(rows[:, 1:].reshape(-1, 7, 2) / scale, np.float32)
        return Detections(points[:, :2].reshape(-1, 4), points[:, 2:], rows[:, 0])

    def _found(self, outputs: dict[str, Floats], width: int) -> Floats:
        """The faces on the canvas, as `_decode` gives them, best first."""
        settings = self._settings
        parts = [_decode(outputs, s, width // s, settings.threshold) for s in _STRIDES]
        rows = np.concatenate(parts)
        if len(rows) > settings.max_candidates:
            rows = rows[np.argsort(-rows[:, 0], kind="stable")[: settings.max_candidates]]
        return rows[suppress(rows[:, 1:5], rows[:, 0], settings.overlap)]

    def _canvas(self, pixels: Pixels) -> tuple[Pixels, Floats]:
        """The image as the network takes it, and its scale in x and y.

        Scaled down where it is too large, black added at the right and at the bottom.
        """
        height, width = pixels.shape[:2]
        limit = self._settings.max_side
        # An image many times as long as wide may keep half as many pixels as a square one:
        # by its longer side alone it would shrink to a strip without faces.
        room = (limit * limit / 2 / (width * height)) ** 0.5
        shrink = min(1.0, max(limit / max(width, height), room))
        size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
        if shrink < 1:
            pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        step = _STRIDES[-1]
        padding = [-side % step for side in size]
        canvas = cv2.copyMakeBorder(pixels, 0, padding[1], 0, padding[0], cv2.BORDER_CONSTANT)
        scale = np.array([size[0] / width, size[1] / height], np.float32)
        return np.asarray(canvas, np.uint8), scale


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
