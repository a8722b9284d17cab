"""All hostile files of our own: written by hand, byte by byte, and the same every time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hostile import formats, jpegs, metadata, others, pngs, progressive

if TYPE_CHECKING:
    from hostile.file import HostileFile


def catalogue() -> list[HostileFile]:
    """About 140 kinds, three sizes of each; nothing is made until it is asked for."""
    rooms = (progressive, metadata, jpegs, pngs, others, formats)
    return [file for room in rooms for file in room.files()]
