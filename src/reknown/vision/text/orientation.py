"""Whether a strip of text stands on its head."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from reknown.vision.packs.part import ManifestTable, PackFile, PackPart
from reknown.vision.packs.recipes import onnx_recipe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from reknown.vision.inference import Network

_HEIGHT, _WIDTH = 48, 192


class OrientationFiles(ManifestTable, frozen=True, kw_only=True):
    """One ONNX graph."""

    text_orientation: PackFile


class OrientationPart(PackPart, frozen=True, kw_only=True, tag="half-turn"):
    """A classifier of strips: upright, or turned by 180 degrees."""

    recipes = (onnx_recipe("text_orientation"),)
    files: OrientationFiles

    def load(self, networks: Mapping[str, Network]) -> OrientationClassifier:
        """The classifier."""
        return OrientationClassifier(networks["text_orientation"])


class OrientationClassifier:
    """Runs the network, which takes (1, 3, 48, 192) and gives (1, 2): upright, turned."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def turned(self, strip: NDArray[np.uint8]) -> float:
        """How surely an RGB strip (48, width, 3) stands on its head, 0 to 1."""
        width = min(strip.shape[1], _WIDTH)
        fitting = cv2.resize(strip, (width, _HEIGHT), interpolation=cv2.INTER_AREA)
        canvas = np.zeros((1, 3, _HEIGHT, _WIDTH), np.float32)
        canvas[..., :width] = as_blob(np.asarray(fitting, np.uint8))
        (scores,) = self._network.run(canvas).values()
        return float(scores[0, 1])


def as_blob(strip: NDArray[np.uint8]) -> NDArray[np.float32]:
    """RGB (height, width, 3) -> BGR (1, 3, height, width), -1 to 1."""
    blob = cv2.dnn.blobFromImage(strip, 1 / 127.5, mean=(127.5,) * 3, swapRB=True)
    return np.asarray(blob, np.float32)
