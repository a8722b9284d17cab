"""Which of the words that were read are wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.biometrics.geometry import Point
from reknown.biometrics.words import Line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reknown.biometrics.words import Word

Region = tuple[Point, ...]
"""The corners of a simple polygon, in order."""

MAX_REGIONS = 10
DEFAULT_CONFIDENCE = 0.8
_MIN_CORNERS, _MAX_CORNERS = 3, 10


@dataclass(frozen=True, slots=True)
class WordFilter:
    """Words of at least `confidence` (0 to 1), and `height` and `width` (ratios of the image).

    With `regions`, the centre of a word lies in one of them. The first `most` words count, all of
    them with None. Raises `InputError` for what is out of range.
    """

    confidence: float = 0.0
    height: float = 0.0
    width: float = 0.0
    regions: tuple[Region, ...] = ()
    most: int | None = None

    def __post_init__(self) -> None:
        for name in ("confidence", "height", "width"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise InputError(f"the least {name} of a word is a share, 0 to 1, not {value}")
        if len(self.regions) > MAX_REGIONS:
            raise InputError(f"{MAX_REGIONS} regions at most, got {len(self.regions)}")
        for region in self.regions:
            if not _MIN_CORNERS <= len(region) <= _MAX_CORNERS:
                raise InputError(
                    f"a region has {_MIN_CORNERS} to {_MAX_CORNERS} corners, got {len(region)}"
                )

    def of(self, lines: Iterable[Line]) -> tuple[Line, ...]:
        """The lines with the words that are wanted; a line without any is left out.

        No more lines are asked for than it takes.
        """
        kept: list[Line] = []
        left = self.most
        for line in lines if left != 0 else ():
            words = tuple(word for word in line.words if self._wants(word))[:left]
            if words:
                kept.append(line if len(words) == len(line.words) else Line(words))
                left = None if left is None else left - len(words)
            if left == 0:
                break
        return tuple(kept)

    def _wants(self, word: Word) -> bool:
        box = word.box
        if word.confidence < self.confidence or box.height < self.height or box.width < self.width:
            return False
        centre = Point(box.left + box.width / 2, box.top + box.height / 2)
        return not self.regions or any(lies_in(centre, region) for region in self.regions)


def lies_in(point: Point, region: Region) -> bool:
    """Whether the point is inside the polygon: a ray from it crosses the edges an odd number."""
    inside = False
    for one, other in zip(region, (*region[1:], region[0]), strict=True):
        if (one.y > point.y) != (other.y > point.y):
            across = one.x + (point.y - one.y) / (other.y - one.y) * (other.x - one.x)
            inside ^= point.x < across
    return inside
