"""Mesh and eyes -> the named points of a face besides the five."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.geometry import Point

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from reknown.vision.attributes.iris import Eye

    Doubles = NDArray[np.float64]

# Numbers of MediaPipe's mesh. Right and left are the subject's.
_MESH = {
    "right_brow_outer": 70,
    "right_brow_top": 105,
    "right_brow_inner": 107,
    "left_brow_inner": 336,
    "left_brow_top": 334,
    "left_brow_outer": 300,
    "nose_right": 64,
    "nose_left": 294,
    "mouth_top": 0,
    "mouth_bottom": 17,
    "jaw_right_upper": 234,
    "jaw_right_middle": 172,
    "chin": 152,
    "jaw_left_middle": 397,
    "jaw_left_upper": 454,
}
# Numbers of the iris network's contour of an eye.
_CONTOUR = {"outer": 0, "inner": 8, "top": 12, "bottom": 4}


def named_points(
    mesh: Doubles, eyes: tuple[Eye, Eye], size: tuple[int, int]
) -> Mapping[str, Point]:
    """25 points in ratios of the image, whose width and height are `size`."""
    places = {name: mesh[number] for name, number in _MESH.items()}
    for side, eye in zip(("right", "left"), eyes, strict=True):
        places |= {f"{side}_eye_{n}": eye.contour[number] for n, number in _CONTOUR.items()}
        places[f"{side}_pupil"] = eye.iris[0]
    width, height = size
    return {name: Point(float(p[0]) / width, float(p[1]) / height) for name, p in places.items()}
