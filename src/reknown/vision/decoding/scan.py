"""A look at how an image file is built, before any decoder sees it.

A file of a few kilobytes can keep a decoder busy for minutes: thousands of scans over the same
pixels, a million empty segments. Here only lengths and markers are read, never what is within, so
that refusing costs next to nothing. What is merely broken is left for the decoder to say.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InvalidImageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_EXIF = b"Exif\0\0"
_SOS, _EOI, _APP1 = 0xDA, 0xD9, 0xE1
# start of frame: all kinds but DHT (C4), JPG (C8) and DAC (CC)
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SEQUENTIAL = frozenset({0xC0, 0xC1})
_BARE = frozenset({0x01, *range(0xD0, 0xDA)})  # without a length: TEM, RST0 to RST7, SOI, EOI
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xff]")
_NEXT_SEGMENT = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # in coded data restarts are no segments


@dataclass(frozen=True, slots=True)
class WorkBounds:
    """How much a file may ask of its decoder.

    Each is far above what encoders write: a progressive JPEG has about ten scans, a photograph
    with all its metadata some hundred segments, a PNG of 15 MB about two thousand chunks.
    `scanned_pixels` is for all scans of a JPEG together, `stray_bytes` for those between segments.
    """

    scans: int = 100
    scanned_pixels: int = 1_000_000_000
    segments: int = 4_000
    chunks: int = 10_000
    stray_bytes: int = 65_536
    exif_entries: int = 1_000


def scan(data: bytes, bounds: WorkBounds = WorkBounds()) -> tuple[int, int]:
    """Width and height as the header states them, 0 and 0 where none is found.

    Raises `InvalidImageError` for another format, and for a file that asks for more work than
    its pixels are worth.
    """
    if data.startswith(_JPEG):
        return _scan_jpeg(data, bounds)
    if data.startswith(_PNG):
        return _scan_png(data, bounds)
    raise InvalidImageError("not a readable JPEG or PNG: unknown format")


def _scan_jpeg(data: bytes, bounds: WorkBounds) -> tuple[int, int]:
    width = height = components = scans = stray = 0
    sequential = False
    exif = b""
    for segments, (marker, start, end, skipped) in enumerate(
        _jpeg_segments(data, bounds.stray_bytes), 1
    ):
        stray += skipped
        _bound(segments, bounds.segments, "segments")
        _bound(stray, bounds.stray_bytes, "bytes between its segments")
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
            _bound(scans, bounds.scans, "scans")
            _bound(scans * width * height, bounds.scanned_pixels, "pixels in all its scans")
    _bound(_exif_entries(exif), bounds.exif_entries, "EXIF entries")
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
                _bound(until - place, most, "bytes between its segments")
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


def _scan_png(data: bytes, bounds: WorkBounds) -> tuple[int, int]:
    width = height = chunks = 0
    place = len(_PNG)
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        chunks += 1
        _bound(chunks, bounds.chunks, "chunks")
        start, place = place + 8, place + 12 + length
        if kind == b"IHDR" and length >= 8 and start + 8 <= len(data):
            wide, high = struct.unpack_from(">II", data, start)
            width, height = max(width, wide), max(height, high)
        elif kind == b"eXIf":
            _bound(_exif_entries(data[start : start + length]), bounds.exif_entries, "EXIF entries")
        elif kind == b"IEND":
            break
    return width, height


def _exif_entries(exif: bytes) -> int:
    """Of the first directory, which is all that is read of it."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None or len(exif) < 8:
        return 0
    (place,) = struct.unpack_from(f"{order}I", exif, 4)
    if place + 2 > len(exif):
        return 0
    return int(struct.unpack_from(f"{order}H", exif, place)[0])


def _bound(count: int, most: int, what: str) -> None:
    if count > most:
        raise InvalidImageError(
            f"more than {most:,} {what}, built to keep decoders busy: save it anew with any "
            "image program"
        )
