"""Pixels -> lines of text: found, cut out, turned upright, read, parted into words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.geometry import Point
from reknown.biometrics.word_filter import WordFilter
from reknown.biometrics.words import Line, Word
from reknown.vision.text.lookalikes import in_one_alphabet
from reknown.vision.text.quads import LONG, in_reading_order, part_of, sides, strip, turned
from reknown.vision.text.recogniser import HEIGHT
from reknown.vision.text.splitting import split

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from reknown.biometrics.words import Outline
    from reknown.vision.text.detector import DbDetector
    from reknown.vision.text.orientation import OrientationClassifier
    from reknown.vision.text.recogniser import CtcRecogniser, Glyph

    Pixels = NDArray[np.uint8]
    Quad = NDArray[np.float32]

# What is surely on its head is read so at once; what reads badly is tried the other ways as well.
_TURNED = 0.9
_SURE = 0.8
# Below this, nothing was read.
_LEAST = 0.3
# Strips read for one image, in pixels of width: a full page has 100,000, and takes one core 8 s.
_MOST_READ = 120_000


@dataclass(frozen=True, slots=True, weakref_slot=True)
class TextReader:
    """A loaded pack that reads text; safe to use from several threads at once.

    `model` names pack and files: 64 hexadecimal digits. `memory` is about how many bytes it takes
    once it has been in use.
    """

    detector: DbDetector
    orientation: OrientationClassifier
    recogniser: CtcRecogniser
    pack: str
    model: str
    memory: int = 0

    def read(self, pixels: Pixels, wanted: WordFilter = WordFilter()) -> tuple[Line, ...]:
        """The lines of an RGB uint8 image (height, width, 3), by rows from the top.

        With the words that are wanted; when there are enough of them, no more is read. In an
        image so full that reading all would take too long, the last lines are left out.
        """
        return wanted.of(self._lines(pixels))

    def _lines(self, pixels: Pixels) -> Iterator[Line]:
        height, width = pixels.shape[:2]
        quads, left = self.detector.detect(pixels), _MOST_READ
        for number in in_reading_order(quads):
            quad, glyphs, read = self._read_line(pixels, quads[number])
            if _confidence(glyphs) >= _LEAST and (placed := split(in_one_alphabet(glyphs))):
                yield Line(
                    tuple(
                        Word(w.text, w.confidence, _outline(quad, w.begin, w.end, width, height))
                        for w in placed
                    )
                )
            left -= read
            if left <= 0:
                return

    def _read_line(self, pixels: Pixels, quad: Quad) -> tuple[Quad, tuple[Glyph, ...], int]:
        """The way up that reads best, what it says, and how many pixels of width were read."""
        best, read = quad, 0
        best_glyphs: tuple[Glyph, ...] = ()
        for turns in self._ways_up(pixels, quad):
            way = turned(quad, turns)
            cut = strip(pixels, way, HEIGHT, self.recogniser.widest)
            glyphs = self.recogniser.read(cut)
            read += max(cut.shape[1], self.recogniser.narrowest)
            if _confidence(glyphs) > _confidence(best_glyphs):
                best, best_glyphs = way, glyphs
            if _confidence(best_glyphs) >= _SURE:
                break
        return best, best_glyphs, read

    def _ways_up(self, pixels: Pixels, quad: Quad) -> list[int]:
        """Quarters to turn by, the likeliest first."""
        cut = strip(pixels, quad, HEIGHT, self.recogniser.widest)
        ways = [2, 0] if self.orientation.turned(cut) >= _TURNED else [0, 2]
        width, height = sides(quad)
        return ways if width >= LONG * height else [*ways, 1, 3]


def _confidence(glyphs: tuple[Glyph, ...]) -> float:
    return sum(glyph.confidence for glyph in glyphs) / len(glyphs) if glyphs else 0.0


def _outline(quad: Quad, begin: float, end: float, width: int, height: int) -> Outline:
    """The part of the quad as ratios of the image, within it."""
    one, two, three, four = (
        Point(min(max(float(x) / width, 0.0), 1.0), min(max(float(y) / height, 0.0), 1.0))
        for x, y in part_of(quad, begin, end)
    )
    return one, two, three, four
