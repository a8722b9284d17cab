"""What is neither JPEG nor PNG, what is both, and what is next to nothing."""

from __future__ import annotations

import gzip
import json
import struct
import zlib
from typing import TYPE_CHECKING

from hostile import jpeg, png
from hostile.file import Fate, three

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostile.file import HostileFile

_SIZES = (100, 2000, 7000)
_HTML = b"<html><script>alert(1)</script></html>"


def files() -> Iterator[HostileFile]:
    """All of them."""
    for name, make in (
        ("gif", _gif),
        ("bmp", _bmp),
        ("tiff", _tiff),
        ("webp", _webp),
        ("ppm", lambda side: b"P6 %d %d 255\n" % (side, side) + bytes(3 * 1000)),
        ("icon", lambda side: struct.pack("<HHHBBBBHHII", 0, 1, 1, 0, 0, 0, 0, 1, 32, side, 22)),
        ("jpeg-2000", lambda side: b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(side)),
        ("heic", lambda side: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(side)),
        ("avif", lambda side: b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + bytes(side)),
        (
            "postscript",
            lambda side: b"%%!PS-Adobe-3.0 EPSF-3.0\n%%%%BoundingBox: 0 0 %d 9\n" % side,
        ),
        ("svg", _svg),
        (
            "pdf",
            lambda side: b"%PDF-1.7\n" + b"1 0 obj<</Length 0>>stream\nendstream endobj\n" * side,
        ),
        ("text", lambda side: b"a face\n" * side),
        ("json", lambda side: json.dumps({"image": [0] * side}).encode()),
        ("gzip", lambda side: gzip.compress(bytes(side * side), mtime=0)),
        ("zip", lambda side: b"PK\3\4" + bytes(26 + side)),
        ("zeros", bytes),
        ("playlist", lambda side: b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/\n" * side),
    ):
        yield from three(f"other-{name}", make, _SIZES, Fate.REFUSED)
    starts = (b"", b"\xff", jpeg.SOI)
    yield from three("other-nothing", lambda start: start, starts, Fate.REFUSED)
    signatures = (png.SIGNATURE[:4], png.SIGNATURE, png.SIGNATURE + png.header(400, 400))
    yield from three("other-png-start", lambda start: start, signatures, Fate.REFUSED)
    yield from three("other-jpeg-with-page", _jpeg_with_page, (1, 100, 1000), Fate.DECODED)
    yield from three("other-jpeg-then-png", _jpeg_then_png, _SIZES, Fate.DECODED)
    yield from three("other-png-then-jpeg", _png_then_jpeg, _SIZES, Fate.DECODED)
    yield from three("other-space-then-jpeg", _space_then_jpeg, (1, 100, 100_000), Fate.REFUSED)


def _gif(side: int) -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", side, side, 0x80, 0, 0) + bytes(6)
    return head + b"," + struct.pack("<HHHHB", 0, 0, side, side, 0) + b"\2\2\x44\1\0;"


def _bmp(side: int) -> bytes:
    size = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + 3000, 0, 0, 54) + size + bytes(3000)


def _tiff(side: int) -> bytes:
    entries = ((256, 4, 1, side), (257, 4, 1, side), (259, 3, 1, 8), (273, 4, 1, 8), (279, 4, 1, 4))
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + body + bytes(4)


def _webp(side: int) -> bytes:
    size = 0x2F | (side - 1) << 8 | (side - 1) << 22
    body = b"WEBPVP8L" + struct.pack("<I", 5) + size.to_bytes(5, "little") + b"\0"
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _svg(depth: int) -> bytes:
    """Entities that multiply, and a file of the machine."""
    doubled = "".join(f'<!ENTITY a{n} "&a{n - 1};&a{n - 1};">' for n in range(1, depth))
    text = f'<!DOCTYPE svg [<!ENTITY a0 SYSTEM "file:///etc/passwd">{doubled}]>'
    return f'<?xml version="1.0"?>{text}<svg width="400"><text>&a{depth - 1};</text></svg>'.encode()


def _jpeg_with_page(times: int) -> bytes:
    return jpeg.sequential(100, 100, before=jpeg.segment(0xFE, _HTML * times))


def _jpeg_then_png(side: int) -> bytes:
    return jpeg.sequential(100, 100) + png.black(side)


def _png_then_jpeg(side: int) -> bytes:
    rows = zlib.compress(bytes(301 * 100))
    return png.image(png.header(100, 100), png.chunk(b"IDAT", rows)) + jpeg.sequential(side, side)


def _space_then_jpeg(spaces: int) -> bytes:
    return b" " * spaces + jpeg.sequential(100, 100)
