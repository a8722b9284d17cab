"""Text that an image shows: lines, and the words that they are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

# not for type checkers alone: messages between processes are checked against these types
from reknown.biometrics.geometry import BoundingBox, Point
from reknown.biometrics.tracks import VideoInfo  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Outline = tuple[Point, Point, Point, Point]
"""The corners of a text as it reads: top left, top right, bottom right, bottom left."""


@dataclass(frozen=True, slots=True)
class Word:
    """Characters without a space between them; `confidence` in them, 0 to 1."""

    text: str
    confidence: float
    outline: Outline

    @property
    def box(self) -> BoundingBox:
        """The upright box around it."""
        return box_around(self.outline)


@dataclass(frozen=True, slots=True)
class Line:
    """Words in a row, in the order of reading."""

    words: tuple[Word, ...]

    def __post_init__(self) -> None:
        if not self.words:
            raise ValueError("a line has at least one word")

    @property
    def text(self) -> str:
        """The words with a space between them."""
        return " ".join(word.text for word in self.words)

    @property
    def confidence(self) -> float:
        """The mean of its characters', 0 to 1."""
        letters = sum(len(word.text) for word in self.words)
        return sum(len(word.text) * word.confidence for word in self.words) / letters

    @property
    def outline(self) -> Outline:
        """From the first word's left side to the last word's right one."""
        first, last = self.words[0].outline, self.words[-1].outline
        return first[0], last[1], last[2], first[3]

    @property
    def box(self) -> BoundingBox:
        """The upright box around it."""
        return box_around(self.outline)


@dataclass(frozen=True, slots=True)
class NumberedText:
    """A line, whose `line` is None, or a word of the line with the number `line`."""

    number: int
    line: int | None
    text: Word


def numbered(lines: Sequence[Line]) -> Iterator[NumberedText]:
    """The lines, numbered from 0, and after them all their words."""
    for number, line in enumerate(lines):
        yield NumberedText(number, None, Word(line.text, line.confidence, line.outline))
    words = ((of_line, word) for of_line, line in enumerate(lines) for word in line.words)
    for number, (of_line, word) in enumerate(words, len(lines)):
        yield NumberedText(number, of_line, word)


def box_around(points: Iterable[Point]) -> BoundingBox:
    """The smallest upright box with all the points, of which there is at least one."""
    corners = [(point.x, point.y) for point in points]
    left, top = (min(values) for values in zip(*corners, strict=True))
    right, bottom = (max(values) for values in zip(*corners, strict=True))
    return BoundingBox(left, top, right - left, bottom - top)


@dataclass(frozen=True, slots=True)
class TextFrame:
    """The lines that one frame of a video shows, `time_ms` after the first frame."""

    time_ms: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, eq=False)
class VideoReading:
    """All text of a video, in order of time.

    `sha256` is of the file's bytes, `model` of what read it. `warnings` say what could not be
    read, in words for people; `looked` is how many frames were searched.
    """

    info: VideoInfo
    sha256: str
    pack: str
    model: str
    frames: tuple[TextFrame, ...]
    warnings: tuple[str, ...]
    looked: int
