"""The parts of a JPEG (ITU-T T.81), written by hand, so that they can be written wrongly."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
# One symbol each, with the code 0: no difference of the DC coefficient, end of block, and the
# end of a band of up to 2^15 - 1 blocks.
_SAME, _END_OF_BLOCK, _LONGEST_RUN = 0x00, 0x00, 0xE0
_RUN_BITS = 14
RUN_PLACES = _RUN_BITS + 1
# (horizontal, vertical) samples of a component
Sampling: TypeAlias = tuple[int, int]
GREY: tuple[Sampling, ...] = ((1, 1),)
COLOUR: tuple[Sampling, ...] = ((1, 1), (1, 1), (1, 1))


def segment(marker: int, payload: bytes = b"") -> bytes:
    """A marker with its length and what it holds; at most 65,533 bytes."""
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def quantisation(number: int = 0, step: int = 1) -> bytes:
    """DQT: the same step for all coefficients."""
    return segment(0xDB, bytes([number]) + bytes([step]) * 64)


def huffman(kind: int, number: int, lengths: Sequence[int], symbols: bytes) -> bytes:
    """DHT: how many codes there are of each length from 1 on; `kind` 0 is DC, 1 is AC."""
    counts = bytes(lengths) + bytes(16 - len(lengths))
    return segment(0xC4, bytes([kind << 4 | number]) + counts + symbols)


def tables(*, progressive: bool = False) -> bytes:
    """All that a grey image of one shade needs."""
    end = _LONGEST_RUN if progressive else _END_OF_BLOCK
    return quantisation() + huffman(0, 0, [1], bytes([_SAME])) + huffman(1, 0, [1], bytes([end]))


def frame(
    width: int,
    height: int,
    samplings: Sequence[Sampling] = GREY,
    marker: int = 0xC0,
    precision: int = 8,
) -> bytes:
    """SOF; components are numbered from 1."""
    head = struct.pack(">BHHB", precision, height, width, len(samplings) % 256)
    parts = (
        bytes([number % 256, across << 4 | down, 0])
        for number, (across, down) in enumerate(samplings, 1)
    )
    return segment(marker, head + b"".join(parts))


def scan(
    components: Sequence[int] = (1,),
    band: tuple[int, int] = (0, 63),
    bits: tuple[int, int] = (0, 0),
) -> bytes:
    """SOS: first and last coefficient, and which bits of them there were and will be."""
    parts = b"".join(bytes([component, 0]) for component in components)
    high, low = bits
    return segment(0xDA, bytes([len(components)]) + parts + bytes([*band, high << 4 | low]))


def blocks(width: int, height: int) -> int:
    """Of 8 x 8 samples."""
    return -(-width // 8) * -(-height // 8)


def same_shade(count: int) -> bytes:
    """Blocks that do not differ from the one before, of DC and AC coefficients: two bits each."""
    return bytes(-(-count * 2 // 8))


def same_dc(count: int) -> bytes:
    """A progressive scan of nothing but DC coefficients, one bit for each block."""
    return bytes(-(-count // 8))


def nothing(count: int) -> bytes:
    """A progressive scan of AC coefficients that are all zero: 15 bits for 32,767 blocks."""
    written, places = 0, 0
    while count > 0:
        run = min(count, 2 ** (_RUN_BITS + 1) - 1)
        run = max(run, 2**_RUN_BITS)  # a run that goes on behind the last block is none's loss
        written = written << (_RUN_BITS + 1) | (run - 2**_RUN_BITS)
        places += _RUN_BITS + 1
        count -= run
    return coded(written, places)


def coded(bits: int, places: int) -> bytes:
    """Bits as they go into a scan: filled up with ones, no marker by accident."""
    missing = -places % 8
    whole = (bits << missing) | ((1 << missing) - 1)
    return whole.to_bytes((places + missing) // 8).replace(b"\xff", b"\xff\0")


def sequential(
    width: int,
    height: int,
    samplings: Sequence[Sampling] = GREY,
    *,
    before: bytes = b"",
    marker: int = 0xC0,
) -> bytes:
    """A whole grey image, with `before` behind its first marker."""
    return (
        SOI
        + before
        + tables()
        + frame(width, height, samplings, marker)
        + scan(range(1, len(samplings) + 1))
        + same_shade(_data_units(width, height, samplings))
        + EOI
    )


def _data_units(width: int, height: int, samplings: Sequence[Sampling]) -> int:
    """Blocks of all components in an interleaved scan."""
    if len(samplings) == 1:
        return blocks(width, height)
    across = max(wide for wide, _ in samplings)
    down = max(high for _, high in samplings)
    units = -(-width // (8 * across)) * -(-height // (8 * down))
    return units * sum(wide * high for wide, high in samplings)
