from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.vision.text.recogniser import Glyph
from reknown.vision.text.splitting import split


def glyphs(text: str, confidence: float = 0.9) -> list[Glyph]:
    """The characters, evenly spread over the line."""
    return [Glyph(c, confidence, (n + 0.5) / len(text)) for n, c in enumerate(text)]


def test_words_lie_where_their_characters_do() -> None:
    one, two = split(glyphs("ab cde"))
    assert (one.text, two.text) == ("ab", "cde")
    assert (one.begin, one.end) == pytest.approx((0, 2 / 6))
    assert (two.begin, two.end) == pytest.approx((3 / 6, 1))


def test_a_word_of_one_character_reaches_half_way_to_its_neighbours() -> None:
    _, middle, _ = split(glyphs("ab c de"))
    assert middle.text == "c"
    assert middle.begin == pytest.approx(2.5 / 7)
    assert middle.end == pytest.approx(4.5 / 7)


def test_confidence_is_the_mean_of_the_characters() -> None:
    (word,) = split([Glyph("a", 1.0, 0.2), Glyph("b", 0.5, 0.8)])
    assert word.confidence == pytest.approx(0.75)


def test_spaces_alone_are_no_word() -> None:
    assert split([]) == split(glyphs("  ")) == ()
    assert [word.text for word in split(glyphs(" a  b "))] == ["a", "b"]


@given(st.text("ab 中", max_size=40))
def test_words_follow_each_other_within_the_line(text: str) -> None:
    words = split(glyphs(text))
    assert [word.text for word in words] == text.split()
    edges = [edge for word in words for edge in (word.begin, word.end)]
    assert edges == sorted(edges)
    assert all(0 <= edge <= 1 for edge in edges)
