"""Where things are in an image: ratios of the upright image, origin at its top left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_BEYOND = 1.0


@dataclass(frozen=True, slots=True)
class BoundingBox:
    """An axis-parallel box; may reach beyond the image, then below 0 or above 1."""

    left: float
    top: float
    width: float
    height: float

    def require_plausible(self) -> None:
        """Raises `InputError` for what is no place of a face in any image.

        Faces at the edge reach beyond it, but not by more than an image.
        """
        sides = (self.left, self.top, self.left + self.width, self.top + self.height)
        within = all(-_BEYOND <= side <= 1 + _BEYOND for side in sides)  # a NaN is not
        if not (within and self.width >= 0 and self.height >= 0):
            raise InputError(
                f"a box of left {self.left:g}, top {self.top:g}, width {self.width:g} and height "
                f"{self.height:g} is not the place of a face: they are shares of the image"
            )

    @property
    def area(self) -> float:
        """Share of the image, as far as the box lies within it."""
        inner_width = min(self.left + self.width, 1.0) - max(self.left, 0.0)
        inner_height = min(self.top + self.height, 1.0) - max(self.top, 0.0)
        return max(inner_width, 0.0) * max(inner_height, 0.0)

    def overlap(self, other: BoundingBox) -> float:
        """Intersection over union, 0 to 1."""
        width = min(self.left + self.width, other.left + other.width) - max(self.left, other.left)
        height = min(self.top + self.height, other.top + other.height) - max(self.top, other.top)
        common = max(width, 0.0) * max(height, 0.0)
        union = self.width * self.height + other.width * other.height - common
        # rounding may leave slightly more in common than there is
        return min(common / union, 1.0) if union > 0 else 0.0

    def scaled(self, factor: float) -> BoundingBox:
        """The box about its middle, so many times as wide and high."""
        width, height = self.width * factor, self.height * factor
        return BoundingBox(
            self.left + (self.width - width) / 2,
            self.top + (self.height - height) / 2,
            width,
            height,
        )

    def pixels(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Left, top, right, bottom in whole pixels of an image of that size."""
        return (
            round(self.left * width),
            round(self.top * height),
            round((self.left + self.width) * width),
            round((self.top + self.height) * height),
        )


def pair_boxes(
    boxes: Sequence[BoundingBox],
    others: Sequence[BoundingBox],
    least: float,
    alike: Callable[[int, int], bool] = lambda _box, _other: True,
) -> dict[int, int]:
    """For boxes that overlap one of the others by more than `least` the number of that other.

    The closest pairs come first and each box is in one pair only. `alike` says by their
    numbers which may be paired at all.
    """
    overlaps = [
        (box.overlap(other), number, place)
        for number, box in enumerate(boxes)
        for place, other in enumerate(others)
        if alike(number, place)
    ]
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for overlap, number, place in sorted(overlaps, key=lambda entry: -entry[0]):
        if overlap > least and number not in pairs and place not in taken:
            pairs[number] = place
            taken.add(place)
    return pairs


@dataclass(frozen=True, slots=True)
class Point:
    """A place in the image."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Five points, named from the subject's side: the right eye is left in the image."""

    right_eye: Point
    left_eye: Point
    nose: Point
    mouth_right: Point
    mouth_left: Point

    def points(self) -> tuple[Point, Point, Point, Point, Point]:
        """All five in the order of the fields."""
        return (self.right_eye, self.left_eye, self.nose, self.mouth_right, self.mouth_left)
