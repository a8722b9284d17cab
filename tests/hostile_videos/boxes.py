"""Boxes of ISO/IEC 14496-12: made, taken apart and put together again."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

import videos

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TICKS = 1000
FULL = bytes(4)
"""Version and flags: none."""
STBL = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
"""Where the tables of a track are."""


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box of ISO/IEC 14496-12."""
    body = b"".join(parts)
    return (len(body) + 8).to_bytes(4, "big") + kind + body


def number(value: int, size: int = 4) -> bytes:
    """Big-endian."""
    return value.to_bytes(size, "big")


def children(data: bytes) -> list[tuple[bytes, bytes]]:
    """(kind, body) of the boxes in a row."""
    found, place = [], 0
    while place < len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        found.append((data[place + 4 : place + 8], data[place + 8 : place + size]))
        place += size
    return found


def changed(data: bytes, path: tuple[bytes, ...], change: Callable[[bytes], bytes]) -> bytes:
    """The boxes with what is at the path replaced by what `change` makes of its body."""
    made = []
    for kind, body in children(data):
        if kind != path[0]:
            made.append(box(kind, body))
        elif len(path) == 1:
            made.append(change(body))
        else:
            made.append(box(kind, changed(body, path[1:], change)))
    return b"".join(made)


@cache
def plain(container: str = "mp4", codec: str = "libx264") -> bytes:
    """Two seconds of a moving bar; in MP4 its tables are at the end, so that they can grow."""
    return videos.rendered(bar(), codec=codec, container=container)


def bar() -> Iterator[tuple[np.ndarray, int]]:
    for index, time_ms in enumerate(videos.steady(0, 2000)):
        image = np.full((120, 160, 3), 60, np.uint8)
        image[:, 2 * index : 2 * index + 20] = 200
        yield image, time_ms
