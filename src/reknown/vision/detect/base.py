"""What every detector answers, and the suppression of overlapping boxes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """n faces in pixels of the image, best first.

    `boxes` float32 (n, 4): left, top, right, bottom, possibly beyond the edges.
    `landmarks` float32 (n, 5, 2): x, y of the eye, eye, nose tip, mouth corner and mouth
    corner as they stand in the image from left to right. `scores` float32 (n,), 0 to 1.
    """

    boxes: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    scores: NDArray[np.float32]


class Detector(Protocol):
    """Finds faces; a score of `sure`, 0 to 1, is hardly ever that of anything else.

    One below `upright` may be that of a face that lies on its side, with landmarks that are none.
    """

    @property
    def sure(self) -> float:
        """The same score means different things to different networks."""
        ...

    @property
    def upright(self) -> float:
        """0 for a network that does not find such faces, or whose scores do not show them."""
        ...

    def detect(self, pixels: NDArray[np.uint8]) -> Detections:
        """Faces of an RGB uint8 image (height, width, 3)."""
        ...


class PointLocator(Protocol):
    """Finds the landmarks of faces that a detector has found."""

    def locate(self, pixels: NDArray[np.uint8], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """The landmarks (n, 5, 2) of faces in `boxes` (n, 4), in pixels of the RGB image."""
        ...


@dataclass(frozen=True, slots=True)
class RelocatingDetector:
    """A detector whose landmarks are those of another network."""

    detector: Detector
    points: PointLocator

    @property
    def sure(self) -> float:
        """The detector's own."""
        return self.detector.sure

    @property
    def upright(self) -> float:
        """The detector's own."""
        return self.detector.upright

    def detect(self, pixels: NDArray[np.uint8]) -> Detections:
        """Faces of an RGB uint8 image (height, width, 3)."""
        found = self.detector.detect(pixels)
        return replace(found, landmarks=self.points.locate(pixels, found.boxes))


def suppress(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], overlap: float
) -> NDArray[np.intp]:
    """Greedy non-maximum suppression by intersection over union; indices, best first."""
    if not len(boxes):
        return np.empty(0, np.intp)
    rectangles = np.column_stack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]])
    kept = cv2.dnn.NMSBoxes(rectangles.tolist(), scores.tolist(), 0.0, overlap)
    return np.asarray(kept, np.intp).reshape(-1)


def suppress_nested(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], overlap: float
) -> NDArray[np.intp]:
    """The same by intersection over the smaller box, which also removes boxes within boxes."""
    order = np.argsort(-scores, kind="stable")
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    kept = []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(best)
        corner = np.maximum(boxes[best, :2], boxes[rest, :2])
        opposite = np.minimum(boxes[best, 2:], boxes[rest, 2:])
        shared = np.prod(np.maximum(opposite - corner, 0), axis=1)
        order = rest[shared <= overlap * np.minimum(areas[best], areas[rest])]
    return np.asarray(kept, np.intp)
