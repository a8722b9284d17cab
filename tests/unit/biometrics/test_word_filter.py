from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.biometrics.errors import InputError
from reknown.biometrics.geometry import Point
from reknown.biometrics.regions import lies_in
from reknown.biometrics.word_filter import WordFilter
from reknown.biometrics.words import Line, Word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.biometrics.regions import Region

LEFT_HALF = (Point(0, 0), Point(0.5, 0), Point(0.5, 1), Point(0, 1))


def word(text: str, left: float = 0.1, confidence: float = 0.9, side: float = 0.1) -> Word:
    right, low = left + side, 0.2 + side / 2
    corners = (Point(left, 0.2), Point(right, 0.2), Point(right, low), Point(left, low))
    return Word(text, confidence, corners)


def texts(words: WordFilter, *lines: Line) -> list[str]:
    return [line.text for line in words.of(lines)]


def test_without_conditions_all_is_wanted() -> None:
    lines = (Line((word("a", confidence=0),)), Line((word("b", 2.0),)))
    assert WordFilter().of(lines) == lines


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        (WordFilter(confidence=0.8), ["sure wide"]),
        (WordFilter(width=0.2), ["wide"]),
        (WordFilter(height=0.1), ["wide"]),
        (WordFilter(regions=(LEFT_HALF,)), ["sure unsure"]),
        (WordFilter(most=2), ["sure unsure"]),
        (WordFilter(confidence=0.8, most=1), ["sure"]),
        (WordFilter(most=0), []),
    ],
)
def test_a_line_keeps_the_words_that_are_wanted(wanted: WordFilter, left: list[str]) -> None:
    line = Line((word("sure"), word("unsure", 0.3, 0.5), word("wide", 0.6, side=0.3)))
    assert texts(wanted, line) == left


def test_what_is_left_of_a_line_is_where_its_words_are() -> None:
    line = Line((word("gone", 0.1, 0.1), word("here", 0.5)))
    (kept,) = WordFilter(confidence=0.5).of([line])
    assert kept.box == line.words[1].box


def test_no_more_lines_are_asked_for_than_it_takes() -> None:
    asked = []

    def lines() -> Iterator[Line]:
        for number in range(9):
            asked.append(number)
            yield Line((word("a"), word("b")))

    assert sum(len(line.words) for line in WordFilter(most=3).of(lines())) == 3
    assert asked == [0, 1]


def test_the_centre_decides_whether_a_word_lies_in_a_region() -> None:
    wanted = WordFilter(regions=(LEFT_HALF,))
    assert texts(wanted, Line((word("in", 0.44),)), Line((word("out", 0.46),))) == ["in"]


def test_one_of_several_regions_is_enough() -> None:
    right = (Point(0.6, 0), Point(1, 0), Point(1, 1))
    wanted = WordFilter(regions=(LEFT_HALF, right))
    assert texts(wanted, Line((word("a", 0.1), word("b", 0.5), word("c", 0.8)))) == ["a c"]


@given(st.floats(-1, 2), st.floats(-1, 2))
def test_a_triangle_holds_what_its_sides_say(x: float, y: float) -> None:
    triangle = (Point(0, 0), Point(1, 0), Point(0, 1))
    edge = min(abs(x), abs(y), abs(x + y - 1))
    if edge > 1e-9:
        assert lies_in(Point(x, y), triangle) == (x > 0 and y > 0 and x + y < 1)


def test_the_inner_corner_of_an_l_is_outside() -> None:
    shape: Region = tuple(
        Point(x, y) for x, y in ((0, 0), (1, 0), (1, 0.3), (0.3, 0.3), (0.3, 1), (0, 1))
    )
    assert lies_in(Point(0.1, 0.9), shape)
    assert lies_in(Point(0.9, 0.1), shape)
    assert not lies_in(Point(0.6, 0.6), shape)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"confidence": 1.1}, "least confidence"),
        ({"height": -0.1}, "least height"),
        ({"width": float("nan")}, "least width"),
        ({"regions": (LEFT_HALF,) * 11}, "10 regions at most, got 11"),
        ({"regions": (LEFT_HALF[:2],)}, "3 to 10 corners, got 2"),
        ({"regions": (LEFT_HALF * 3,)}, "3 to 10 corners, got 12"),
    ],
)
def test_what_is_out_of_range_is_refused(fault: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        WordFilter(**fault)
