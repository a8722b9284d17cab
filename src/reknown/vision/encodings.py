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
_OTHERS = "\udc80-\udcff"
# What Western names in Windows-1252 do not have, and names in other encodings of one or two bytes
# a letter (Cyrillic, Greek, Polish, Chinese, Japanese, Korean, old Mac) soon do.
_FOREIGN = re.compile(
    f"[{_OTHERS}]{{4}}"  # letters with accents stand between plain ones
    # signs that are no letters and stand in no name
    "|[\udc81-\udc84\udc86-\udc89\udc8b\udc8d\udc8f\udc90\udc95\udc98\udc99\udc9b\udc9d]"
    "|[\udca2-\udca8\udcac-\udcaf\udcb1\udcb3\udcb5\udcb6\udcb8\udcb9\udcbc-\udcbe\udcd7\udcf7]"
    "|[a-z][\udc8a\udc8c\udc8e\udc9f\udcc0-\udcde]"  # a capital behind a small letter
    "|[A-Za-z][\udc91\udc93\udca1\udcbf]"  # what opens a word behind a letter
    f"|[{_OTHERS}][{{}}^~@`]"  # second bytes of two
    f"|[^A-Za-z{_OTHERS}][\udcc0-\udcff]{{2,}}[^A-Za-z{_OTHERS}]"  # a word of accents alone
)
_LONGEST = 8


def encoding_of(file: Path) -> str:
    """The name for `open`: UTF-16 by its mark, UTF-8, or Windows-1252 where it can be nothing else.

    That is where no character beyond ASCII is right UTF-8, and the other bytes are such as Western
    names have: a wrong guess would make names of nonsense. With `errors="surrogateescape"` what is
    wrong all the same comes through as surrogates.
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
            before = text[-_LONGEST:]  # as what is foreign may begin there
            if not text.isascii():
                if _BEYOND_ASCII.search(text) or _FOREIGN.search(text):
                    return "utf-8"
                wrong = True
    return "cp1252" if wrong else "utf-8"
