"""A GIF's blocks up to its first frame (CompuServe, GIF89a)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from reknown.vision.decoding.scans.bounds import require_at_most

if TYPE_CHECKING:
    from reknown.vision.decoding.scans.bounds import WorkBounds

_HEADER = 13
_EXTENSION, _FRAME = 0x21, 0x2C
_TABLE, _TABLE_SIZE = 0x80, 0x07


def scan_gif(data: bytes, bounds: WorkBounds) -> tuple[int, int]:
    """Width and height of the screen, or of a first frame that reaches beyond it."""
    if len(data) < _HEADER:
        return 0, 0
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    place, blocks = _HEADER + _table(flags), 0
    while place < len(data):
        blocks += 1
        require_at_most(blocks, bounds.blocks, "blocks before the first frame")
        if data[place] == _FRAME and place + 10 <= len(data):
            left, top, wide, high = struct.unpack_from("<HHHH", data, place + 1)
            return max(width, left + wide), max(height, top + high)
        if data[place] != _EXTENSION:
            place += 1
            continue
        place += 2
        while place < len(data) and data[place]:
            blocks += 1
            require_at_most(blocks, bounds.blocks, "blocks before the first frame")
            place += 1 + data[place]
        place += 1
    return width, height


def _table(flags: int) -> int:
    return 3 << (flags & _TABLE_SIZE) + 1 if flags & _TABLE else 0
