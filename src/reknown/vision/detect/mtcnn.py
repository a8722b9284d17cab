"""MTCNN, a cascade of three small networks.

Zhang, Zhang, Li, Qiao: Joint Face Detection and Alignment using Multi-task Cascaded
Convolutional Networks, IEEE Signal Processing Letters 23 (2016).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from reknown.vision.detect.base import Detections, suppress, suppress_nested
from reknown.vision.detect.onet import (
    ONET,
    SIDE,
    average_landmarks,
    crops,
    moved,
    normalised,
    run_in_parts,
    squares,
)
from reknown.vision.packs.part import Count, ManifestTable, PackFile, PackPart, Positive
from reknown.vision.packs.recipes import keras_recipe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from reknown.vision.inference import Network

    Pixels = NDArray[np.uint8]
    Floats = NDArray[np.float32]

_CELL, _STRIDE = 12, 2
_PYRAMID_FACTOR = 0.709
_MAX_LEVEL_PIXELS = 600_000
_BYTES_A_PIXEL = 96  # measured: bench/packs.py
_RNET_SIDE = 24
_OVERLAP_IN_SCALE, _OVERLAP_ACROSS, _OVERLAP_NESTED = 0.5, 0.7, 0.7

_NOTHING = Detections(
    np.empty((0, 4), np.float32), np.empty((0, 5, 2), np.float32), np.empty(0, np.float32)
)


class MtcnnSettings(ManifestTable, frozen=True, kw_only=True):
    """`min_face` in pixels and relative to the shorter side: the larger one counts.

    `thresholds` are the probabilities that each network asks for. `max_candidates` bounds
    the work on images that look like faces everywhere.
    """

    min_face: Count = 32
    min_face_ratio: Positive = 0.037
    thresholds: tuple[Positive, Positive, Positive] = (0.7, 0.7, 0.7)
    max_candidates: Count = 3000


class MtcnnFiles(ManifestTable, frozen=True, kw_only=True):
    """Keras' weights of the three networks."""

    pnet: PackFile
    rnet: PackFile
    onet: PackFile


class MtcnnPart(PackPart, frozen=True, kw_only=True, tag="mtcnn"):
    """MTCNN as detector."""

    recipes = (keras_recipe("pnet"), keras_recipe("rnet"), ONET)
    files: MtcnnFiles
    settings: MtcnnSettings = MtcnnSettings()

    def load(self, networks: Mapping[str, Network]) -> MtcnnDetector:
        """The detector."""
        return MtcnnDetector(networks["pnet"], networks["rnet"], networks["onet"], self.settings)

    def working_bytes(self) -> int:
        """What P-Net takes for the largest level of the pyramid."""
        return _BYTES_A_PIXEL * _MAX_LEVEL_PIXELS


class MtcnnDetector:
    """Runs the cascade; `pnet`, `rnet`, `onet` as `vision.packs.conversion` makes them."""

    sure = 0.9
    upright = 0.0

    def __init__(
        self, pnet: Network, rnet: Network, onet: Network, settings: MtcnnSettings
    ) -> None:
        self._pnet = pnet
        self._rnet = rnet
        self._onet = onet
        self._settings = settings

    def detect(self, pixels: Pixels) -> Detections:
        """Faces of an RGB uint8 image (height, width, 3)."""
        boxes = self._propose(pixels)
        boxes = self._refine(pixels, boxes)
        return self._output(pixels, boxes)

    def _propose(self, pixels: Pixels) -> Floats:
        """P-Net over a pyramid of sizes."""
        height, width = pixels.shape[:2]
        settings = self._settings
        min_face = max(settings.min_face, settings.min_face_ratio * min(height, width))
        scale = min(_CELL / min_face, (_MAX_LEVEL_PIXELS / (height * width)) ** 0.5)
        found = [np.empty((0, 5), np.float32)]
        level = pixels
        while min(height, width) * scale >= _CELL:
            size = (round(width * scale), round(height * scale))
            level = np.asarray(cv2.resize(level, size, interpolation=cv2.INTER_AREA), np.uint8)
            found.append(self._propose_at(level, size[0] / width, size[1] / height))
            scale *= _PYRAMID_FACTOR
        rows = np.concatenate(found)
        kept = suppress(rows[:, :4], rows[:, 4], _OVERLAP_ACROSS)[: settings.max_candidates]
        return rows[kept, :4]

    def _propose_at(self, level: Pixels, scale_x: float, scale_y: float) -> Floats:
        outputs = self._pnet.run(normalised(level[None]))
        probability = outputs["face"][0, 1]
        rows, columns = np.nonzero(probability >= self._settings.thresholds[0])
        scores = probability[rows, columns]
        if len(scores) > self._settings.max_candidates:
            best = np.argsort(-scores, kind="stable")[: self._settings.max_candidates]
            rows, columns, scores = rows[best], columns[best], scores[best]
        corner = np.stack([columns, rows], axis=1).astype(np.float32) * _STRIDE
        cells = np.hstack([corner, corner + _CELL])
        kept = suppress(cells, scores, _OVERLAP_IN_SCALE)
        shift = outputs["box"][0][:, rows[kept], columns[kept]].T * _CELL
        boxes = (cells[kept] + shift) / np.array([scale_x, scale_y] * 2, np.float32)
        return np.column_stack([boxes, scores[kept]])

    def _refine(self, pixels: Pixels, boxes: Floats) -> Floats:
        """R-Net over the proposals."""
        if not len(boxes):
            return boxes
        around = squares(boxes)
        outputs = run_in_parts(self._rnet, crops(pixels, around, _RNET_SIDE))
        scores = outputs["face"][:, 1]
        passed = scores >= self._settings.thresholds[1]
        boxes = moved(around[passed], outputs["box"][passed])
        return boxes[suppress(boxes, scores[passed], _OVERLAP_ACROSS)]

    def _output(self, pixels: Pixels, boxes: Floats) -> Detections:
        """O-Net over what is left: the final boxes and their landmarks."""
        if not len(boxes):
            return _NOTHING
        around = squares(boxes)
        outputs = run_in_parts(self._onet, crops(pixels, around, SIDE))
        scores = outputs["face"][:, 1]
        passed = scores >= self._settings.thresholds[2]
        boxes, scores = moved(around[passed], outputs["box"][passed]), scores[passed]
        kept = suppress_nested(boxes, scores, _OVERLAP_NESTED)
        if not len(kept):
            return _NOTHING
        # The first pass has seen each face wherever R-Net's box happened to be.
        landmarks = average_landmarks(self._onet, pixels, boxes[kept])
        return Detections(boxes[kept], landmarks, scores[kept])
