"""A WebP's chunks (RFC 9649)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from reknown.vision.decoding.scans.bounds import exif_entries, require_at_most

if TYPE_CHECKING:
    from reknown.vision.decoding.scans.bounds import WorkBounds

_FIRST_CHUNK = 12
_SIDE = 0x3FFF


def scan_webp(data: bytes, bounds: WorkBounds) -> tuple[int, int]:
    """Width and height: of the canvas, where there is one."""
    size = (0, 0)
    place, chunks = _FIRST_CHUNK, 0
    while place + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, place)
        chunks += 1
        require_at_most(chunks, bounds.chunks, "chunks")
        start, place = place + 8, place + 8 + length + length % 2
        if size == (0, 0):
            size = _size(kind, data[start : start + 10])
        if kind == b"EXIF":
            exif = data[start : start + length]
            require_at_most(exif_entries(exif), bounds.exif_entries, "EXIF entries")
    return size


def _size(kind: bytes, head: bytes) -> tuple[int, int]:
    if kind == b"VP8X" and len(head) >= 10:
        return int.from_bytes(head[4:7], "little") + 1, int.from_bytes(head[7:10], "little") + 1
    if kind == b"VP8 " and len(head) >= 10:
        width, height = struct.unpack_from("<HH", head, 6)
        return width & _SIDE, height & _SIDE
    if kind == b"VP8L" and len(head) >= 5:
        (bits,) = struct.unpack_from("<I", head, 1)
        return (bits & _SIDE) + 1, (bits >> 14 & _SIDE) + 1
    return 0, 0
