"""Many boxes at once, (n, 4): left, top, right, bottom in one unit for both axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def measured(boxes: Floats) -> Floats:
    """(n, 4) left, top, right, bottom -> (n, 4) centre x, centre y, aspect, height."""
    size = boxes[:, 2:] - boxes[:, :2]
    return np.column_stack([boxes[:, :2] + size / 2, size[:, 0] / size[:, 1], size[:, 1]])


def boxes_of(places: Floats) -> Floats:
    """The inverse of `measured`."""
    half = np.column_stack([places[:, 2] * places[:, 3], places[:, 3]]) / 2
    return np.hstack([places[:, :2] - half, places[:, :2] + half])


def overlaps(a: Floats, b: Floats, enlarged: float) -> Floats:
    """Intersection over union (n, m) of boxes (n, 4) and (m, 4), both enlarged about their centre.

    So many times their width and height; boxes are left, top, right, bottom.
    """
    a, b = _enlarged(a, enlarged)[:, None], _enlarged(b, enlarged)[None]
    common = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = np.maximum(common, 0.0).prod(axis=-1)
    area_a, area_b = ((box[..., 2:] - box[..., :2]).prod(axis=-1) for box in (a, b))
    return np.asarray(shared / (area_a + area_b - shared), np.float64)


def _enlarged(boxes: Floats, times: float) -> Floats:
    grown = (boxes[:, 2:] - boxes[:, :2]) * ((times - 1) / 2)
    return np.hstack([boxes[:, :2] - grown, boxes[:, 2:] + grown])
