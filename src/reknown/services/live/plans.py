"""What a watch is to do, as it is kept with it."""

from __future__ import annotations

# not for type checkers alone: what is read from the database is checked against these types
from dataclasses import dataclass

import msgspec

from reknown.biometrics.errors import InputError
from reknown.biometrics.geometry import BoundingBox, Point
from reknown.structs import resolved

MOST_ZONES, MOST_CORNERS, FEWEST_CORNERS = 10, 10, 3
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class WatchZone:
    """A part of the picture that faces count in: a box, or the inside of a polygon.

    Raises `InputError` unless it is one of them, with three to ten corners, within the picture.
    """

    box: BoundingBox | None = None
    polygon: tuple[Point, ...] = ()

    def __post_init__(self) -> None:
        if (self.box is None) == (not self.polygon):
            raise InputError("a region of interest is either a bounding box or a polygon")
        if self.polygon and not FEWEST_CORNERS <= len(self.polygon) <= MOST_CORNERS:
            raise InputError(f"a polygon has {FEWEST_CORNERS} to {MOST_CORNERS} points")
        if self.box is not None and not (self.box.width > 0 and self.box.height > 0):
            raise InputError("a region of interest has a width and a height")
        if not all(0 <= side <= 1 for side in self._sides()):  # a NaN is not
            raise InputError("a region of interest lies within the picture: shares from 0 to 1")

    @property
    def region(self) -> tuple[Point, ...]:
        """Its corners, also where it is a box."""
        if self.box is None:
            return self.polygon
        left, top = self.box.left, self.box.top
        right, bottom = left + self.box.width, top + self.box.height
        places = ((left, top), (right, top), (right, bottom), (left, bottom))
        return tuple(Point(x, y) for x, y in places)

    def _sides(self) -> tuple[float, ...]:
        if self.box is None:
            return tuple(side for corner in self.polygon for side in (corner.x, corner.y))
        # a box made of rounded shares may end a little beyond the edge
        right, bottom = self.box.left + self.box.width, self.box.top + self.box.height
        return (self.box.left, self.box.top, right - _ROUNDING, bottom - _ROUNDING)


@dataclass(frozen=True, slots=True)
class WatchPlan:
    """Settings of a watch.

    Somebody is a candidate from `similarity` (0 to 100) on; faces count within `zones`, anywhere
    if there are none. Records are put into the data stream `output`, if there is one. `role` and
    `shared` are what a client of AWS said of roles and of sharing data, and change nothing.
    `purpose`, `approval` and `request_id` are those of whoever started it last.
    """

    similarity: float
    zones: tuple[WatchZone, ...] = ()
    output: str | None = None
    role: str | None = None
    shared: bool | None = None
    purpose: str | None = None
    approval: str | None = None
    request_id: str | None = None

    def __post_init__(self) -> None:
        if len(self.zones) > MOST_ZONES:
            raise InputError(f"a watch has {MOST_ZONES} regions of interest at most")
        if not 0 <= self.similarity <= 100:
            raise InputError(f"a similarity is 0 to 100, not {self.similarity:g}")


def plan_text(plan: WatchPlan) -> str:
    """As text for the database."""
    return msgspec.json.encode(plan).decode()


def plan_of(text: str) -> WatchPlan:
    """What `plan_text` wrote."""
    return msgspec.json.decode(text, type=resolved(WatchPlan))
