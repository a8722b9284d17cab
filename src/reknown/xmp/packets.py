"""Where XMP is: in a file of its own, or in a photo as a packet that can be found by its ends."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from reknown.biometrics.errors import InputError
from reknown.xmp.tree import MAX_BYTES

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BEGIN = re.compile(rb"<([A-Za-z_][A-Za-z0-9_.-]{0,30}):xmpmeta[\s>]")


@dataclass(frozen=True, slots=True)
class SidecarText:
    """An XMP file as UTF-8 without a mark, and what brings it back to what it was."""

    data: bytes
    mark: bytes = b""
    encoding: str = "utf-8"

    def encoded(self, data: bytes) -> bytes:
        """UTF-8 as the file has it."""
        return self.mark + data.decode().encode(self.encoding)


def text_of(file: bytes) -> SidecarText:
    """An XMP file's text; raises `InputError` for what is neither UTF-8 nor marked as UTF-16."""
    mark, encoding = next(
        ((mark, encoding) for mark, encoding in _BOMS if file.startswith(mark)), (b"", "utf-8")
    )
    try:
        return SidecarText(file[len(mark) :].decode(encoding).encode(), mark, encoding)
    except UnicodeError as error:
        raise InputError("not XMP: it is neither UTF-8 nor UTF-16") from error


def embedded_packet(photo: bytes) -> bytes | None:
    """The first XMP packet in a photo's file, if it is within bounds; None without one.

    JPEG, TIFF, HEIF and WebP hold it as it is, PNG too where it is not compressed.
    """
    found = _BEGIN.search(photo)
    if found is None:
        return None
    last = b"</" + found[1] + b":xmpmeta>"
    end = photo.find(last, found.end(), found.start() + MAX_BYTES)
    return None if end < 0 else photo[found.start() : end + len(last)]
