# ruff: noqa: RUF001
from __future__ import annotations

import pytest

from reknown.vision.text.lookalikes import in_one_alphabet
from reknown.vision.text.recogniser import Glyph


def read(text: str) -> str:
    glyphs = [Glyph(character, 0.9, 0.5) for character in text]
    return "".join(glyph.text for glyph in in_one_alphabet(glyphs))


@pytest.mark.parametrize(
    ("seen", "meant"),
    [
        ("EΞOΔOΣ", "ΕΞΟΔΟΣ"),
        ("ΨΩMI NEPO", "ΨΩΜΙ ΝΕΡΟ"),
        ("Kαληµoν", "Καλημον"),
        ("ΠΛATEIA 24 TAXI", "ΠΛΑΤΕΙΑ 24 ΤΑΧΙ"),
        ("ΠΛATEIA WC", "ΠΛΑΤΕΙΑ WC"),
        ("ΦAPMAKEIO TAXY∆POMOΣ", "ΦΑΡΜΑΚΕΙΟ ΤΑΧΥΔΡΟΜΟΣ"),
    ],
)
def test_a_line_with_letters_of_greek_alone_is_greek(seen: str, meant: str) -> None:
    assert read(seen) == meant


@pytest.mark.parametrize(
    "text", ["NEPO MAX", "5 MΩ", "Σ BOX", "∆T = 2 K", "Δx = 3", "", "αβ-blocker", "10 µm"]
)
def test_symbols_among_latin_words_make_no_greek(text: str) -> None:
    assert read(text) == text


def test_places_and_confidence_stay() -> None:
    first, *_ = in_one_alphabet([Glyph(letter, 0.7, 0.1) for letter in "AΣΔB"])
    assert first == Glyph("Α", 0.7, 0.1)
