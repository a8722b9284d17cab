"""A JPEG's segments (ITU-T T.81, annex B)."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

from reknown.vision.decoding.scans.bounds import WorkBounds, exif_entries, require_at_most

if TYPE_CHECKING:
    from collections.abc import Iterator

_EXIF = b"Exif\0\0"
_SOS, _EOI, _APP1 = 0xDA, 0xD9, 0xE1
# start of frame: all kinds but DHT (C4), JPG (C8) and DAC (CC)
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SEQUENTIAL = frozenset({0xC0, 0xC1})
_BARE = frozenset({0x01, *range(0xD0, 0xDA)})  # without a length: TEM, RST0 to RST7, SOI, EOI
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xff]")
_NEXT_SEGMENT = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # in coded data restarts are no segments


def scan_jpeg(data: bytes, bounds: WorkBounds) -> tuple[int, int]:
    """Width and height."""
    width = height = components = scans = stray = 0
    sequential = False
    exif = b""
    for segments, (marker, start, end, skipped) in enumerate(
        _jpeg_segments(data, bounds.stray_bytes), 1
    ):
        stray += skipped
        require_at_most(segments, bounds.segments, "segments")
        require_at_most(stray, bounds.stray_bytes, "bytes between its segments")
        if marker == _EOI and scans:
            break
        if marker in _FRAMES and end - start >= 6:
            high, wide, components = struct.unpack_from(">HHB", data, start + 1)
            width, height = max(width, wide), max(height, high)
            sequential = marker in _SEQUENTIAL
        elif marker == _APP1 and data.startswith(_EXIF, start):
            exif += data[start + len(_EXIF) : end]
        elif marker == _SOS:
            if sequential and start < end and data[start] == components:
                break  # of others there is one scan, and nothing of what follows is looked at
            scans += 1
            require_at_most(scans, bounds.scans, "scans")
            require_at_most(
                scans * width * height, bounds.scanned_pixels, "pixels in all its scans"
            )
    require_at_most(exif_entries(exif), bounds.exif_entries, "EXIF entries")
    return width, height


def _jpeg_segments(data: bytes, most: int) -> Iterator[tuple[int, int, int, int]]:
    """(marker, first byte after its length, end, bytes skipped before it) of each segment.

    Not more than `most` bytes are looked through for a next one, but for coded data.
    """
    place, pattern = 2, _NEXT_MARKER
    while True:
        until = len(data) if pattern is _NEXT_SEGMENT else place + most + 2
        found = pattern.search(data, place, until)
        if found is None:
            if until < len(data):
                require_at_most(until - place, most, "bytes between its segments")
            return
        marker, after = data[found.start() + 1], found.end()
        stray = found.start() - place if pattern is _NEXT_MARKER else 0
        if marker in _BARE:
            yield marker, after, after, stray
            place = after
            continue
        if after + 2 > len(data):
            return
        place = after + max(2, int.from_bytes(data[after : after + 2]))
        yield marker, after + 2, min(place, len(data)), stray
        pattern = _NEXT_SEGMENT if marker == _SOS else _NEXT_MARKER


def whole_scans(data: bytes) -> int:
    """How many scans of a file are followed by something else."""
    scans = 0
    for marker, *_ in _jpeg_segments(data, WorkBounds().stray_bytes):
        if marker == _EOI and scans:
            return scans
        scans += marker == _SOS
    return max(scans - 1, 0)
