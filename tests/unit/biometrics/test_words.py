from __future__ import annotations

import pytest

from reknown.biometrics.geometry import BoundingBox, Point
from reknown.biometrics.words import Line, Word, box_around, numbered


def word(text: str, left: float, confidence: float = 0.9) -> Word:
    """A word as wide as a tenth of the image."""
    right = left + 0.1
    corners = (Point(left, 0.2), Point(right, 0.25), Point(right, 0.4), Point(left, 0.35))
    return Word(text, confidence, corners)


def test_a_line_is_its_words() -> None:
    line = Line((word("fire", 0.1, 0.9), word("exits", 0.3, 0.45)))
    assert line.text == "fire exits"
    assert line.confidence == pytest.approx((4 * 0.9 + 5 * 0.45) / 9)
    assert line.outline == (Point(0.1, 0.2), Point(0.4, 0.25), Point(0.4, 0.4), Point(0.1, 0.35))
    assert (line.box.left, line.box.top) == (0.1, 0.2)
    assert (line.box.width, line.box.height) == pytest.approx((0.3, 0.2))


def test_a_line_without_words_is_none() -> None:
    with pytest.raises(ValueError, match="at least one word"):
        Line(())


def test_lines_are_numbered_before_their_words() -> None:
    lines = (Line((word("fire", 0.1), word("exit", 0.3))), Line((word("here", 0.1),)))
    assert [(n.number, n.line, n.text.text) for n in numbered(lines)] == [
        (0, None, "fire exit"),
        (1, None, "here"),
        (2, 0, "fire"),
        (3, 0, "exit"),
        (4, 1, "here"),
    ]


def test_a_box_is_around_all_points() -> None:
    assert box_around([Point(0.5, 0.25), Point(0.25, 0.75)]) == BoundingBox(0.25, 0.25, 0.25, 0.5)
