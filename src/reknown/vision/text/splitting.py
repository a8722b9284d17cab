"""The characters of a line -> its words, each with its own place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reknown.vision.text.recogniser import Glyph


@dataclass(frozen=True, slots=True)
class PlacedWord:
    """A word between two shares of the line's width; `confidence` is its characters' mean."""

    text: str
    confidence: float
    begin: float
    end: float


def split(glyphs: Sequence[Glyph]) -> tuple[PlacedWord, ...]:
    """The words, parted at spaces.

    A line reaches as far as its own outline does. Within it a word ends half a character beyond the
    centre of its last one, but never beyond the space.
    """
    groups = list(_groups(glyphs))
    return tuple(
        _placed(
            group, _limit(groups, number - 1, number, 0.0), _limit(groups, number, number + 1, 1.0)
        )
        for number, group in enumerate(groups)
    )


def _groups(glyphs: Sequence[Glyph]) -> Iterator[list[Glyph]]:
    group: list[Glyph] = []
    for glyph in glyphs:
        if not glyph.text.isspace():
            group.append(glyph)
        elif group:
            yield group
            group = []
    if group:
        yield group


def _limit(groups: Sequence[list[Glyph]], before: int, after: int, edge: float) -> float:
    """Half-way between two words, the edge where there is only one."""
    if before < 0 or after >= len(groups):
        return edge
    return (groups[before][-1].place + groups[after][0].place) / 2


def _placed(group: list[Glyph], low: float, high: float) -> PlacedWord:
    first, last = group[0].place, group[-1].place
    half = (last - first) / (len(group) - 1) / 2 if len(group) > 1 else (high - low) / 2
    begin = low if low == 0.0 else max(low, first - half)
    end = high if high == 1.0 else min(high, last + half)
    text = "".join(glyph.text for glyph in group)
    confidence = sum(glyph.confidence for glyph in group) / len(group)
    return PlacedWord(text, confidence, begin, max(begin, end))
