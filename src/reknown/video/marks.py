"""Marks to draw into a video: where each face is at any moment, and how it is marked."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

# not for type checkers alone: messages between processes are checked against these types
from reknown.biometrics.geometry import BoundingBox

if TYPE_CHECKING:
    from collections.abc import Iterable

# A face turns towards the camera, or away from it, before the detector knows and after.
BLUR_MARGIN_MS = 500
_BLUR_SIZE = 1.8
# So much larger yet where it is not known where the face was.
_BLUR_GROWTH = 0.6


@dataclass(frozen=True, slots=True)
class Place:
    """Where a face was, in ratios of the upright image."""

    time_ms: int
    box: BoundingBox


@dataclass(frozen=True, slots=True)
class Mark:
    """A face through the video: `places` ascend in time, at least one.

    `lines` are written at its box; with `blur` it is made unrecognisable, from
    `BLUR_MARGIN_MS` before its first place to as long after its last.
    """

    lines: tuple[str, ...]
    known: bool
    blur: bool
    places: tuple[Place, ...]

    def box(self, time_ms: int) -> BoundingBox | None:
        """Where it is, between two places on the straight line; None before and after them."""
        if not self.places[0].time_ms <= time_ms <= self.places[-1].time_ms:
            return None
        return self._nearest(time_ms)

    def blurred(self, time_ms: int) -> BoundingBox | None:
        """What is to be blurred: more than the face, and more yet in the margins; or None."""
        early = self.places[0].time_ms - time_ms
        late = time_ms - self.places[-1].time_ms
        away = max(early, late, 0)
        if not self.blur or away > BLUR_MARGIN_MS:
            return None
        return self._nearest(time_ms).scaled(_BLUR_SIZE + _BLUR_GROWTH * away / BLUR_MARGIN_MS)

    def _nearest(self, time_ms: int) -> BoundingBox:
        after = bisect_right(self.places, time_ms, key=lambda place: place.time_ms)
        if after == 0:
            return self.places[0].box
        if after == len(self.places):
            return self.places[-1].box
        earlier, later = self.places[after - 1], self.places[after]
        share = (time_ms - earlier.time_ms) / (later.time_ms - earlier.time_ms)
        one, other = earlier.box, later.box
        return BoundingBox(
            one.left + share * (other.left - one.left),
            one.top + share * (other.top - one.top),
            one.width + share * (other.width - one.width),
            one.height + share * (other.height - one.height),
        )


class Present:
    """The marks of one frame after the other, without looking at all of them each time."""

    def __init__(self, marks: Iterable[Mark]) -> None:
        self._coming = sorted(marks, key=lambda mark: -mark.places[0].time_ms)
        self._here: list[Mark] = []

    def at(self, time_ms: int) -> list[Mark]:
        """Those that are there at this time or within the margin; times must ascend."""
        while self._coming and self._coming[-1].places[0].time_ms - BLUR_MARGIN_MS <= time_ms:
            self._here.append(self._coming.pop())
        gone = time_ms - BLUR_MARGIN_MS
        self._here = [mark for mark in self._here if mark.places[-1].time_ms >= gone]
        return self._here
