"""Chips -> templates: what every embedder declares and answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Protocol

import cv2
import numpy as np
from msgspec import Meta

from reknown.vision.align import cut_chip
from reknown.vision.packs.part import PackPart

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.vision.inference import Network

    Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """Chips of `side` pixels; `references` (crops, 5, 2): where the landmarks come to lie."""

    side: int
    references: NDArray[np.float64]


Coordinate = Annotated[float, Meta(ge=0, le=1024)]
Point = tuple[Coordinate, Coordinate]
Margin = Annotated[float, Meta(ge=0, le=1)]


class EmbedderPart(PackPart, frozen=True, kw_only=True):
    """Where the landmarks come to lie and what is fused.

    `points` are pixels of a chip of `chip` pixels cut without margin, in image order: eye,
    eye, nose, mouth, mouth. Each of `crops` is a margin around it as a share of the side;
    the feature maps of all crops, and of their mirror images if `mirror`, are averaged.
    `map_weight` is the share of the fused map's channel means in the template.
    """

    dimension: ClassVar[int]
    chip: int
    points: tuple[Point, Point, Point, Point, Point]
    crops: Annotated[tuple[Margin, ...], Meta(min_length=1, max_length=8)] = (0.0,)
    mirror: bool = False
    map_weight: Annotated[float, Meta(ge=0, le=100)] = 0.0

    def alignment(self) -> Alignment:
        """How chips are cut for it."""
        margins = np.array(self.crops, np.float64).reshape(-1, 1, 1)
        points = np.array(self.points, np.float64)
        references = (points + margins * self.chip) / (1 + 2 * margins)
        return Alignment(self.chip, np.asarray(references))


@dataclass(frozen=True, slots=True, eq=False)
class Embeddings:
    """Unit vectors (n, dimension), and how long each was before, where that says anything."""

    vectors: Floats
    magnitudes: Floats | None = None


class Embedder(Protocol):
    """Makes templates."""

    def embed(self, pixels: NDArray[np.uint8], landmarks: Floats) -> Embeddings:
        """For `landmarks` (n, 5, 2) of an RGB image, in this order."""
        ...


def cut_chips(pixels: NDArray[np.uint8], landmarks: Floats, alignment: Alignment) -> Floats:
    """The chips of all faces, float32 (faces, crops, 3, side, side)."""
    chips = [
        cut_chip(pixels, points, reference, alignment.side)
        for points in landmarks
        for reference in alignment.references
    ]
    blob = np.asarray(cv2.dnn.blobFromImages(chips), np.float32)
    return blob.reshape(len(landmarks), -1, 3, alignment.side, alignment.side)


def run(network: Network, chips: Floats) -> Floats:
    """The only output of a network."""
    (result,) = network.run(np.ascontiguousarray(chips)).values()
    return result


def unit(vectors: Floats) -> Floats:
    """The rows (n, dimension) scaled to length 1."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, np.finfo(np.float32).tiny), np.float32)
