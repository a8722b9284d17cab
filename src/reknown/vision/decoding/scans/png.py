"""A PNG's chunks (ISO/IEC 15948)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from reknown.vision.decoding.scans.bounds import exif_entries, require_at_most

if TYPE_CHECKING:
    from reknown.vision.decoding.scans.bounds import WorkBounds

_SIGNATURE = 8


def scan_png(data: bytes, bounds: WorkBounds) -> tuple[int, int]:
    """Width and height."""
    width = height = chunks = 0
    place = _SIGNATURE
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        chunks += 1
        require_at_most(chunks, bounds.chunks, "chunks")
        start, place = place + 8, place + 12 + length
        if kind == b"IHDR" and length >= 8 and start + 8 <= len(data):
            wide, high = struct.unpack_from(">II", data, start)
            width, height = max(width, wide), max(height, high)
        elif kind == b"eXIf":
            require_at_most(
                exif_entries(data[start : start + length]), bounds.exif_entries, "EXIF entries"
            )
        elif kind == b"IEND":
            break
    return width, height
