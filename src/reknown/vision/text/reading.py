"""The other task on an image: bytes -> lines of text.

As `vision.extraction` it depends on its arguments alone, and all of them can be sent elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reknown.biometrics.word_filter import WordFilter
from reknown.vision.extraction import Clock, ImageInfo

if TYPE_CHECKING:
    from reknown.biometrics.words import Line
    from reknown.vision.images import Decode
    from reknown.vision.text.reader import TextReader


@dataclass(frozen=True, slots=True)
class Reading:
    """The text of an image, by rows from the top.

    `pack` and `model` say what read it, as `TextReader` does; `seconds` is how long each stage
    took: decode, read.
    """

    image: ImageInfo
    lines: tuple[Line, ...]
    pack: str
    model: str
    seconds: dict[str, float] = field(default_factory=dict, compare=False)


def read_text(
    reader: TextReader, decode: Decode, data: bytes, wanted: WordFilter = WordFilter()
) -> Reading:
    """Decodes and reads the words that are wanted; raises `ImageError`."""
    clock = Clock()
    with clock.stage("decode"):
        image = decode(data)
    with clock.stage("read"):
        lines = reader.read(image.pixels, wanted)
    info = ImageInfo(image.sha256, image.width, image.height, image.taken, image.warnings)
    return Reading(info, lines, reader.pack, reader.model, clock.seconds)
