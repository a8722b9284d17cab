"""What names may be: any text that every database can hold."""

from __future__ import annotations

import unicodedata

from reknown.biometrics.errors import InputError


def require_text(what: str, value: str, shortest: int = 1, longest: int = 255) -> None:
    """Raises `InputError` unless `value` is of that length in characters and can be stored."""
    if not shortest <= len(value) <= longest:
        raise InputError(f"{what} takes {shortest} to {longest} characters, not {len(value)}")
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise InputError(f"{what} {value!r} holds a character that cannot be stored")


def normalised(name: str) -> str:
    """A person's name in one spelling (NFC) for all that look the same."""
    return unicodedata.normalize("NFC", name)


def alike(one: str, other: str) -> bool:
    """Whether two names look the same."""
    return normalised(one) == normalised(other)


def spellings(name: str) -> tuple[str, ...]:
    """The name, and what looks the same and may have been stored; the normal one second."""
    decomposed = unicodedata.normalize("NFD", name)
    return tuple(dict.fromkeys((name, normalised(name), decomposed)))
