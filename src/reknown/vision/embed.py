"""Chips -> templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from reknown.vision.align import cut_chip

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.vision.inference import Network

    Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """Chips of `side` pixels; `references` (crops, 5, 2): where the landmarks come to lie."""

    side: int
    references: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Embeddings:
    """Unit vectors (n, dimension), and how long each was before, where that says anything."""

    vectors: Floats
    magnitudes: Floats | None = None


class Embedder(Protocol):
    """Makes templates."""

    def embed(self, pixels: NDArray[np.uint8], landmarks: Floats) -> Embeddings:
        """For `landmarks` (n, 5, 2) of an RGB picture, in this order."""
        ...


class FusedResNetEmbedder:
    """dlib's ResNet with the feature maps of several views averaged before its last block.

    Each crop is seen as it is and, with `mirror`, mirrored, the mirror's map being flipped
    back. The template joins the unit output with `map_weight` times the unit means of the
    fused map's channels.
    How this was found and what it gains: docs/explanation/accuracy.md.
    """

    def __init__(
        self,
        trunk: Network,
        head: Network,
        alignment: Alignment,
        *,
        mirror: bool,
        map_weight: float,
    ) -> None:
        self._trunk = trunk
        self._head = head
        self._alignment = alignment
        self._mirror = mirror
        self._map_weight = map_weight

    def embed(self, pixels: NDArray[np.uint8], landmarks: Floats) -> Embeddings:
        """Vectors of 384 values for `landmarks` (n, 5, 2) of an RGB picture."""
        chips = _chips(pixels, landmarks, self._alignment)
        faces, crops = chips.shape[:2]
        views = chips.reshape(faces * crops, *chips.shape[2:])
        maps = self._maps(views)
        fused = maps.reshape(faces, crops, *maps.shape[1:]).mean(axis=1)
        output = _run(self._head, fused)
        means = _unit(fused.mean(axis=(2, 3)))
        return Embeddings(_unit(np.hstack([_unit(output), self._map_weight * means])))

    def _maps(self, views: Floats) -> Floats:
        if not self._mirror:
            return _run(self._trunk, views)
        maps = _run(self._trunk, np.concatenate([views, views[..., ::-1]]))
        return np.asarray((maps[: len(views)] + maps[len(views) :, ..., ::-1]) / 2)


class SfaceEmbedder:
    """SFace, which turns an RGB chip 0-255 (1, 3, 112, 112) into a vector (1, 128).

    Zhong, Deng, Hu, Zhao, Wen: SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face
    Recognition, IEEE Transactions on Image Processing 30 (2021). One chip a call: that is
    faster than batches, and no other face changes a bit of a template.
    """

    def __init__(self, network: Network, alignment: Alignment) -> None:
        self._network = network
        self._alignment = alignment

    def embed(self, pixels: NDArray[np.uint8], landmarks: Floats) -> Embeddings:
        """Vectors of 128 values for `landmarks` (n, 5, 2) of an RGB picture."""
        chips = _chips(pixels, landmarks, self._alignment)
        raw = np.concatenate([_run(self._network, chip) for chip in chips])
        return Embeddings(_unit(raw), np.linalg.norm(raw, axis=1))


def _chips(pixels: NDArray[np.uint8], landmarks: Floats, alignment: Alignment) -> Floats:
    """float32 (faces, crops, 3, side, side)."""
    chips = [
        cut_chip(pixels, points, reference, alignment.side)
        for points in landmarks
        for reference in alignment.references
    ]
    blob = np.asarray(cv2.dnn.blobFromImages(chips), np.float32)
    return blob.reshape(len(landmarks), -1, 3, alignment.side, alignment.side)


def _run(network: Network, chips: Floats) -> Floats:
    (result,) = network.run(np.ascontiguousarray(chips)).values()
    return result


def _unit(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, np.finfo(np.float32).tiny), np.float32)
