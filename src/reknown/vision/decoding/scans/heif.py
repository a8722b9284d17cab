"""The boxes of a HEIC or AVIF (ISO/IEC 23008-12), up to the sizes of its images.

Decoders of these look every item up in lists of items, places and properties: how many there are
is bounded here, and the largest image that any property states is what there has to be room for.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from reknown.vision.decoding.scans.bounds import require_at_most

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.vision.decoding.scans.bounds import WorkBounds

# Boxes that hold boxes, with the bytes before the first one.
_HOLDERS = {
    b"meta": 4, b"iprp": 0, b"ipco": 0, b"iinf": 6, b"iref": 4, b"moov": 0, b"trak": 0,
    b"mdia": 0, b"minf": 0, b"stbl": 0, b"grpl": 0, b"dinf": 0,
}  # fmt: skip
# Lists by the place of their number of entries.
_LISTS = {b"ipma": 4, b"iloc": 6, b"stsz": 8, b"stts": 4, b"stsc": 4, b"stco": 4, b"co64": 4}


def scan_heif(data: bytes, bounds: WorkBounds) -> tuple[int, int]:
    """Width and height of the largest image in it, as it is stored."""
    largest = (0, 0)
    found = _boxes(data, 0, len(data), 0, bounds.depth)
    for boxes, (kind, start, end) in enumerate(found, 1):
        require_at_most(boxes, bounds.boxes, "boxes")
        if kind == b"ispe" and start + 12 <= end:
            size = struct.unpack_from(">II", data, start + 4)
            largest = max(largest, size, key=lambda each: each[0] * each[1])
        elif kind in _LISTS:
            require_at_most(_entries(data, kind, start), bounds.items, "items")
    return largest


def _entries(data: bytes, kind: bytes, start: int) -> int:
    """How many entries a list says that it has; the numbers in `iloc` may be short or long."""
    short = kind == b"iloc" and data[start : start + 1] < b"\2"
    form = ">H" if short else ">I"
    place = start + _LISTS[kind]
    room = place + struct.calcsize(form) <= len(data)
    return int(struct.unpack_from(form, data, place)[0]) if room else 0


def _boxes(
    data: bytes, start: int, end: int, depth: int, most: int
) -> Iterator[tuple[bytes, int, int]]:
    """(kind, first byte of its content, end) of each, and of those within, until a broken one."""
    require_at_most(depth, most, "levels of boxes within boxes")
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == 1 and start + 16 <= end:
            head, size = 16, struct.unpack_from(">Q", data, start + 8)[0]
        elif size == 0:
            size = end - start
        if size < head:
            return
        stop = min(start + size, end)
        yield kind, start + head, stop
        if kind in _HOLDERS:
            before = _HOLDERS[kind]
            if kind == b"iinf" and data[start + head : start + head + 1] > b"\0":
                before += 2
            yield from _boxes(data, start + head + before, stop, depth + 1, most)
        start += size
