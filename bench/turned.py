"""Turns the faces of photographs by known angles, for `bench/pose.py`.

A photograph's own mesh gives depth to the face; around it rings of points behind the ears carry
hair, neck and background, so that the outline is not that of a mask. Zhu et al., Face Alignment
Across Large Poses, CVPR 2016, made their training images in much the same way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy.spatial import Delaunay

from reknown.vision.attributes.head import mean_head, turned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.biometrics.faces import Pose

    Pixels = NDArray[np.uint8]
    Doubles = NDArray[np.float64]

# The outline of the mesh, and the two points of it beside the ears.
_EARS = (234, 454)
# How far out each ring lies, and how far behind the ears, in halves of the eyes' distance.
_RINGS = ((1.18, 0.2), (1.5, 0.6), (2.2, 0.75), (3.2, 0.75))
_GREY = 110


class Turner:
    """Draws faces anew; the triangles are those between the points of the mean head."""

    def __init__(self) -> None:
        head = mean_head()
        hull = cv2.convexHull(head[:, :2].astype(np.float32), returnPoints=False).ravel()
        self._outline = np.asarray(hull, int)
        self._size = np.linalg.norm(head[33] - head[263])
        flat = self._extended(head, 1.0)[:, :2]
        self._triangles = Delaunay(flat).simplices
        self._faced = _areas(flat[self._triangles])
        self._inner = (self._triangles < len(head)).all(axis=1)

    def turn(self, pixels: Pixels, mesh: Doubles, pose: Pose, depth: float = 1.0) -> Pixels:
        """The photograph with its face turned from where it is; its `mesh` (468, 3) in pixels.

        `depth` stretches the mesh, which was guessed from one image.
        """
        unit = float(np.linalg.norm(mesh[33] - mesh[263]) / self._size)
        points, centre = self._extended(mesh, unit), mesh.mean(axis=0)
        moved = ((points - centre) * [1, 1, depth]) @ turned(pose).T
        target = (moved[:, :2] + centre[:2]).astype(np.float32)
        source = points[:, :2].astype(np.float32)
        hidden = self._inner & (_areas(target[self._triangles]) * self._faced <= 0)
        drawn = np.full_like(pixels, _GREY)
        for number in np.argsort(-moved[self._triangles, 2].mean(axis=1)):
            if not hidden[number]:
                corners = self._triangles[number]
                _draw(drawn, pixels, source[corners], target[corners])
        return drawn

    def _extended(self, mesh: Doubles, unit: float) -> Doubles:
        centre, outline = mesh.mean(axis=0), mesh[self._outline]
        ears = mesh[list(_EARS), 2].mean()
        rings = [mesh]
        for number, (far, behind) in enumerate(_RINGS):
            ring = centre + (outline - centre) * [far, far, 1]
            share = min(1.0, (number + 1) / 2)
            ring[:, 2] = outline[:, 2] * (1 - share) + ears * share + behind * unit / 2
            rings.append(ring)
        return np.vstack(rings)


def _areas(corners: NDArray[np.floating]) -> Doubles:
    """Twice the signed area of each triangle (n, 3, 2)."""
    one, other = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return np.asarray(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0], np.float64)


def _draw(
    drawn: Pixels, pixels: Pixels, source: NDArray[np.float32], target: NDArray[np.float32]
) -> None:
    """One triangle of the photograph where it belongs."""
    height, width = drawn.shape[:2]
    low = np.maximum(np.floor(target.min(axis=0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(target.max(axis=0)).astype(int) + 2, [width, height])
    size = high - low
    if (size <= 0).any():
        return
    place = (target - low).astype(np.float32)
    transform = np.asarray(cv2.getAffineTransform(source, place), np.float64)
    patch = cv2.warpAffine(
        pixels, transform, (int(size[0]), int(size[1])), borderMode=cv2.BORDER_REFLECT
    )
    mask = np.zeros(size[::-1], np.uint8)
    cv2.fillConvexPoly(mask, np.rint(place * 16).astype(np.int32), 255, cv2.LINE_8, 4)
    part = drawn[low[1] : high[1], low[0] : high[0]]
    part[mask > 0] = patch[mask > 0]
