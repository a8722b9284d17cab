"""A small version of bench/text.py: drawn pictures of the scripts that the recogniser knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from drawn_text import READABLE, draw_picture
from text_errors import count_errors

if TYPE_CHECKING:
    from reknown.vision.text.reader import TextReader

_PICTURES = 4
# bench/text.py: the upper ends of the intervals, and room for as few pictures.
_MOST = {"Latin": 0.03, "Greek capitals": 0.25, "Chinese": 0.03, "Japanese": 0.06}


@pytest.mark.parametrize("script", READABLE)
def test_scripts_that_are_known_are_read(reader: TextReader, script: str) -> None:
    pictures = [draw_picture(script, seed) for seed in range(_PICTURES)]
    counted = [count_errors(picture, reader.read(picture.pixels)) for picture in pictures]
    assert sum(each.found for each in counted) == sum(each.lines for each in counted)
    assert sum(each.extra for each in counted) == 0
    rate = sum(each.wrong for each in counted) / sum(each.written for each in counted)
    assert rate <= _MOST[script]


def test_an_alphabet_that_is_not_known_is_hardly_ever_taken_for_another(reader: TextReader) -> None:
    """Nothing is shown for most of it: few words are read so surely that they count."""
    pictures = [draw_picture("Cyrillic", seed) for seed in range(_PICTURES)]
    read = [line for picture in pictures for line in reader.read(picture.pixels)]
    sure = [word for line in read for word in line.words if word.confidence >= 0.8]
    written = sum(len(line.text.split()) for picture in pictures for line in picture.lines)
    assert written > 20
    assert len(sure) <= written / 4
