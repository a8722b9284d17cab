"""In which of a few encodings a text file was saved."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BEYOND_ASCII = re.compile("[^\0-\x7f\udc80-\udcff]")
# Western words have single letters with accents between plain ones; Cyrillic, Greek and Chinese
# words saved in encodings of their own are runs of such bytes.
_FOREIGN = re.compile("[\udc80-\udcff]{4}")


def encoding_of(file: Path) -> str:
    """The name for `open`: UTF-16 by its mark, UTF-8, or Windows-1252 where it can be nothing else.

    That is where no character beyond ASCII is right UTF-8, and no four of the wrong bytes stand in
    a row. With `errors="surrogateescape"` what is wrong all the same comes through as surrogates.
    """
    with file.open("rb") as raw:
        head = raw.read(4)
        for mark, encoding in _MARKS:
            if head.startswith(mark):
                return encoding
        raw.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
        wrong, end, before = False, False, ""
        while not end:
            chunk = raw.read(_CHUNK)
            end = not chunk
            text = before + decoder.decode(chunk, final=end)
            before = text[-3:]  # as a run may begin there
            if _BEYOND_ASCII.search(text) or _FOREIGN.search(text):
                return "utf-8"
            wrong = wrong or not text.isascii()
    return "cp1252" if wrong else "utf-8"
