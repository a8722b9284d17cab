"""Names from strangers, made fit to be shown: one line, nothing invisible, no more than fits."""

from __future__ import annotations

from unicodedata import category, east_asian_width

# names in some scripts are written with them
_JOINERS = "\u200c\u200d"


def plain(text: str) -> str:
    """`text` in one line; control characters, those that turn the direction too, replaced."""
    # whatever splits lines becomes a blank first, CR LF one and not two
    lines = " ".join(text.splitlines()).replace("\t", " ")
    return "".join(c if _harmless(c) else "\N{REPLACEMENT CHARACTER}" for c in lines)


def shortened(text: str, columns: int) -> str:
    """`text` made plain; its middle left out where it is wider than `columns` characters.

    The end stays because the names of groups often differ in nothing else.
    """
    # more cannot be shown, and a label may have a million characters
    if len(text) > 8 * columns:
        text = text[: 4 * columns] + text[-4 * columns :]
    line = plain(text)
    if _width(line) <= columns:
        return line
    room = columns - 1
    head = _fitting(line, room - room // 2)
    tail = _fitting(line[::-1], room // 2)[::-1]
    return f"{head.rstrip()}\N{HORIZONTAL ELLIPSIS}{tail.lstrip()}"


def _fitting(line: str, columns: int) -> str:
    """As much of the beginning of `line` as `columns` hold."""
    used = 0
    for place, character in enumerate(line):
        used += _width(character)
        if used > columns:
            return line[:place]
    return line


def _harmless(character: str) -> bool:
    return character.isprintable() or category(character) == "Zs" or character in _JOINERS


def _width(text: str) -> int:
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)
