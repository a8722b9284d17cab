"""What a watch is to do, as it is kept with it."""

from __future__ import annotations

# not for type checkers alone: what is read from the database is checked against these types
from collections.abc import Mapping  # noqa: TC003
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

import msgspec

from reknown.biometrics.errors import InputError
from reknown.biometrics.geometry import BoundingBox, Point
from reknown.biometrics.thresholds import DEFAULT_SIMILARITY, ThresholdChoice
from reknown.structs import resolved

if TYPE_CHECKING:
    from reknown.biometrics.templates import TemplateSpace

MOST_ZONES, MOST_CORNERS, FEWEST_CORNERS = 10, 10, 3
MOST_CANDIDATES = 100
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
    """Settings of a watch; what a stored row does not say is as it is by default.

    Somebody is one of at most `limit` candidates from `similarity` (0 to 100) on, or from the raw
    `score` in its place, which means something in the template space `scored_in` alone, by its
    fingerprint; faces count within `zones`, anywhere if there are none. Records are put into the
    data stream or bucket `output`, if there is one; in a bucket they are encrypted with `kms_key`,
    if there is that. `role` and `shared` are what a client of AWS said of roles and of sharing
    data, and change nothing. `purpose`, `approval` and `request_id` are those of whoever started
    it last.

    The rest is as `WatchSettings` has it. `schedule` is as it was written, and is read by the clock
    of the worker. `alerts` are people by opaque ids, by the names of their lists: no name of
    a person is in a row.

    Raises `InputError`, as `settings_of` does for the rest.
    """

    similarity: float | None
    zones: tuple[WatchZone, ...] = ()
    output: str | None = None
    role: str | None = None
    shared: bool | None = None
    purpose: str | None = None
    approval: str | None = None
    request_id: str | None = None
    kms_key: str | None = None
    score: float | None = None
    scored_in: str | None = None
    limit: int = 5
    schedule: str | None = None
    least_height: float = 0.0
    least_quality: int | None = None
    away_seconds: float = 5.0
    alerts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    debounce_seconds: float = 60.0
    keep_days: int | None = None

    def __post_init__(self) -> None:
        if len(self.zones) > MOST_ZONES:
            raise InputError(f"a watch has {MOST_ZONES} regions of interest at most")
        if self.similarity is not None and not 0 <= self.similarity <= 100:
            raise InputError(f"a similarity is 0 to 100, not {self.similarity:g}")
        if not 1 <= self.limit <= MOST_CANDIDATES:
            raise InputError(f"a face has 1 to {MOST_CANDIDATES} candidates, not {self.limit}")
        if self.least_quality is not None and not 0 <= self.least_quality <= 100:
            raise InputError(f"a quality is 0 to 100, not {self.least_quality}")
        _ = self.threshold

    @property
    def threshold(self) -> ThresholdChoice:
        """From where on somebody is a candidate."""
        return ThresholdChoice(self.similarity, self.score)

    def require_space(self, space: TemplateSpace) -> None:
        """Raises `InputError` where the score was said of another model pack than this one."""
        if self.score is not None and self.scored_in != space.fingerprint:
            raise InputError(
                f"the score {self.score:g} is of the model pack that the collection had before, "
                f"and means something else in {space.pack}: stop the watch, and change its "
                "threshold with `reknown watches change NAME --threshold 80`"
            )


USUAL = WatchPlan(DEFAULT_SIMILARITY)


def differing(one: WatchPlan, other: WatchPlan) -> tuple[str, ...]:
    """The names of the settings in which two plans differ, in order."""
    return tuple(sorted(name for name in _SETTINGS if getattr(one, name) != getattr(other, name)))


# Those that say how it is watched: not what clients of AWS said, nor who has started it.
_SETTINGS = frozenset(each.name for each in fields(WatchPlan)) - {
    *("role", "shared", "scored_in"),
    *("purpose", "approval", "request_id"),
}


def plan_text(plan: WatchPlan) -> str:
    """As text for the database."""
    return msgspec.json.encode(plan).decode()


def plan_of(text: str) -> WatchPlan:
    """What `plan_text` wrote."""
    return msgspec.json.decode(text, type=resolved(WatchPlan))
