"""Rows -> CSV that spreadsheets show and never run.

RFC 4180: commas, lines that end in CR LF, quotation marks doubled. Text that could be anything but
plain words is quoted, so that a program which takes semicolons or tabs for commas finds no other
cells. Text that a spreadsheet would take for a formula gets an apostrophe in front, as OWASP's
page on CSV injection has it. Numbers have a dot and no thousands separators.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import BinaryIO

Cell: TypeAlias = "str | int | float | None"
"""Text, a number, or None for an empty cell."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# The second four are their full-width forms, which some programs take for the same.
_FORMULAS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n")
_BARE = re.compile(r"[\w./:()-]+( [\w./:()-]+)*")


class CsvWriter:
    """A table that is written row by row, in UTF-8.

    With `mark` it begins with a byte order mark, without which Excel takes UTF-8 for the system's
    old encoding.
    """

    def __init__(self, file: BinaryIO, columns: Sequence[str], *, mark: bool = False) -> None:
        self._file = file
        self._columns = len(columns)
        self._file.write(BYTE_ORDER_MARK if mark else b"")
        self.write([columns])

    def write(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Raises `ValueError` for a row that has not as many cells as there are columns."""
        for row in rows:
            if len(row) != self._columns:
                raise ValueError(f"a row of {len(row)} cells in a table of {self._columns}")
            line = ",".join(map(csv_cell, row)) + "\r\n"
            # file names may hold what no text can
            self._file.write(line.encode("utf-8", "backslashreplace"))


def csv_cell(value: Cell) -> str:
    """A cell as it stands in the file."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.7g}"
    if isinstance(value, int):
        return str(value)
    text = f"'{value}" if value.lstrip(" ").startswith(_FORMULAS) else value
    if _BARE.fullmatch(text) or not text:
        return text
    return '"' + text.replace('"', '""') + '"'
