"""Parts of an image in which alone something counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.biometrics.geometry import Point

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reknown.biometrics.geometry import BoundingBox

Region = tuple[Point, ...]
"""The corners of a simple polygon, in order."""

MAX_REGIONS = 10
_MIN_CORNERS, _MAX_CORNERS = 3, 10


def require_regions(regions: Sequence[Region]) -> None:
    """Raises `InputError` for too many, or one that is no polygon of a few corners."""
    if len(regions) > MAX_REGIONS:
        raise InputError(f"{MAX_REGIONS} regions at most, got {len(regions)}")
    for region in regions:
        if not _MIN_CORNERS <= len(region) <= _MAX_CORNERS:
            raise InputError(
                f"a region has {_MIN_CORNERS} to {_MAX_CORNERS} corners, got {len(region)}"
            )


def lies_in_any(box: BoundingBox, regions: Iterable[Region]) -> bool:
    """Whether the centre of the box lies in one of the regions."""
    centre = Point(box.left + box.width / 2, box.top + box.height / 2)
    return any(lies_in(centre, region) for region in regions)


def lies_in(point: Point, region: Region) -> bool:
    """Whether the point is inside the polygon: a ray from it crosses the edges an odd number."""
    inside = False
    for one, other in zip(region, (*region[1:], region[0]), strict=True):
        if (one.y > point.y) != (other.y > point.y):
            across = one.x + (point.y - one.y) / (other.y - one.y) * (other.x - one.x)
            inside ^= point.x < across
    return inside
