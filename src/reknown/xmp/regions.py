"""Regions: named places in an image as it is stored, before it is turned upright."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from unicodedata import normalize

from reknown.biometrics.geometry import BoundingBox, pair_boxes
from reknown.biometrics.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

# Programs frame a face from eyebrows to chin, or the whole head in a square: one may be four
# times as large as the other. Two that are of neighbours do not hold each other's centre.
_SAME_FACE = 0.15
_SAME_SHAPE = 0.02
_SIDEWAYS = frozenset({5, 6, 7, 8})
_BACK = {6: 8, 8: 6}


@dataclass(frozen=True, slots=True)
class Region:
    """A face that somebody framed: `box` is of the stored image, `name` empty without one.

    `proposed` says that a program named it and nobody has confirmed that.
    """

    name: str
    box: BoundingBox
    proposed: bool = False


@dataclass(frozen=True, slots=True)
class Regions:
    """The faces framed in an image, and the width and height that it had then, as it is stored."""

    regions: tuple[Region, ...] = ()
    size: tuple[int, int] | None = None

    @property
    def labels(self) -> tuple[Region, ...]:
        """Those that somebody has named."""
        return tuple(each for each in self.regions if each.name and not each.proposed)

    def are_of(self, width: int, height: int) -> bool:
        """Whether they were drawn on an image of this shape, though perhaps of another size.

        Programs do not agree on which of width and height comes first for one that is turned.
        """
        if self.size is None:
            return True
        shapes = (self.size[0] / self.size[1], self.size[1] / self.size[0])
        return any(abs(shape * height / width - 1) <= _SAME_SHAPE for shape in shapes)


def clean_name(name: str) -> str:
    """A name as it is compared and written: NFC, on one line, without control characters."""
    return " ".join(printable(" ".join(normalize("NFC", name).split())).split())


def turned(box: BoundingBox, orientation: int) -> BoundingBox:
    """A box of the stored image as one of the upright image; `orientation` is EXIF's, 1 to 8.

    The Metadata Working Group's guidelines 2.0, 5.9: regions are of the stored image, and are
    turned with it.
    """
    x, y = box.left + box.width / 2, box.top + box.height / 2
    centre = {
        2: (1 - x, y),
        3: (1 - x, 1 - y),
        4: (x, 1 - y),
        5: (y, x),
        6: (1 - y, x),
        7: (1 - y, 1 - x),
        8: (y, 1 - x),
    }.get(orientation, (x, y))
    sideways = orientation in _SIDEWAYS
    width, height = (box.height, box.width) if sideways else (box.width, box.height)
    return BoundingBox(centre[0] - width / 2, centre[1] - height / 2, width, height)


def turned_back(box: BoundingBox, orientation: int) -> BoundingBox:
    """A box of the upright image as one of the stored image."""
    return turned(box, _BACK.get(orientation, orientation))


def stored_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Width and height of the stored image, of an upright one's."""
    return (height, width) if orientation in _SIDEWAYS else (width, height)


def within_image(box: BoundingBox) -> BoundingBox:
    """What of the box lies in the image, which is all that XMP can say."""
    left, top = max(box.left, 0.0), max(box.top, 0.0)
    right, bottom = min(box.left + box.width, 1.0), min(box.top + box.height, 1.0)
    return BoundingBox(left, top, max(right - left, 0.0), max(bottom - top, 0.0))


def pair_faces(boxes: Sequence[BoundingBox], others: Sequence[BoundingBox]) -> dict[int, int]:
    """Which of the `others` frames the same face, by their numbers, as `pair_boxes` says it.

    The same face is framed by boxes that hold each other's centre and overlap well.
    """

    def alike(number: int, place: int) -> bool:
        one, other = boxes[number], others[place]
        return _holds_centre(one, other) and _holds_centre(other, one)

    return pair_boxes(boxes, others, _SAME_FACE, alike)


def _holds_centre(box: BoundingBox, other: BoundingBox) -> bool:
    x, y = other.left + other.width / 2, other.top + other.height / 2
    return box.left <= x <= box.left + box.width and box.top <= y <= box.top + box.height
