"""The real networks on drawn pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

import drawn_text
from reknown.biometrics.word_filter import WordFilter
from reknown.vision.text.detector import DbDetector, DbSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.biometrics.words import Line
    from reknown.vision.text.reader import TextReader

SIGN = drawn_text.sign("Platform 7", "mind the gap")


def texts(lines: tuple[Line, ...]) -> list[str]:
    return [line.text for line in lines]


def test_lines_come_from_the_top_with_their_words(reader: TextReader) -> None:
    lines = reader.read(SIGN)
    assert texts(lines) == ["Platform 7", "mind the gap"]
    assert [word.text for word in lines[1].words] == ["mind", "the", "gap"]
    assert all(word.confidence > 0.9 for line in lines for word in line.words)


def test_words_lie_on_their_ink(reader: TextReader) -> None:
    """Within a third of a letter's height of where the ink of each word begins and ends."""
    (_, line) = reader.read(SIGN)
    rows = SIGN[190:260]
    ink = (rows < 128).any(axis=(0, 2))
    edges = np.flatnonzero(np.diff(ink.astype(int), prepend=0, append=0))
    letters = edges.reshape(-1, 2)
    gaps = np.flatnonzero(letters[1:, 0] - letters[:-1, 1] > 8)
    begins = [letters[0, 0], *(letters[gap + 1, 0] for gap in gaps)]
    ends = [*(letters[gap, 1] for gap in gaps), letters[-1, 1]]
    for word, begin, end in zip(line.words, begins, ends, strict=True):
        assert abs(word.box.left * 640 - begin) < 14
        assert abs((word.box.left + word.box.width) * 640 - end) < 14


@pytest.mark.parametrize("turn", [0, 12, 90, 100, 180, 193, 270, -30])
def test_turned_text_is_read_and_its_outline_begins_where_it_begins(
    reader: TextReader, turn: float
) -> None:
    pixels = drawn_text.sign("Platform seven", turn=turn)
    height, width = pixels.shape[:2]
    (line,) = reader.read(pixels)
    assert line.text == "Platform seven"
    begin, end = line.outline[:2]
    found = np.degrees(np.arctan2((end.y - begin.y) * height, (end.x - begin.x) * width))
    assert (found - turn + 180) % 360 - 180 == pytest.approx(0, abs=2)


@pytest.mark.parametrize("letters", [12, 20, 90, 240])
def test_letters_may_be_small_or_large(reader: TextReader, letters: int) -> None:
    width = max(200, letters * 5)
    pixels = drawn_text.sign("Exit B4", size=(width, max(80, 2 * letters)), letters=letters)
    assert texts(reader.read(pixels)) == ["Exit B4"]


def test_the_same_image_gives_the_same_lines(reader: TextReader) -> None:
    assert reader.read(SIGN) == reader.read(SIGN)


def test_enough_words_are_enough(reader: TextReader) -> None:
    assert texts(reader.read(SIGN, WordFilter(most=3))) == ["Platform 7", "mind"]


def test_an_image_without_text_has_none(reader: TextReader, noise: NDArray[np.uint8]) -> None:
    grey = np.full((300, 400, 3), 128, np.uint8)
    striped = grey.copy()
    striped[:, ::16] = 0
    for pixels in (noise, grey, striped, grey[:80, :80].copy()):
        assert reader.read(pixels) == ()


def test_all_of_a_text_that_touches_the_edge_lies_within_the_image(reader: TextReader) -> None:
    cut = np.ascontiguousarray(SIGN[85:, 150:])
    lines = reader.read(cut)
    assert lines
    corners = [corner for line in lines for word in line.words for corner in word.outline]
    assert all(0 <= corner.x <= 1 and 0 <= corner.y <= 1 for corner in corners)


def test_only_so_many_lines_are_looked_at(reader: TextReader) -> None:
    page = np.full((400, 400, 3), 255, np.uint8)
    for y in range(20, 400, 26):
        for x in range(8, 380, 40):
            cv2.putText(page, "x", (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0))
    network = reader.detector._network
    assert len(DbDetector(network, DbSettings()).detect(page)) > 100
    assert len(DbDetector(network, DbSettings(max_lines=20)).detect(page)) <= 20


@pytest.mark.parametrize(
    ("size", "canvas"),
    [
        ((80, 80), (160, 160)),
        ((480, 640), (480, 640)),
        ((3000, 4000), (1216, 1600)),
        ((6000, 6000), (1600, 1600)),
        ((80, 10000), (96, 12640)),
        ((400, 10000), (224, 5664)),
    ],
)
def test_the_canvas_of_the_network_is_bounded(
    size: tuple[int, int], canvas: tuple[int, int]
) -> None:
    seen = []

    class Blind:
        def run(self, values: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
            seen.append(values.shape)
            return {"out": np.zeros((1, 1, *values.shape[2:]), np.float32)}

    assert DbDetector(Blind(), DbSettings()).detect(np.zeros((*size, 3), np.uint8)) == []
    assert seen == [(1, 3, *canvas)]


def test_long_strips_keep_their_text(reader: TextReader) -> None:
    pixels = drawn_text.sign("Next stop: Central Station", size=(4000, 80))
    assert texts(reader.read(pixels)) == ["Next stop: Central Station"]
