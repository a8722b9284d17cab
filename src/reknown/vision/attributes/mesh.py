"""Faces -> 468 points each, with depth: MediaPipe's face mesh.

Kartynnik, Ablavatski, Grishchenko, Grundmann: Real-time Facial Surface Geometry from Monocular
Video on Mobile GPUs, CVPR Workshop on Computer Vision for AR and VR (2019). Points have the
numbers of MediaPipe's mesh; its "left" is that of the image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from reknown.vision.align import cut_chip

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.vision.inference import Network

    Pixels = NDArray[np.uint8]
    Doubles = NDArray[np.float64]

SIDE = 192
POINTS = 468
# The square's side in lengths from the eyes to the mouth, or in those between the eyes where
# these are longer: what the network's own points would have cut (docs/explanation/attributes.md).
_SIDES_PER_HEIGHT, _SIDES_PER_WIDTH = 3.5, 3.5
_CENTRE = 0.47
_EXTREME = 60.0
_CORNERS = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Square:
    """A turned square of an image: centre and side in pixels, `turn` in radians, clockwise."""

    centre: Doubles
    side: float
    turn: float

    def corners(self) -> Doubles:
        """From the upper left one on, clockwise, (4, 2)."""
        offsets = (_CORNERS - 0.5) * self.side
        cos, sin = np.cos(self.turn), np.sin(self.turn)
        return np.asarray(self.centre + offsets @ np.array([[cos, sin], [-sin, cos]]))

    def cut(self, pixels: Pixels, side: int) -> NDArray[np.float32]:
        """What the square shows, RGB 0-1 (1, 3, side, side); black outside of the image."""
        chip = cut_chip(pixels, self.corners(), _CORNERS * side, side)
        return np.asarray(cv2.dnn.blobFromImage(chip, 1 / 255), np.float32)

    def place(self, points: Doubles, side: int) -> Doubles:
        """Points (n, 3) of what was cut, in pixels of the image; depth is scaled alike."""
        scale = self.side / side
        cos, sin = np.cos(self.turn), np.sin(self.turn)
        placed = (points - (side / 2, side / 2, 0)) * scale
        placed[:, :2] = placed[:, :2] @ np.array([[cos, sin], [-sin, cos]]) + self.centre
        return np.asarray(placed)


@dataclass(frozen=True, slots=True, eq=False)
class MeshPoints:
    """`points` (468, 3): x, y in pixels of the image, z away from the camera on the same scale.

    `presence`, 0 to 1, is how sure the network is that it sees a face there.
    """

    points: Doubles
    presence: float


def face_square(landmarks: NDArray[np.floating]) -> Square:
    """Where the mesh looks for a face with these five `landmarks` (5, 2) in pixels."""
    points = np.asarray(landmarks, np.float64)
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    across = points[1] - points[0]
    side = max(
        _SIDES_PER_HEIGHT * float(np.hypot(*(mouth - eyes))),
        _SIDES_PER_WIDTH * float(np.hypot(*across)),
        1.0,
    )
    return Square(eyes + _CENTRE * (mouth - eyes), side, float(np.arctan2(across[1], across[0])))


def locate_mesh(network: Network, pixels: Pixels, square: Square) -> MeshPoints:
    """The mesh of the face in a square of the RGB image."""
    found = network.run(square.cut(pixels, SIDE))
    points = found["points"].reshape(POINTS, 3).astype(np.float64)
    logit = np.clip(float(found["face"].reshape(())), -_EXTREME, _EXTREME)
    return MeshPoints(square.place(points, SIDE), float(1 / (1 + np.exp(-logit))))
