from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.biometrics.errors import InputError
from reknown.gallery.names import alike, normalised, require_text, require_texts, spellings

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("name", ["", "a" * 256, "a\0", "\udce9", "a\ud800"])
def test_what_cannot_be_a_name(name: str) -> None:
    with pytest.raises(InputError, match=r"^a name "):
        require_text("a name", name)


@pytest.mark.parametrize("name", ["a", "a" * 255, "\u5bb6\u65cf", 'it\'s "x"; --', "\U0001f4a1"])
def test_what_can(name: str) -> None:
    require_text("a name", name)


def test_a_name_has_one_normal_spelling() -> None:
    assert normalised("Zoe\u0308") == normalised("Zo\u00eb") == "Zo\u00eb"
    assert spellings("Ada") == ("Ada",)
    assert spellings("Zoe\u0308") == ("Zoe\u0308", "Zo\u00eb")
    # an Angstrom is an A with a ring, and that is two characters
    assert spellings("\u212b") == ("\u212b", "\u00c5", "A\u030a")


def test_letters_that_look_alike_in_two_scripts_are_two_names() -> None:
    assert alike("Zoe\u0308", "Zo\u00eb")
    assert not alike("A", "\u0410")
    assert not alike("Ada", "ada")


@given(st.text())
def test_every_spelling_is_the_same_name(name: str) -> None:
    for form in spellings(name):
        assert alike(form, name)
        assert normalised(form) == normalised(name) == unicodedata.normalize("NFC", name)


@given(st.lists(st.text(max_size=6), max_size=5), st.integers(0, 3), st.integers(3, 6))
def test_many_texts_are_judged_as_one_by_one(texts: list[str], shortest: int, longest: int) -> None:
    def refusal(check: Callable[[], None]) -> str:
        try:
            check()
        except InputError as error:
            return str(error)
        return ""

    each = (
        refusal(lambda text=text: require_text("it", text, shortest, longest))  # type: ignore[misc]
        for text in texts
    )
    first = next(filter(None, each), "")
    assert refusal(lambda: require_texts("it", texts, shortest, longest)) == first
