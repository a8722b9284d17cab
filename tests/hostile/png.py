"""The parts of a PNG (ISO/IEC 15948), written by hand, so that they can be written wrongly."""

from __future__ import annotations

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, RGBA = 0, 2, 3, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, RGBA: 4}
_PIECE = 1 << 20


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    """Its length, kind, what it holds and their checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def header(
    width: int, height: int, depth: int = 8, colour: int = RGB, interlaced: int = 0
) -> bytes:
    """IHDR."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced))


def image(*parts: bytes) -> bytes:
    """Chunks between signature and end."""
    return SIGNATURE + b"".join(parts) + chunk(b"IEND")


def black(
    side: int,
    depth: int = 8,
    colour: int = RGB,
    *,
    interlaced: bool = False,
    filtered: int = 0,
    before: bytes = b"",
) -> bytes:
    """A square of zeros; all rows have one filter."""
    row = -(-side * CHANNELS[colour] * depth // 8)
    if interlaced:  # a byte a row more in each of seven passes, and seven times rounded up
        data = zeros(side * row + 14 * side + 100)
    else:
        data = repeated(bytes([filtered]) + bytes(row), side)
    head = header(side, side, depth, colour, int(interlaced))
    return image(head, before, chunk(b"IDAT", data))


def zeros(size: int) -> bytes:
    """A stream that inflates to so many of them."""
    whole, rest = divmod(size, _PIECE)
    adler = size % 65_521 << 16 | 1
    return _stream(_piece(bytes(_PIECE)) * whole + _piece(bytes(rest)), adler)


def repeated(unit: bytes, times: int) -> bytes:
    """A stream that inflates to the unit over and over; pieces of it are deflated once."""
    each = max(1, min(times, _PIECE // len(unit)))
    whole, rest = divmod(times, each)
    piece = unit * each
    adler = 1
    for _ in range(whole):
        adler = zlib.adler32(piece, adler)
    adler = zlib.adler32(unit * rest, adler)
    return _stream(_piece(piece) * whole + _piece(unit * rest), adler)


def _stream(blocks: bytes, adler: int) -> bytes:
    """Blocks that end at whole bytes, between the head of a stream and an empty last block."""
    return b"\x78\x9c" + blocks + LAST_BLOCK + struct.pack(">I", adler)


EMPTY_BLOCK = b"\0\0\0\xff\xff"
LAST_BLOCK = b"\1\0\0\xff\xff"


def _piece(data: bytes) -> bytes:
    """Blocks that depend on nothing before them and end at a whole byte."""
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return squeezer.compress(data) + squeezer.flush(zlib.Z_FULL_FLUSH)
