"""Letters of two alphabets that look the same: which one a line is written in.

The recogniser knows Latin and Greek and cannot tell an A from an alpha. A line with letters that
only Greek has is Greek, and then so are its words whose other letters all could be.
"""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.vision.text.recogniser import Glyph

_TWINS = dict(zip("ABEZHIKMNOPTYXovµóí", "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧονμόί", strict=True))
# Fewer may be symbols between Latin words: an angle, ohms, a mean.
_LEAST = 2


def in_one_alphabet(glyphs: Sequence[Glyph]) -> tuple[Glyph, ...]:
    """The same characters, Latin letters replaced by their Greek twins in a line of Greek."""
    if sum(_is_greek(glyph.text) for glyph in glyphs) < _LEAST:
        return tuple(glyphs)
    told: list[Glyph] = []
    for word in _words(glyphs):
        latin = [glyph.text for glyph in word if _is_latin(glyph.text)]
        twins = _TWINS if all(letter in _TWINS for letter in latin) else {}
        told.extend(replace(glyph, text=twins.get(glyph.text, glyph.text)) for glyph in word)
    return tuple(told)


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
