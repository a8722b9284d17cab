"""Which of the words that were read are wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.biometrics.regions import Region, lies_in_any, require_regions
from reknown.biometrics.words import Line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reknown.biometrics.words import Word

DEFAULT_CONFIDENCE = 0.8


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
        require_regions(self.regions)

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
        return not self.regions or lies_in_any(box, self.regions)
