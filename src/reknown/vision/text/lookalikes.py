"""Letters of two alphabets that look the same: which one a line is written in.

The recogniser knows Latin and Greek and cannot tell an A from an alpha. A line is Greek that has a
word with a letter of Greek alone and none of Latin alone; and then so are all words that can be.
"""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.vision.text.recogniser import Glyph

_TWINS = dict(zip("ABEZHIKMNOPTYXovµ∆óí", "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧονμΔόί", strict=True))
# A shorter word may be a unit or a variable: ohms, a difference.
_LEAST = 4


def in_one_alphabet(glyphs: Sequence[Glyph]) -> tuple[Glyph, ...]:
    """The same characters, Latin letters replaced by their Greek twins in a line of Greek."""
    words = _words(glyphs)
    if not any(_is_surely_greek(word) for word in words):
        return tuple(glyphs)
    return tuple(
        replace(glyph, text=_TWINS.get(glyph.text, glyph.text)) if _may_be_greek(word) else glyph
        for word in words
        for glyph in word
    )


def _is_surely_greek(word: Sequence[Glyph]) -> bool:
    """Whether it has letters enough, one that only Greek has, and none that Greek has not."""
    letters = [glyph.text for glyph in word if glyph.text.isalpha()]
    return len(letters) >= _LEAST and any(map(_is_greek, letters)) and _may_be_greek(word)


def _may_be_greek(word: Sequence[Glyph]) -> bool:
    return all(glyph.text in _TWINS for glyph in word if _is_latin(glyph.text))


def _words(glyphs: Sequence[Glyph]) -> list[list[Glyph]]:
    """The glyphs in runs, each with the space before it."""
    runs: list[list[Glyph]] = [[]]
    for glyph in glyphs:
        if glyph.text.isspace():
            runs.append([])
        runs[-1].append(glyph)
    return runs


def _is_greek(character: str) -> bool:
    return unicodedata.name(character, "").startswith("GREEK")


def _is_latin(character: str) -> bool:
    name = unicodedata.name(character, "")
    return name.startswith("LATIN") or name == "MICRO SIGN"
