"""The same of older cameras' containers: AVI, WMV, transport streams, FLV, GIF."""

from __future__ import annotations

import struct

from hostile_videos.boxes import plain

_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_STREAM = bytes.fromhex("9107dcb7b7a9cf118ee600c00c205365")
_ASF_EXTENSION = bytes.fromhex("b503bf5f2ea9cf118ee300c00c205365")
_ASF_INDEX = bytes.fromhex("90080033b1e5cf1189f400a0c90349cb")
_PADDING = bytes(15) + b"p"


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack("<4sI", kind, len(body)) + body + bytes(len(body) % 2)


def _avi(*extra: bytes) -> bytes:
    """The clip with chunks put before everything else in it."""
    data = plain("avi", "mpeg4")
    return _chunk(b"RIFF", b"AVI " + b"".join(extra) + data[12:])


def avi_streams(count: int) -> bytes:
    """So many heads of streams."""
    stream = _chunk(b"LIST", b"strl" + _chunk(b"strh", b"vids" + bytes(52)))
    return _avi(_chunk(b"LIST", b"hdrl" + stream * count))


def avi_chunks(count: int) -> bytes:
    """So many chunks of nothing."""
    return _avi(_chunk(b"LIST", b"INFO" + _chunk(b"ISFT", b"") * count))


def avi_nested(count: int) -> bytes:
    """Lists in lists."""
    made = b""
    for _ in range(count):
        made = _chunk(b"LIST", b"odml" + made)
    return _avi(made)


def avi_places(count: int) -> bytes:
    """An index of indices, which says that it has so many and has one."""
    head = struct.pack("<HBBI4sIII", 4, 0, 0, count, b"00dc", 0, 0, 0)
    return _avi(_chunk(b"LIST", b"hdrl" + _chunk(b"indx", head + bytes(16))))


def _object(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<Q", 24 + len(body)) + body


def _asf(declared: int, *objects: bytes, after: bytes = b"") -> bytes:
    body = struct.pack("<IBB", declared, 1, 2) + b"".join(objects)
    return _object(_ASF_HEADER, body) + after


def asf_objects(count: int) -> bytes:
    """So many objects, of which the header knows nothing."""
    return _asf(1, _object(_PADDING, b"") * count)


def asf_declared(count: int) -> bytes:
    """A header that says that it has so many."""
    return _asf(count)


def asf_extended(count: int) -> bytes:
    """So many objects in one."""
    return _asf(1, _object(_ASF_EXTENSION, bytes(22) + _object(_PADDING, b"") * count))


def asf_streams(count: int) -> bytes:
    """So many streams."""
    return _asf(count, _object(_ASF_STREAM, bytes(54)) * count)


def asf_index(count: int) -> bytes:
    """An index that says that it has so many places and has none."""
    return _asf(0, after=_object(_ASF_INDEX, bytes(28) + struct.pack("<I", count)))


def transport_streams(count: int) -> bytes:
    """A packet for each of so many streams."""
    return b"".join(
        b"G" + struct.pack(">H", number % 0x2000) + b"\x10" + bytes(184) for number in range(count)
    )


def flash_header(size: int) -> bytes:
    """A header that says how long it is."""
    return b"FLV\1\1" + struct.pack(">I", size) + bytes(1000)


def flash_script(size: int) -> bytes:
    """What it tells of itself is so long."""
    return b"FLV\1\1\0\0\0\t" + bytes(4) + b"\x12" + size.to_bytes(3, "big") + bytes(1000)


def gif_blocks(count: int) -> bytes:
    """Comments of a letter."""
    return b"GIF89a" + struct.pack("<HHBBB", 90, 90, 0, 0, 0) + b"!\xfe" + b"\1x" * count + b"\0;"
