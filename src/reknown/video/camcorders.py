"""A look at how the films of older cameras are built, before FFmpeg sees them.

They have no tables that multiply, so less is to be looked at than in an MP4: how many streams,
objects and places of an index there are. Only heads are read.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from reknown.video.bounds import require_at_most, require_room

if TYPE_CHECKING:
    from collections.abc import Iterator

# Microsoft, AVI RIFF File Reference; Advanced Systems Format, revision 01.20.05
_LISTS = (b"RIFF", b"LIST")
_SUPER_INDEX = b"indx"
_ASF_HEAD = 30
_ASF_EXTENSION = bytes.fromhex("b503bf5f2ea9cf118ee300c00c205365")
_ASF_STREAM = bytes.fromhex("9107dcb7b7a9cf118ee600c00c205365")
_ASF_INDEX = bytes.fromhex("90080033b1e5cf1189f400a0c90349cb")
_TS_SYNC, _TS_PACKET = 0x47, 188
_FLV_SCRIPT, _FLV_HEAD = 18, 9
_GIF_HEAD, _GIF_EXTENSION = 13, 0x21


@dataclass(frozen=True, slots=True)
class StreamBounds:
    """What a file may have at most, far above what cameras and editors write.

    `chunks` and `objects` are those looked at, `places` those of an index of indices, `programme`
    the bytes at the beginning of a transport stream in which `streams` are counted.
    """

    streams: int = 100
    chunks: int = 50_000
    depth: int = 6
    objects: int = 5_000
    places: int = 2_000
    header: int = 8 * 2**20
    programme: int = 2 * 2**20
    blocks: int = 20_000


def check_avi(file: BinaryIO, bounds: StreamBounds = StreamBounds()) -> None:
    """The lists of an AVI; raises `InvalidVideoError`, as all of these do."""
    size = file.seek(0, os.SEEK_END)
    streams = 0
    for count, (kind, start, end) in enumerate(_chunks(file, 0, size, 0, bounds), 1):
        require_at_most(count, bounds.chunks, "chunks")
        if kind == b"strh":
            streams += 1
            require_at_most(streams, bounds.streams, "streams")
        elif kind == _SUPER_INDEX:
            places = int.from_bytes(_read(file, start + 4, 4), "little")
            require_at_most(places, bounds.places, "places in its index")
            require_room(places, (end - start) // 4, "places in its index")


def _chunks(
    file: BinaryIO, start: int, end: int, depth: int, bounds: StreamBounds
) -> Iterator[tuple[bytes, int, int]]:
    """(kind, first byte of its content, end) of each, but for frames, which nobody counts."""
    require_at_most(depth, bounds.depth, "levels of lists within lists")
    while start + 8 <= end:
        kind, length = struct.unpack("<4sI", _read(file, start, 8))
        stop = min(start + 8 + length, end)
        yield kind, start + 8, stop
        if kind in _LISTS and _read(file, start + 8, 4) != b"movi":
            yield from _chunks(file, start + 12, stop, depth + 1, bounds)
        start = stop + length % 2


def check_asf(file: BinaryIO, bounds: StreamBounds = StreamBounds()) -> None:
    """The objects of an ASF or WMV."""
    size = file.seek(0, os.SEEK_END)
    head = _read(file, 0, _ASF_HEAD)
    header, declared = struct.unpack_from("<QI", head, 16)
    require_at_most(header, bounds.header, "bytes in its header")
    require_at_most(declared, bounds.objects, "objects in its header")
    streams = 0
    for count, (kind, start, end) in enumerate(_objects(file, _ASF_HEAD, min(header, size)), 1):
        require_at_most(count, bounds.objects, "objects in its header")
        if kind == _ASF_EXTENSION:
            for inner, _ in enumerate(_objects(file, start + 22, end), count + 1):
                require_at_most(inner, bounds.objects, "objects in its header")
        streams += kind == _ASF_STREAM
        require_at_most(streams, bounds.streams, "streams")
    for count, (kind, start, end) in enumerate(_objects(file, header, size), 1):
        require_at_most(count, bounds.objects, "objects")
        if kind == _ASF_INDEX:
            places = int.from_bytes(_read(file, start + 28, 4), "little")
            require_room(places, (end - start - 32) // 6, "places in its index")


def _objects(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    while start + 24 <= end:
        kind, length = struct.unpack("<16sQ", _read(file, start, 24))
        if length < 24:
            return
        yield kind, start + 24, min(start + length, end)
        start += length


def check_transport(file: BinaryIO, bounds: StreamBounds = StreamBounds()) -> None:
    """How many streams a transport stream begins with; Blu-ray puts four bytes before a packet."""
    start = _read(file, 0, bounds.programme)
    first = transport_start(start)
    step = _TS_PACKET + first
    numbers = {
        int.from_bytes(start[place + 1 : place + 3]) & 0x1FFF
        for place in range(first, len(start) - 3, step)
        if start[place] == _TS_SYNC
    }
    require_at_most(len(numbers), bounds.streams, "streams")


def transport_start(start: bytes) -> int:
    """Where the first packet of a transport stream is, 0 or 4; -1 in any other file."""
    for first in (0, 4):
        step = _TS_PACKET + first
        if all(start[place : place + 1] == b"G" for place in range(first, 3 * step, step)):
            return first
    return -1


def check_flash(file: BinaryIO, bounds: StreamBounds = StreamBounds()) -> None:
    """The head of an FLV, and how much it tells of itself."""
    offset = int.from_bytes(_read(file, 5, 4))
    require_at_most(offset, bounds.header, "bytes in its header")
    tag = _read(file, max(offset, _FLV_HEAD) + 4, 4)
    if tag[:1] == bytes([_FLV_SCRIPT]):
        require_at_most(int.from_bytes(tag[1:4]), bounds.header, "bytes in its header")


def check_gif(file: BinaryIO, bounds: StreamBounds = StreamBounds()) -> None:
    """The blocks of a GIF before its first frame."""
    flags = _read(file, 10, 1)[0]
    place = _GIF_HEAD + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    blocks = 0
    while _read(file, place, 1)[0] == _GIF_EXTENSION:
        place += 2
        while (length := _read(file, place, 1)[0]) > 0:
            blocks += 1
            require_at_most(blocks, bounds.blocks, "blocks before its first frame")
            place += 1 + length
        blocks += 1
        require_at_most(blocks, bounds.blocks, "blocks before its first frame")
        place += 1


def _read(file: BinaryIO, place: int, size: int) -> bytes:
    """As many bytes, zeros behind the end."""
    file.seek(place)
    found = file.read(size)
    return found if len(found) == size or size > 2**16 else found.ljust(size, b"\0")
