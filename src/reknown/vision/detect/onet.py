"""O-Net, the last network of MTCNN's cascade: where a face's landmarks are.

Zhang, Zhang, Li, Qiao: Joint Face Detection and Alignment using Multi-task Cascaded
Convolutional Networks, IEEE Signal Processing Letters 23 (2016).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from reknown.vision.packs.part import ManifestTable, PackFile, PackPart
from reknown.vision.packs.recipes import keras_recipe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from reknown.vision.inference import Network

    Pixels = NDArray[np.uint8]
    Floats = NDArray[np.float32]

SIDE = 48
_BATCH = 64
# Squares this many times as long as the image's longer side show no face.
_WIDEST = 2
_MIRRORED_LANDMARKS = [1, 0, 2, 4, 3]
ONET = keras_recipe("onet")


class OnetFiles(ManifestTable, frozen=True, kw_only=True):
    """Keras' weights."""

    onet: PackFile


class OnetPart(PackPart, frozen=True, kw_only=True, tag="onet"):
    """O-Net for the points of faces that another network has found: better templates."""

    recipes = (ONET,)
    files: OnetFiles

    def load(self, networks: Mapping[str, Network]) -> OnetLocator:
        """What locates the points."""
        return OnetLocator(networks["onet"])


@dataclass(frozen=True, slots=True)
class OnetLocator:
    """Where O-Net sees the landmarks."""

    onet: Network

    def locate(self, pixels: Pixels, boxes: Floats) -> Floats:
        """The landmarks (n, 5, 2) of faces in `boxes` (n, 4), in pixels of the RGB image."""
        return locate_landmarks(self.onet, pixels, boxes)


def locate_landmarks(onet: Network, pixels: Pixels, boxes: Floats) -> Floats:
    """The landmarks (n, 5, 2) of faces in `boxes` (n, 4), in pixels of the RGB image.

    Each box is first moved to where O-Net sees the face. One face at a time: what else is in
    the image changes no bit of the result.
    """
    found = np.empty((len(boxes), 5, 2), np.float32)
    for number in range(len(boxes)):
        box = boxes[number : number + 1]
        outputs = onet.run(normalised(crops(pixels, squares(box), SIDE)))
        box = moved(squares(box), outputs["box"])
        found[number] = average_landmarks(onet, pixels, box)[0]
    return found


def average_landmarks(onet: Network, pixels: Pixels, boxes: Floats) -> Floats:
    """The landmarks (n, 5, 2) that O-Net sees in `boxes` (n, 4) and in their mirror images.

    Templates from averages miss fewer mates (docs/explanation/accuracy.md).
    """
    around = squares(boxes)
    plain = crops(pixels, around, SIDE)
    views = np.concatenate([plain, plain[:, :, ::-1]])
    points = run_in_parts(onet, views)["landmarks"].reshape(2, len(boxes), 2, 5)
    seen, mirrored = points.transpose(0, 1, 3, 2)
    back = mirrored[:, _MIRRORED_LANDMARKS]
    back[..., 0] = 1 - back[..., 0]
    sides = around[:, None, 2:] - around[:, None, :2]
    return np.asarray(around[:, None, :2] + (seen + back) / 2 * sides, np.float32)


def run_in_parts(network: Network, views: Pixels) -> dict[str, Floats]:
    """In batches: on an image full of faces thousands of crops at once would fill memory."""
    parts = [network.run(normalised(views[i : i + _BATCH])) for i in range(0, len(views), _BATCH)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def normalised(pixels: Pixels) -> Floats:
    """uint8 (n, height, width, 3) -> float32 (n, 3, height, width), -1 to 1."""
    return np.asarray(cv2.dnn.blobFromImages(list(pixels), 1 / 128, mean=(127.5,) * 3), np.float32)


def squares(boxes: Floats) -> Floats:
    """The squares of the longer sides around the same centres."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = np.max(boxes[:, 2:] - boxes[:, :2], axis=1, keepdims=True) / 2
    return np.hstack([centres - half, centres + half])


def moved(boxes: Floats, regression: Floats) -> Floats:
    """The boxes moved by shares (n, 4) of their sides."""
    sides = boxes[:, 2:] - boxes[:, :2]
    return boxes + regression * np.hstack([sides, sides])


def crops(pixels: Pixels, squares: Floats, side: int) -> Pixels:
    """Square cut-outs scaled to `side`; what lies outside the image is black."""
    height, width = pixels.shape[:2]
    cut = np.zeros((len(squares), side, side, 3), np.uint8)
    left, top, right, bottom = squares.T
    meets = (left < width) & (top < height) & (right > 0) & (bottom > 0)
    chosen = np.flatnonzero(meets & (right - left <= _WIDEST * max(height, width)))
    for number, square in zip(chosen, np.rint(squares[chosen]).astype(int), strict=True):
        _crop(pixels, square, cut[number])
    return cut


def _crop(pixels: Pixels, square: NDArray[np.int_], crop: Pixels) -> None:
    height, width = pixels.shape[:2]
    left, top, right, bottom = square
    inner = pixels[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    if not inner.size:
        return
    if left < 0 or top < 0 or right > width or bottom > height:
        padding = (max(-top, 0), max(bottom - height, 0), max(-left, 0), max(right - width, 0))
        inner = np.pad(inner, (padding[:2], padding[2:], (0, 0)))
    side = len(crop)
    smooth = cv2.INTER_AREA if min(inner.shape[:2]) > 2 * side else cv2.INTER_LINEAR
    cv2.resize(inner, (side, side), dst=crop, interpolation=smooth)
