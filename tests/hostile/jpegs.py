"""JPEGs with too much of something, with something missing, and of rare kinds."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from hostile import jpeg
from hostile.file import Fate, three

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostile.file import HostileFile

_SIDES = (400, 2000, 7000)
_MB = 1_000_000


def files() -> Iterator[HostileFile]:
    """All of them."""
    yield from _too_much()
    yield from _rare()
    yield from _broken()


def _too_much() -> Iterator[HostileFile]:
    """Markers and fill by the million."""
    refused, decoded = Fate.REFUSED, Fate.DECODED
    fill = (200_000, _MB, 5 * _MB)
    yield from three("jpeg-fill", lambda n: _before(b"\xff" * n), fill, refused)
    yield from three("jpeg-stray-bytes", lambda n: _before(b"\x01" * n), fill, refused)
    for name, part, counts in (
        ("empty-applications", jpeg.segment(0xE5), (20_000, 100_000, 1_000_000)),
        ("empty-comments", jpeg.segment(0xFE), (20_000, 100_000, 1_000_000)),
        ("quantisation-tables", jpeg.quantisation(), (5000, 20_000, 60_000)),
        ("huffman-tables", jpeg.huffman(1, 0, [1], b"\0"), (5000, 20_000, 200_000)),
        ("restart-intervals", jpeg.segment(0xDD, b"\0\0"), (5000, 100_000, 800_000)),
        ("bare-markers", b"\xff\x01", (20_000, 200_000, 2_000_000)),
    ):
        make = lambda count, part=part: _before(part * count)  # noqa: E731
        yield from three(f"jpeg-{name}", make, counts, refused)
    starts = (5000, _MB, 5 * _MB)
    yield from three("jpeg-starts", lambda n: _before(jpeg.SOI * n), starts, refused)
    garbage = (100, _MB, 4 * _MB)
    yield from three(
        "jpeg-garbage-behind", lambda n: _image(100) + b"\xff\xd8" * n, garbage, decoded
    )


def _rare() -> Iterator[HostileFile]:
    """What standards allow and nobody writes."""
    either, refused, decoded = Fate.EITHER, Fate.REFUSED, Fate.DECODED
    yield from three("jpeg-grey", _image, _SIDES, decoded)
    yield from three("jpeg-restart-at-each-block", _restarts, _SIDES, decoded)
    yield from three("jpeg-restarts-missing", lambda n: _restarts(n, missing=True), _SIDES, either)
    yield from three("jpeg-restarts-mixed", lambda n: _restarts(n, mixed=True), _SIDES, either)
    for name, samplings in (
        ("411", ((4, 1), (1, 1), (1, 1))),
        ("441", ((1, 4), (1, 1), (1, 1))),
        ("largest-unit", ((4, 2), (1, 1), (1, 1))),
        ("thirds", ((3, 1), (1, 1), (1, 1))),
        ("more-colour-than-light", ((1, 1), (2, 2), (2, 2))),
    ):
        make = lambda side, of=samplings: jpeg.sequential(side, side, of)  # noqa: E731
        yield from three(f"jpeg-sampling-{name}", make, _SIDES, either)
    for name, marker in (("arithmetic", 0xC9), ("lossless", 0xC3), ("hierarchical", 0xC5)):
        make = lambda side, of=marker: jpeg.sequential(side, side, marker=of)  # noqa: E731
        yield from three(f"jpeg-{name}", make, _SIDES, either)
    yield from three("jpeg-twelve-bits", lambda n: _framed(n, n, precision=12), _SIDES, refused)
    yield from three("jpeg-height-follows", _height_follows, _SIDES, refused)
    sides = ((65_500, 80), (80, 65_500), (65_500, 65_500))
    yield from three("jpeg-longest-side", lambda size: _framed(*size), sides, refused)
    tiny = ((1, 1), (79, 400), (400, 8))
    yield from three("jpeg-tiny", lambda size: jpeg.sequential(*size), tiny, refused)
    yield from three("jpeg-components", _components, (2, 5, 255), refused)
    four = ((1, 1),) * 4
    yield from three("jpeg-four-inks", lambda n: jpeg.sequential(n, n, four), _SIDES, either)


def _broken() -> Iterator[HostileFile]:
    """What ends too early, contradicts itself or is noise."""
    either, refused = Fate.EITHER, Fate.REFUSED
    for name in _PLACES:
        make = lambda side, of=name: _cut(side, of)  # noqa: E731
        yield from three(f"jpeg-cut-{name}", make, _SIDES, refused)
    yield from three("jpeg-end-missing", lambda n: _image(n)[:-2], _SIDES, either)
    yield from three("jpeg-huffman-overfull", _overfull, (1, 4, 7), refused)
    yield from three("jpeg-huffman-missing", _no_tables, _SIDES, either)
    yield from three("jpeg-quantisation-zero", _no_steps, _SIDES, either)
    yield from three("jpeg-two-sizes", _two_sizes, _SIDES, refused)
    noise = (1000, 100_000, 4 * _MB)
    yield from three("jpeg-noise", lambda n: jpeg.SOI + b"\xff" + _noise(n), noise, refused)
    noisy = (400, 1000, 2000)
    yield from three("jpeg-noisy-scan", _noisy_scan, noisy, either)
    yield from three("jpeg-noisy-progressive", lambda n: _noisy_scan(n, 0xC2), noisy, either)
    yield from three("jpeg-lengths-lie", _length_lies, (0, 1, 65_535), either)


def _image(side: int) -> bytes:
    return jpeg.sequential(side, side)


def _before(parts: bytes) -> bytes:
    return jpeg.sequential(200, 200, before=parts)


def _garbage_behind(times: int) -> bytes:
    return _image(100) + jpeg.SOI * times


def _framed(width: int, height: int, precision: int = 8) -> bytes:
    """Of any size, with next to no data."""
    start = jpeg.SOI + jpeg.tables() + jpeg.frame(width, height, precision=precision)
    return start + jpeg.scan() + bytes(1000) + jpeg.EOI


def _restarts(side: int, *, missing: bool = False, mixed: bool = False) -> bytes:
    order = [0, 5, 2, 7, 1, 1, 6, 3] if mixed else range(8)
    markers = b"".join(b"\x3f\xff" + bytes([0xD0 + number]) for number in order)
    count = jpeg.blocks(side, side)
    data = b"\x3f" * count if missing else (markers * (count // 8 + 1))[: 3 * count - 2]
    start = jpeg.SOI + jpeg.tables() + jpeg.segment(0xDD, b"\0\1") + jpeg.frame(side, side)
    return start + jpeg.scan() + data + jpeg.EOI


def _height_follows(side: int) -> bytes:
    """DNL: the height is said after the first scan."""
    data = jpeg.scan() + jpeg.same_shade(jpeg.blocks(side, side))
    height = jpeg.segment(0xDC, side.to_bytes(2))
    return jpeg.SOI + jpeg.tables() + jpeg.frame(side, 0) + data + height + jpeg.EOI


def _components(count: int) -> bytes:
    start = jpeg.SOI + jpeg.tables() + jpeg.frame(400, 400, jpeg.GREY * count)
    return start + jpeg.scan() + bytes(1000) + jpeg.EOI


_PLACES = ("start", "quantisation", "huffman", "frame", "scan", "half")


def _cut(side: int, place: str) -> bytes:
    """Up to and with that part."""
    parts = {
        "start": jpeg.SOI,
        "quantisation": jpeg.quantisation(),
        "huffman": jpeg.tables()[len(jpeg.quantisation()) :],
        "frame": jpeg.frame(side, side),
        "scan": jpeg.scan(),
        "half": bytes(jpeg.blocks(side, side) // 8),
    }
    return b"".join(parts[name] for name in _PLACES[: _PLACES.index(place) + 1])


def _overfull(length: int) -> bytes:
    """More codes of one length than there are."""
    lengths = [0] * (length - 1) + [255]
    table = jpeg.huffman(1, 0, lengths, bytes(255))
    start = jpeg.SOI + jpeg.tables() + table + jpeg.frame(400, 400)
    return start + jpeg.scan() + bytes(1000) + jpeg.EOI


def _no_tables(side: int) -> bytes:
    data = jpeg.scan() + jpeg.same_shade(jpeg.blocks(side, side))
    return jpeg.SOI + jpeg.quantisation() + jpeg.frame(side, side) + data + jpeg.EOI


def _no_steps(side: int) -> bytes:
    data = jpeg.scan() + jpeg.same_shade(jpeg.blocks(side, side))
    zero = jpeg.quantisation(step=0)
    return jpeg.SOI + jpeg.tables() + zero + jpeg.frame(side, side) + data + jpeg.EOI


def _two_sizes(side: int) -> bytes:
    data = jpeg.scan() + jpeg.same_shade(jpeg.blocks(side, side))
    frames = jpeg.frame(80, 80) + jpeg.frame(side, side)
    return jpeg.SOI + jpeg.tables() + frames + data + jpeg.EOI


def _noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def _noisy_scan(side: int, marker: int = 0xC0) -> bytes:
    """All symbols have codes, so that noise means something."""
    lengths = [0] * 7 + [255]
    symbols = bytes(range(255))
    dc = jpeg.huffman(0, 0, [0, 0, 0, 12], bytes(range(12)))
    start = jpeg.SOI + jpeg.quantisation() + dc + jpeg.huffman(1, 0, lengths, symbols)
    start += jpeg.frame(side, side, marker=marker)
    data = _noise(side * side // 2).replace(b"\xff", b"\xff\0")
    if marker == 0xC0:
        return start + jpeg.scan() + data + jpeg.EOI
    bands = jpeg.scan(band=(0, 0)) + data[: len(data) // 8] + jpeg.scan(band=(1, 63)) + data
    return start + bands + jpeg.EOI


def _length_lies(length: int) -> bytes:
    return _before(b"\xff\xe5" + length.to_bytes(2))
