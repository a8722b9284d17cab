from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import drawn_text
from reknown.biometrics.errors import ModelFileError
from reknown.vision.text.recogniser import CtcRecogniser, CtcSettings, decode

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.vision.text.reader import TextReader

CHARACTERS = ("", "a", "b", " ")


class Silent:
    """A network with as many classes as it says, all of them blank."""

    def __init__(self, metadata: dict[str, str], classes: int) -> None:
        self.metadata = metadata
        self._classes = classes

    def run(self, values: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        return {"out": np.zeros((1, values.shape[3] // 8, self._classes), np.float32)}


def scores(best: str, sure: float = 0.9) -> NDArray[np.float32]:
    """Columns in which these characters are the best ones, "-" for a blank."""
    columns = np.full((len(best), len(CHARACTERS)), (1 - sure) / 3, np.float32)
    for column, character in enumerate(best):
        columns[column, 0 if character == "-" else CHARACTERS.index(character)] = sure
    return columns


def text(best: str) -> str:
    return "".join(glyph.text for glyph in decode(scores(best), CHARACTERS, 1 / max(len(best), 1)))


def test_repeated_characters_need_a_blank_between_them() -> None:
    assert text("aa-ab- b--") == "aab b"
    assert text("aaaa") == "a"
    assert text("----") == text("") == ""


def test_a_character_lies_in_the_middle_of_its_columns() -> None:
    one, two = decode(scores("-aab"), CHARACTERS, 0.25)
    assert (one.place, two.place) == (0.5, 0.875)
    assert one.confidence == pytest.approx(0.9)


@given(st.text("ab -", max_size=30))
def test_what_is_written_with_blanks_is_read(written: str) -> None:
    spelt = "-".join(written.replace("-", ""))
    assert text(spelt) == written.replace("-", "")


def test_a_network_that_names_no_characters_is_refused() -> None:
    with pytest.raises(ModelFileError, match="does not say which characters"):
        CtcRecogniser(Silent({}, 4), CtcSettings())


def test_a_network_with_other_characters_than_it_names_is_refused() -> None:
    recogniser = CtcRecogniser(Silent({"character": "a\nb\nc"}, 4), CtcSettings())
    with pytest.raises(ModelFileError, match="names other characters"):
        recogniser.read(np.zeros((48, 100, 3), np.uint8))


def test_the_packs_network_knows_its_characters(reader: TextReader) -> None:
    characters = reader.recogniser.characters
    assert len(characters) == len(set(characters)) == 18_710
    assert set(characters) >= set("Aaéł0ΩΨ中あア ")
    assert not set(characters) & set("ЖйяΆςกम")


def test_characters_lie_where_they_were_drawn(reader: TextReader) -> None:
    pixels = drawn_text.sign("A B", size=(400, 80))
    marks = np.flatnonzero((pixels < 128).any(axis=(0, 2))) / 400
    first, last = reader.recogniser.read(np.ascontiguousarray(pixels[16:64]))
    assert (first.text, last.text) == ("A", "B")
    assert marks.min() < first.place < marks.min() + 0.08
    assert marks.max() - 0.08 < last.place < marks.max()
