"""When a picture was taken, as its camera wrote it into EXIF.

Only the entries of two directories are read and two short texts, whatever else is in there
(CIPA DC-008-2019, 4.6.5: DateTimeOriginal, OffsetTimeOriginal).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_HEADER = b"Exif\0\0"
_DIRECTORY, _TAKEN, _OFFSET = 0x8769, 0x9003, 0x9011
_ASCII, _LONGEST = 2, 20
_MOST_ENTRIES = 1_000
_ENTRY = 12


def taken(exif: bytes) -> tuple[bytes, bytes]:
    """Date and offset, such as b"2024:05:06 07:08:09" and b"+02:00"; empty where there is none.

    `exif` is a TIFF structure, with or without the header that it has in a JPEG. The texts are
    unchecked, of 19 and 6 bytes at most.
    """
    if exif.startswith(_HEADER):
        exif = exif[len(_HEADER) :]
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None or len(exif) < 8:
        return b"", b""
    file = _Tiff(exif, order)
    places = file.entries(struct.unpack_from(f"{order}I", exif, 4)[0])
    if _DIRECTORY not in places:
        return b"", b""
    entries = file.entries(file.number(places[_DIRECTORY] + 8))
    date, offset = (file.text(entries.get(tag)) for tag in (_TAKEN, _OFFSET))
    return date[:19], offset[:6]


@dataclass(frozen=True, slots=True)
class _Tiff:
    """A TIFF structure in memory."""

    data: bytes
    order: str

    def entries(self, place: int) -> dict[int, int]:
        """Where in a directory each tag's entry is, of the first thousand; the first counts."""
        if place + 2 > len(self.data):
            return {}
        (count,) = struct.unpack_from(f"{self.order}H", self.data, place)
        room = (len(self.data) - place - 2) // _ENTRY
        found: dict[int, int] = {}
        for number in range(min(count, room, _MOST_ENTRIES)):
            entry = place + 2 + _ENTRY * number
            found.setdefault(struct.unpack_from(f"{self.order}H", self.data, entry)[0], entry)
        return found

    def number(self, place: int) -> int:
        """The four bytes there as a number."""
        return int(struct.unpack_from(f"{self.order}I", self.data, place)[0])

    def text(self, entry: int | None) -> bytes:
        """What an entry of text holds, up to its end or the first twenty bytes of it."""
        if entry is None:
            return b""
        _, kind, count = struct.unpack_from(f"{self.order}HHI", self.data, entry)
        if kind != _ASCII:
            return b""
        start = entry + 8 if count <= 4 else self.number(entry + 8)
        return self.data[start : start + min(count, _LONGEST)].split(b"\0")[0]
