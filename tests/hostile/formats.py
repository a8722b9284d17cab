"""Formats that requests may not have and archives do, built to be too much."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from hostile.file import Fate, three

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostile.file import HostileFile

_COUNTS = (20_001, 100_000, 1_000_000)


def files() -> Iterator[HostileFile]:
    """All of them."""
    for name, make in (
        ("gif-blocks", _gif_blocks),
        ("gif-extensions", _gif_extensions),
        ("webp-chunks", _webp_chunks),
        ("heic-boxes", _heic_boxes),
        ("heic-items", _heic_items),
        ("avif-places", _avif_places),
        ("tiff-entries", lambda count: _tiff(count=min(count, 65_535))),
        ("tiff-strips", lambda count: _tiff((273, 4, 50 * count, 8))),
    ):
        yield from three(f"format-{name}", make, _COUNTS, Fate.REFUSED)
    sides = (400, 4_000, 7_000)
    yield from three("format-heic-nested", _heic_nested, (8, 1_000, 10_000), Fate.REFUSED)
    yield from three("format-heic-size", _heic_size, sides, Fate.REFUSED)
    yield from three("format-tiff-loop", _tiff_loop, (400, 2_000, 3_500), Fate.EITHER)
    yield from three("format-tiff-within-itself", _tiff_within, sides, Fate.REFUSED)
    yield from three("format-bmp-runs", _bmp_runs, sides, Fate.EITHER)


def _gif_blocks(count: int) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", 90, 90, 0, 0, 0) + b"!\xfe" + b"\1x" * count


def _gif_extensions(count: int) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", 90, 90, 0, 0, 0) + b"!\xf9\0" * count


def _webp_chunks(count: int) -> bytes:
    size = struct.pack("<I", 10) + b"\0\0\0\0\x63\0\0\x63\0\0"
    body = b"WEBPVP8X" + size + b"abcd\0\0\0\0" * count
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _heif(brand: bytes, *boxes: bytes) -> bytes:
    return _box(b"ftyp", brand + bytes(4) + b"mif1" + brand) + _box(
        b"meta", bytes(4) + b"".join(boxes)
    )


def _heic_boxes(count: int) -> bytes:
    return _heif(b"heic", _box(b"free", b"") * count)


def _heic_items(count: int) -> bytes:
    return _heif(b"heic", _box(b"iprp", _box(b"ipma", bytes(4) + struct.pack(">I", count))))


def _avif_places(count: int) -> bytes:
    return _heif(b"avif", _box(b"iloc", b"\2\0\0\0\x44\0" + struct.pack(">I", count)))


def _heic_nested(depth: int) -> bytes:
    box = b""
    for _ in range(min(depth, 1_000)):
        box = _box(b"iprp", box)
    return _heif(b"heic", box * max(1, depth // 1_000))


def _heic_size(side: int) -> bytes:
    """A size, and nothing that has it."""
    size = _box(b"ispe", bytes(4) + struct.pack(">II", side, side))
    return _heif(b"heic", _box(b"iprp", _box(b"ipco", size)))


def _tiff(
    *more: tuple[int, int, int, int], count: int = 0, after: int = 0, side: int = 90
) -> bytes:
    entries = [(256, 4, 1, side), (257, 4, 1, side), (259, 3, 1, 1), *more]
    entries += [(65_000 + number % 500, 4, 1, 0) for number in range(count - len(entries))]
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + body + struct.pack("<I", after)


def _tiff_loop(side: int) -> bytes:
    """Its next page is the first one."""
    strips = ((262, 3, 1, 1), (273, 4, 1, 8), (278, 4, 1, side), (279, 4, 1, side * side))
    return _tiff(*strips, after=8, side=side) + bytes(side * side)


def _tiff_within(side: int) -> bytes:
    """Its EXIF is the directory that it is in, and so are its pixels' places."""
    return _tiff((0x8769, 4, 1, 8), (330, 4, 1, 8), (273, 4, side, 8), side=side)


def _bmp_runs(side: int) -> bytes:
    """Runs of one pixel each."""
    head = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, 2 * side * side, 0, 0, 256, 0)
    start = 54 + 1024
    runs = b"\1\7" * min(side * side, 7_000_000)
    return b"BM" + struct.pack("<IHHI", start + len(runs), 0, 0, start) + head + bytes(1024) + runs
