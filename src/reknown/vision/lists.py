"""Lists of pictures: CSV files as spreadsheets, exports and people write them.

The separator is a comma, a semicolon, a tab or a bar; the text UTF-8, UTF-16 with its mark, or
Windows-1252; the first line names the columns, in any order and case.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.vision.encodings import encoding_of
from reknown.vision.folders import is_image_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import TextIOWrapper
    from pathlib import Path

    from reknown.biometrics.problems import Problems

# What other programs call these columns, the better known name first.
_IMAGE = (
    "image", "file", "filename", "file name", "file_name", "path", "filepath", "file path",
    "file_path", "image path", "image_path", "sourcefile", "picture", "photo",
)  # fmt: skip
_SUBJECT = ("subject", "person", "name", "people", "user", "identity", "label")
_SEPARATORS = (",", ";", "\t", "|")
_ANNOUNCED = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
# JPEG, PNG, GIF and TIFF
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*")
_MAX_BYTES = 1 << 30
_MAX_ROWS = 5_000_000
_MAX_COLUMNS = 100
_MAX_FIELD = 4_096
_HEADER = 100_000
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class PictureList:
    """A list that is open: `names` of its columns (NFC), and which are `image` and `subject`.

    `rows` are those of the right width and of whole characters, with the line that each begins
    on; the others are among the problems, and blank ones are passed over.
    """

    names: tuple[str, ...]
    image: int
    subject: int
    rows: Iterator[tuple[int, list[str]]]


@contextmanager
def open_list(file: Path, problems: Problems) -> Iterator[PictureList]:
    """Reads it row by row; `problems` gathers what is wrong with single lines.

    Raises `InputError` for a file that is no list, `OSError`.
    """
    if is_image_name(file.name) or _is_picture(file):
        raise InputError(
            f"{file} is an image: give the folder with a folder for each person, or a CSV file"
        )
    if file.stat().st_size > _MAX_BYTES:
        raise InputError(f"{file} has more than {_MAX_BYTES:,} bytes: split it")
    # bytes that are no text come through, to be reported with their line
    with file.open(encoding=encoding_of(file), errors="surrogateescape", newline="") as lines:
        separator, skipped = _dialect(lines)
        rows = _rows(lines, separator, skipped, problems)
        line, header = next(rows, (1, list[str]()))
        names = _names(header, file, line)
        image, subject = _place(names, _IMAGE), _place(names, _SUBJECT)
        if image is None or subject is None:
            shown = "".join(c for c in separator.join(header)[:_SHOWN] if c.isprintable())
            raise InputError(
                f"{file}: the first line must name the columns image,subject (or file,name, or "
                f"path,person), not {shown!r}"
            )
        yield PictureList(names, image, subject, _checked(rows, len(names), problems))


def _is_picture(file: Path) -> bool:
    with file.open("rb") as raw:
        head = raw.read(12)
    return head.startswith(_PICTURES) or head[4:8] == b"ftyp" or head[8:] == b"WEBP"


def _dialect(lines: TextIOWrapper) -> tuple[str, int]:
    """The separator, and how many lines come before the header, such as Excel's `sep=;`."""
    first = lines.readline(_HEADER)
    if announced := _ANNOUNCED.fullmatch(first.strip("\r\n")):
        return announced[1], 1
    while first.isspace():
        first = lines.readline(_HEADER)
    return max(_SEPARATORS, key=lambda separator: _fits(first, separator)), 0


def _fits(first: str, separator: str) -> bool:
    names = [name.strip(' "\r\n') for name in first.split(separator)]
    return _place(names, _IMAGE) is not None and _place(names, _SUBJECT) is not None


def _rows(
    lines: TextIOWrapper, separator: str, skipped: int, problems: Problems
) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line that they begin on; blank ones and what follows a broken quote not."""
    lines.seek(0)
    for _ in range(skipped):
        lines.readline()
    reader = csv.reader(lines, strict=True, delimiter=separator)
    line = 1 + skipped
    try:
        for row in reader:
            if any(cell and not cell.isspace() for cell in row):
                yield line, row
            line = reader.line_num + 1 + skipped
    except csv.Error as error:
        problems.add(line, f"{error}: look for a quotation mark too many; nothing below was read")


def _names(header: list[str], file: Path, line: int) -> tuple[str, ...]:
    names = [unicodedata.normalize("NFC", name.strip()) for name in header]
    while names and not names[-1]:
        names.pop()
    if broken(names):
        raise InputError(f"{file}, line {line}: {broken(names)}")
    if len(set(names)) < len(names) or not all(names):
        raise InputError(f"{file}, line {line}: each column needs a name of its own")
    if len(names) > _MAX_COLUMNS:
        raise InputError(f"{file}, line {line}: {_MAX_COLUMNS} columns are allowed")
    return tuple(names)


def _place(names: Sequence[str], known: Sequence[str]) -> int | None:
    lower = [name.casefold() for name in names]
    return next((lower.index(name) for name in known if name in lower), None)


def _checked(
    rows: Iterator[tuple[int, list[str]]], width: int, problems: Problems
) -> Iterator[tuple[int, list[str]]]:
    for number, (line, row) in enumerate(rows, 1):
        if number > _MAX_ROWS:
            problems.add(line, f"more than {_MAX_ROWS:,} rows: split the file")
            return
        while len(row) > width and not row[-1]:
            row.pop()
        if len(row) != width:
            problems.add(line, f"{len(row)} values where the first line names {width}")
        elif problem := broken(row):
            problems.add(line, problem)
        else:
            yield line, row


def broken(row: Sequence[str]) -> str:
    """What is wrong with the characters of a row, or nothing."""
    text = "".join(row)
    if "\0" in text:
        return "a NUL in it: save the file as CSV in UTF-8"
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return "not UTF-8: save the file as UTF-8"
    if len(text) > _MAX_FIELD and max(map(len, row)) > _MAX_FIELD:
        return f"a value of more than {_MAX_FIELD:,} characters: look for a missing quotation mark"
    return ""
