"""A TIFF's first directory (TIFF 6.0, section 2; BigTIFF): the first page is all that is read."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Literal

from reknown.vision.decoding.scans.bounds import require_at_most

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.vision.decoding.scans.bounds import WorkBounds

_WIDTH, _HEIGHT, _STRIPS, _TILES = 256, 257, 273, 324
_SHORT, _LONG, _LONG8 = 3, 4, 16
_BYTES = {_SHORT: 2, _LONG: 4, _LONG8: 8}
_BIG = 43


def scan_tiff(data: bytes, bounds: WorkBounds) -> tuple[int, int]:
    """Width and height of the first page as it is stored, however it is to be turned."""
    width = height = 0
    order: Literal["little", "big"] = "little" if data.startswith(b"II") else "big"
    mark = "<" if order == "little" else ">"
    for tag, kind, count, value in _entries(data, mark, bounds.entries):
        if tag in (_WIDTH, _HEIGHT):
            number = int.from_bytes(value[: _BYTES.get(kind, 0)], order)
            width, height = (number, height) if tag == _WIDTH else (width, number)
        elif tag in (_STRIPS, _TILES):
            require_at_most(count, bounds.strips, "strips")
    return width, height


def _entries(data: bytes, mark: str, most: int) -> Iterator[tuple[int, int, int, bytes]]:
    """(tag, type, number of values, the values or where they are) of each."""
    if len(data) < 16:
        return
    big = struct.unpack_from(f"{mark}H", data, 2)[0] == _BIG
    place, count, entry = ("Q", "Q", "HHQ8s") if big else ("I", "H", "HHI4s")
    (start,) = struct.unpack_from(mark + place, data, 8 if big else 4)
    head = struct.calcsize(mark + count)
    if start + head > len(data):
        return
    (number,) = struct.unpack_from(mark + count, data, start)
    require_at_most(number, most, "entries in its directory")
    size = struct.calcsize(mark + entry)
    room = (len(data) - start - head) // size
    for index in range(min(number, room)):
        yield struct.unpack_from(mark + entry, data, start + head + size * index)
