"""JPEGs of many scans: a few bytes each, and all pixels have to be gone through for every one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hostile import jpeg
from hostile.file import Fate, three

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostile.file import HostileFile

_SIDES = (1000, 4000, 7000)
_PROGRESSIVE = 0xC2
_HIGHEST_BIT = 13


def files() -> Iterator[HostileFile]:
    """All of them: a hundred scans may pass, a thousand are nothing that an encoder writes."""
    either, refused = Fate.EITHER, Fate.REFUSED
    yield from three("jpeg-scans-10", lambda side: _repeated(side, 10), _SIDES, either)
    yield from three("jpeg-scans-100", lambda side: _repeated(side, 100), _SIDES, either)
    yield from three("jpeg-scans-1000", lambda side: _repeated(side, 1000), _SIDES, refused)
    yield from three("jpeg-scans-10000", lambda side: _repeated(side, 10_000), _SIDES, refused)
    yield from three("jpeg-scans-of-each-bit", _each_bit, _SIDES, refused)
    yield from three("jpeg-scans-of-colours", _colours, _SIDES, refused)
    yield from three("jpeg-scans-sequential", _sequential, (500, 3000, 12_000), refused)
    yield from three("jpeg-scans-dense", _dense, (400, 1000, 2000), either)
    yield from three("jpeg-scans-dense-40", lambda side: _dense(side, 40), (200, 500, 800), either)
    yield from three("jpeg-run-too-long", _run_too_long, _SIDES, either)
    yield from three("jpeg-scans-backwards", _backwards, _SIDES, either)


def _start(side: int, samplings: tuple[jpeg.Sampling, ...] = jpeg.GREY) -> bytes:
    return (
        jpeg.SOI + jpeg.tables(progressive=True) + jpeg.frame(side, side, samplings, _PROGRESSIVE)
    )


def _first(side: int) -> bytes:
    """The scan of DC coefficients."""
    return jpeg.scan(band=(0, 0)) + jpeg.same_dc(jpeg.blocks(side, side))


def _repeated(side: int, scans: int) -> bytes:
    """The same corrections of nothing again and again, which decoders put up with."""
    again = jpeg.scan(band=(1, 63), bits=(1, 0)) + jpeg.nothing(jpeg.blocks(side, side))
    return _start(side) + _first(side) + again * (scans - 1) + jpeg.EOI


def _each_bit(side: int) -> bytes:
    """Nothing is repeated: each coefficient and each of its bits has a scan, 883 in all."""
    empty = jpeg.nothing(jpeg.blocks(side, side))
    scans = [_start(side), _first(side)]
    for low in range(_HIGHEST_BIT, -1, -1):
        high = 0 if low == _HIGHEST_BIT else low + 1
        scans += [
            jpeg.scan(band=(place, place), bits=(high, low)) + empty for place in range(1, 64)
        ]
    return b"".join(scans) + jpeg.EOI


def _colours(side: int) -> bytes:
    """180 scans, of each component in turn."""
    empty = jpeg.nothing(jpeg.blocks(side, side))
    start = jpeg.scan((1, 2, 3), (0, 0)) + jpeg.same_dc(3 * jpeg.blocks(side, side))
    turn = b"".join(jpeg.scan((number,), (1, 63)) + empty for number in (1, 2, 3))
    return _start(side, jpeg.COLOUR) + start + turn * 60 + jpeg.EOI


def _sequential(scans: int, side: int = 256) -> bytes:
    """A baseline image whose components come one by one, over and over."""
    start = jpeg.SOI + jpeg.tables() + jpeg.frame(side, side, jpeg.COLOUR)
    shade = jpeg.same_shade(jpeg.blocks(side, side))
    turn = b"".join(jpeg.scan((number,)) + shade for number in (1, 2, 3))
    return start + turn * (scans // 3) + jpeg.EOI


def _dense(side: int, refinements: int = 10) -> bytes:
    """Every coefficient of every block is there, and each scan corrects a bit of each of them."""
    count = jpeg.blocks(side, side)
    # the symbol 01 with the code 0: a coefficient of one bit, which is set
    start = jpeg.SOI + jpeg.quantisation() + jpeg.huffman(0, 0, [1], b"\0")
    start += jpeg.huffman(1, 0, [1], b"\x01") + jpeg.frame(side, side, marker=_PROGRESSIVE)
    high = jpeg.scan(band=(1, 63), bits=(0, 10)) + _packed(0b01, 2, 63 * count)
    # end of block with the code 0; then one bit to correct for each coefficient
    ends = jpeg.huffman(1, 0, [1], b"\0")
    block = _packed((1 << 62) - 1, 64, count)
    corrections = [
        jpeg.scan(band=(1, 63), bits=(low + 1, low)) + block
        for low in [*range(9, -1, -1)] * (refinements // 10)
    ]
    return start + _first(side) + high + ends + b"".join(corrections) + jpeg.EOI


def _packed(bits: int, places: int, times: int) -> bytes:
    """The same bits over and over; eight times as many fill whole bytes."""
    eight = 0
    for _ in range(8):
        eight = eight << places | bits
    unit = eight.to_bytes(places).replace(b"\xff", b"\xff\0")
    return unit * -(-times // 8)


def _run_too_long(side: int) -> bytes:
    """The band ends for 32,767 blocks in a row, a thousand times."""
    run = jpeg.coded((1 << jpeg.RUN_PLACES) - 1 >> 1, jpeg.RUN_PLACES) * 1000
    return _start(side) + _first(side) + jpeg.scan(band=(1, 63)) + run + jpeg.EOI


def _backwards(side: int) -> bytes:
    """Corrections of coefficients that come later, or never."""
    empty = jpeg.nothing(jpeg.blocks(side, side))
    scans = (
        jpeg.scan(band=(place, place), bits=(low + 1, low)) + empty
        for low in (0, 5, 12)
        for place in (63, 31, 1)
    )
    return _start(side) + b"".join(scans) + _first(side) + jpeg.EOI
