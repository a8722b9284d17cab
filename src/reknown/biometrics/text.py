"""Text for people, on screens and in notebooks."""

from __future__ import annotations

from unicodedata import category

# No calibration reaches beyond it, so that it stands for anything rarer.
_RAREST = 1e-6
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"


def one_in(rate: float | None) -> str:
    """A false match rate for people: "1 in 10,000"; "-" where none is known."""
    if rate is None:
        return "-"
    if rate >= 1:
        return "every one"
    text = f"1 in {float(f'{1 / rate:.2g}'):,.0f}"
    return f"under {text}" if rate <= _RAREST else text


def printable(text: str) -> str:
    """`text` without control characters: names from strangers must not move the cursor."""
    if text.isprintable():
        return text
    return "".join(c if _harmless(c) else "\N{REPLACEMENT CHARACTER}" for c in text)


def _harmless(character: str) -> bool:
    """Printable, or a space or joiner that names in some scripts are written with."""
    return character.isprintable() or category(character) == "Zs" or character in _JOINERS


def times(number: int) -> str:
    """How often: "once", "3 times"."""
    return "once" if number == 1 else counted(number, "time")


def counted(number: int, one: str, many: str | None = None) -> str:
    """So many of something, in the plural but for one: that with an s, or as it is given."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
