"""A BMP's header: its pixels follow as they are, or in runs."""

from __future__ import annotations

import struct

_OLD_HEADER = 12
_PLACE = 14


def scan_bmp(data: bytes) -> tuple[int, int]:
    """Width and height; a negative height says that the rows begin at the top."""
    if len(data) < _PLACE + _OLD_HEADER:
        return 0, 0
    (header,) = struct.unpack_from("<I", data, _PLACE)
    form = "<HH" if header == _OLD_HEADER else "<ii"
    width, height = struct.unpack_from(form, data, _PLACE + 4)
    return max(width, 0), abs(height)
