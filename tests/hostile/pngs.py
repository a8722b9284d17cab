"""PNGs with too much of something, with something missing, and of rare kinds."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from hostile import png
from hostile.file import Fate, three
from hostile.metadata import many_entries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostile.file import HostileFile

_SIDES = (1000, 4000, 7000)
_MB = 1_000_000
_SIDE = 200


def files() -> Iterator[HostileFile]:
    """All of them."""
    yield from _too_many_chunks()
    yield from _inflating()
    yield from _rare()
    yield from _broken()


def _too_many_chunks() -> Iterator[HostileFile]:
    refused, either = Fate.REFUSED, Fate.EITHER
    for name, part, counts in (
        ("empty-chunks", png.chunk(b"reKn"), (20_000, 100_000, 436_000)),
        ("empty-data", png.chunk(b"IDAT"), (20_000, 100_000, 400_000)),
        ("texts", png.chunk(b"tEXt", b"a\0b"), (20_000, 100_000, 300_000)),
        ("palettes", png.chunk(b"PLTE", bytes(3)), (20_000, 100_000, 300_000)),
    ):
        make = lambda count, part=part: _black(part * count)  # noqa: E731
        yield from three(f"png-{name}", make, counts, refused)
    yield from three("png-data-byte-by-byte", _byte_by_byte, (150, 350, 700), refused)
    yield from three("png-frames", _frames, (10, 1000, 4000), either)
    entries = (1500, 20_000, 65_535)
    yield from three("png-exif-entries", _exif, entries, refused)


def _inflating() -> Iterator[HostileFile]:
    """Few bytes that become many, or that take long to become any."""
    either, decoded, refused = Fate.EITHER, Fate.DECODED, Fate.REFUSED
    megabytes = (1, 20, 200)
    yield from three(
        "png-text-inflates", lambda n: _inflated(b"zTXt", b"a\0\0", n), megabytes, either
    )
    yield from three(
        "png-international-text-inflates",
        lambda n: _inflated(b"iTXt", b"a\0\1\0\0\0", n),
        megabytes,
        either,
    )
    yield from three(
        "png-profile-inflates", lambda n: _inflated(b"iCCP", b"a\0\0", n), megabytes, either
    )
    yield from three("png-empty-blocks", _empty_blocks, (10_000, 200_000, 2_000_000), either)
    yield from three(
        "png-empty-blocks-with-codes", _coded_blocks, (10_000, 100_000, 900_000), either
    )
    yield from three("png-data-goes-on", _too_much_data, (1, 100, 1000), either)
    yield from three("png-black", png.black, _SIDES, decoded)
    yield from three("png-black-sixteen-bits", lambda n: png.black(n, 16, png.RGBA), _SIDES, either)
    headers = ((2**31 - 1, 1), (20_000, 20_000), (2**31 - 1, 2**31 - 1))
    yield from three("png-header-lies", lambda size: _claiming(*size), headers, refused)
    lengths = ((10_001, 100), (100, 60_000), (7100, 7100))
    yield from three("png-a-little-too-large", lambda size: _claiming(*size), lengths, refused)


def _rare() -> Iterator[HostileFile]:
    decoded, either = Fate.DECODED, Fate.EITHER
    yield from three("png-interlaced", lambda n: png.black(n, interlaced=True), _SIDES, decoded)
    deep = lambda n: png.black(n, 16, png.RGBA, interlaced=True)  # noqa: E731
    yield from three("png-interlaced-sixteen-bits", deep, _SIDES, either)
    filters = lambda n: png.black(n, 8, png.RGBA, filtered=4)  # noqa: E731
    yield from three("png-paeth", filters, _SIDES, decoded)
    deepest = lambda n: png.black(n, 16, png.RGBA, filtered=4)  # noqa: E731
    yield from three("png-paeth-sixteen-bits", deepest, _SIDES, either)
    for depth in (1, 2, 4):
        make = lambda side, bits=depth: png.black(side, bits, png.GREY)  # noqa: E731
        yield from three(f"png-{depth}-bit", make, _SIDES, decoded)
    few = lambda side: png.black(side, 1, png.PALETTE, before=png.chunk(b"PLTE", bytes(6)))  # noqa: E731
    yield from three("png-palette-1-bit", few, _SIDES, decoded)
    yield from three("png-palette-long", _palette, (257, 3000, 100_000), either)
    yield from three("png-palette-missing", lambda n: _palette(0, n), _SIDES, either)
    yield from three("png-palette-uneven", lambda n: _palette(n, spare=1), (1, 100, 256), either)
    clear = (0, 300, 100_000)
    yield from three(
        "png-transparency-of-palette", lambda n: _transparent(png.PALETTE, n), clear, either
    )
    yield from three(
        "png-transparency-of-colour", lambda n: _transparent(png.RGB, n), clear, either
    )
    yield from three("png-transparency-twice", lambda n: _transparent(png.RGBA, n), clear, either)
    yield from three(
        "png-unknown-critical", lambda n: _black(png.chunk(b"REKN", bytes(n))), clear, either
    )


def _broken() -> Iterator[HostileFile]:
    either, refused = Fate.EITHER, Fate.REFUSED
    for name, start in (
        ("window", b"\xf8\x19"),
        ("dictionary", b"\x78\xbb"),
        ("method", b"\x77\x85"),
    ):
        make = lambda side, of=start: _deflated(side, of)  # noqa: E731
        yield from three(f"png-zlib-{name}", make, _SIDES, refused)
    blocks = (b"\7", b"\5\x80\xff\xff", b"\3\4\0")
    yield from three(
        "png-zlib-block", lambda block: _deflated(_SIDE, b"\x78\x9c", block), blocks, refused
    )
    yield from three("png-checksum-of-header", lambda n: _checksum(n, 29), _SIDES, refused)
    yield from three("png-checksum-of-data", lambda n: _checksum(n, -13), _SIDES, either)
    yield from three("png-data-missing", lambda n: png.image(png.header(n, n)), _SIDES, refused)
    yield from three("png-data-too-short", _too_little_data, _SIDES, refused)
    yield from three("png-end-missing", lambda n: png.black(n)[:-12], _SIDES, either)
    yield from three("png-cut", lambda n: png.black(n)[: len(png.black(n)) // 2], _SIDES, refused)
    lengths = (2**16, 2**31 - 1, 2**32 - 1)
    yield from three("png-lengths-lie", _length_lies, lengths, either)
    kinds = ((3, png.GREY), (8, 5), (16, png.PALETTE))
    yield from three("png-no-such-colour", lambda kind: _black(kind=kind), kinds, refused)
    yield from three("png-two-headers", _two_headers, _SIDES, refused)
    yield from three("png-header-late", _header_late, (1, 100, 1000), refused)


def _black(*before: bytes, kind: tuple[int, int] = (8, png.RGB)) -> bytes:
    rows = png.repeated(bytes(1 + 3 * _SIDE), _SIDE)
    return png.image(png.header(_SIDE, _SIDE, *kind), *before, png.chunk(b"IDAT", rows))


def _byte_by_byte(side: int) -> bytes:
    """Rows that are stored, not squeezed."""
    data = zlib.compress(bytes((1 + side) * side), 0)
    parts = (png.chunk(b"IDAT", bytes([byte])) for byte in data)
    return png.image(png.header(side, side, colour=png.GREY), *parts)


def _frames(count: int) -> bytes:
    """An animation."""
    rows = png.repeated(bytes(1 + 3 * _SIDE), _SIDE)
    parts = [png.header(_SIDE, _SIDE), png.chunk(b"acTL", struct.pack(">II", count, 0))]
    number = 0
    for frame in range(count):
        control = struct.pack(">IIIIIHHBB", number, _SIDE, _SIDE, 0, 0, 1, 100, 0, 0)
        data = png.chunk(b"fdAT", struct.pack(">I", number + 1) + rows) if frame else b""
        parts += [png.chunk(b"fcTL", control), data or png.chunk(b"IDAT", rows)]
        number += 2 if frame else 1
    return png.image(*parts)


def _exif(entries: int) -> bytes:
    return _black(png.chunk(b"eXIf", many_entries(entries)))


def _inflated(kind: bytes, start: bytes, megabytes: int) -> bytes:
    return _black(png.chunk(kind, start + png.zeros(megabytes * _MB)))


def _empty_blocks(count: int) -> bytes:
    return _with_blocks(png.EMPTY_BLOCK * count)


def _coded_blocks(count: int) -> bytes:
    """Each brings Huffman tables, which have to be built, for no data at all."""
    bits = "001" + _bits(0, 5) + _bits(0, 5) + _bits(14, 4)  # 257 codes, one distance
    order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1]
    bits += "".join(_bits({18: 1, 1: 1}.get(symbol, 0), 3) for symbol in order)
    # 1 is "0" and 18 is "1": 138 and 118 codes of no length, two of one bit, and with it the end
    bits += "1" + _bits(127, 7) + "1" + _bits(107, 7) + "0" + "0" + "0"
    eight = bits * 8
    data = bytes(int(eight[place : place + 8][::-1], 2) for place in range(0, len(eight), 8))
    return _with_blocks(data * (count // 8))


def _bits(value: int, places: int) -> str:
    """The lowest first, as deflate has them."""
    return f"{value:0{places}b}"[::-1]


def _with_blocks(blocks: bytes) -> bytes:
    whole = zlib.compress(bytes((1 + 3 * _SIDE) * _SIDE))
    data = whole[:2] + blocks + whole[2:]
    return png.image(png.header(_SIDE, _SIDE), png.chunk(b"IDAT", data))


def _too_much_data(megabytes: int) -> bytes:
    return png.image(png.header(_SIDE, _SIDE), png.chunk(b"IDAT", png.zeros(megabytes * _MB)))


def _too_little_data(side: int) -> bytes:
    return png.image(png.header(side, side), png.chunk(b"IDAT", png.zeros(side)))


def _claiming(width: int, height: int) -> bytes:
    return png.image(png.header(width, height), png.chunk(b"IDAT", png.zeros(1000)))


def _palette(entries: int, side: int = _SIDE, spare: int = 0) -> bytes:
    table = png.chunk(b"PLTE", bytes(3 * entries + spare)) if entries else b""
    return png.black(side, 8, png.PALETTE, before=table)


def _transparent(colour: int, size: int) -> bytes:
    table = png.chunk(b"PLTE", bytes(768)) if colour == png.PALETTE else b""
    return png.black(_SIDE, 8, colour, before=table + png.chunk(b"tRNS", bytes(size)))


def _deflated(side: int, start: bytes, block: bytes = b"") -> bytes:
    good = png.zeros(side * (1 + 3 * side))
    data = start + (block or good[2:])
    return png.image(png.header(side, side), png.chunk(b"IDAT", data))


def _checksum(side: int, place: int) -> bytes:
    """One byte of one checksum is wrong: the header's, or that of the data before the end."""
    data = bytearray(png.black(side))
    data[place] ^= 0xFF
    return bytes(data)


def _length_lies(length: int) -> bytes:
    whole = png.black(_SIDE)
    place = len(png.SIGNATURE) + 25
    return whole[:place] + struct.pack(">I", length) + whole[place + 4 :]


def _two_headers(side: int) -> bytes:
    return png.black(_SIDE, before=png.header(side, side))


def _header_late(chunks: int) -> bytes:
    rows = png.repeated(bytes(1 + 3 * _SIDE), _SIDE)
    texts = png.chunk(b"tEXt", b"a\0b") * chunks
    return png.image(png.chunk(b"IDAT", rows), texts, png.header(_SIDE, _SIDE))
