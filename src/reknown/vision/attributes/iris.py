"""Eyes of a mesh -> lids and iris, with depth: MediaPipe's iris network.

Ablavatski, Vakunov, Grishchenko, Raveendran, Zhdanovich: Real-time Pupil Tracking from
Monocular Video for Digital Puppetry (2020), https://arxiv.org/abs/2006.11341.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.vision.attributes.mesh import Square

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.vision.inference import Network

    Pixels = NDArray[np.uint8]
    Doubles = NDArray[np.float64]

SIDE = 64
CONTOUR, IRIS = 71, 5
_SIDES_PER_EYE = 2.3  # as MediaPipe cuts
# The corners of the eyes in the mesh from left to right in the image, subject's right eye first.
_CORNERS = ((33, 133), (362, 263))


@dataclass(frozen=True, slots=True, eq=False)
class Eye:
    """`contour` (71, 3) and `iris` (5, 3) in pixels of the image, z away from the camera.

    The contour begins with the outer corner of the eye, has the lower lid up to the inner corner
    at 8, then the upper lid from the outside in, 9 to 14. The iris is its centre and four points
    around.
    """

    contour: Doubles
    iris: Doubles


def locate_eyes(network: Network, pixels: Pixels, mesh: Doubles) -> tuple[Eye, Eye]:
    """The subject's right eye and the left one, for the mesh (468, 3) of a face."""
    right, left = (
        _locate(network, pixels, mesh[list(corners)], mirrored=mirrored)
        for corners, mirrored in zip(_CORNERS, (False, True), strict=True)
    )
    return right, left


def _locate(network: Network, pixels: Pixels, corners: Doubles, *, mirrored: bool) -> Eye:
    """The network knows right eyes alone; left ones are shown to it in the mirror."""
    (x, y) = (corners[1] - corners[0])[:2]
    side = max(_SIDES_PER_EYE * float(np.hypot(x, y)), 1.0)
    square = Square(corners.mean(axis=0)[:2], side, float(np.arctan2(y, x)))
    cut = square.cut(pixels, SIDE)
    found = network.run(np.ascontiguousarray(cut[..., ::-1]) if mirrored else cut)
    points = np.concatenate([found["eye"].reshape(CONTOUR, 3), found["iris"].reshape(IRIS, 3)])
    points = points.astype(np.float64)
    if mirrored:
        points[:, 0] = SIDE - points[:, 0]
    placed = square.place(points, SIDE)
    return Eye(placed[:CONTOUR], placed[CONTOUR:])
