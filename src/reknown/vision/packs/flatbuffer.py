"""Reads FlatBuffers (https://flatbuffers.dev/internals/) without code generated from a schema.

Every offset of the file is checked before it is followed, and nothing is copied but what is
asked for. A caller asks for what it knows of, so that a file cannot make it read in circles.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import ModelFileError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DAMAGED = "not a FlatBuffers file: damaged"
# Parts may share what they point at: a short file could ask for as many as its length squared.
_MOST = 4096
_VTABLE_HEAD = 4  # its own length and that of the table, two bytes each


@dataclass(frozen=True, slots=True, eq=False)
class FlatTable:
    """A table of the file `data`, which stands at the offset `at`.

    Fields are asked for by their number in the schema. Every method raises `ModelFileError`
    where an offset or a length leads out of the file.
    """

    data: bytes
    at: int = 0

    @classmethod
    def root(cls, data: bytes, identifier: bytes) -> FlatTable:
        """The outermost table of a file of the kind that the four bytes name."""
        if data[4:8] != identifier:
            raise ModelFileError(f"not a file of kind {identifier.decode()}")
        return cls(data, _number(data, "<I", 0))

    def integer(self, field: int, form: str = "<i", default: int = 0) -> int:
        """An integer; `form` is that of the `struct` module."""
        place = self._place(field)
        return default if place is None else _number(self.data, form, place)

    def text(self, field: int) -> str:
        """A string, empty if it is not there."""
        try:
            return bytes(self.bytes(field)).decode()
        except UnicodeDecodeError as error:
            raise ModelFileError(_DAMAGED) from error

    def bytes(self, field: int) -> memoryview:
        """A vector of bytes or a string, empty if it is not there; not copied."""
        start, count = self._vector(field, 1)
        return memoryview(self.data)[start : start + count]

    def integers(self, field: int, most: int = _MOST) -> tuple[int, ...]:
        """A vector of at most so many 32-bit integers, empty if it is not there."""
        start, count = self._vector(field, 4, most)
        values: NDArray[np.int32] = np.frombuffer(self.data, "<i4", count, start)
        return tuple(int(value) for value in values)

    def table(self, field: int) -> FlatTable | None:
        """A table within this one."""
        place = self._place(field)
        return None if place is None else self._follow(place)

    def tables(self, field: int) -> tuple[FlatTable, ...]:
        """A vector of tables, empty if it is not there."""
        start, count = self._vector(field, 4, _MOST)
        return tuple(self._follow(start + 4 * number) for number in range(count))

    def _follow(self, place: int) -> FlatTable:
        return FlatTable(self.data, place + _number(self.data, "<I", place))

    def _vector(self, field: int, size: int, most: int | None = None) -> tuple[int, int]:
        """Where its first element stands, and how many there are."""
        place = self._place(field)
        if place is None:
            return 0, 0
        start = place + _number(self.data, "<I", place)
        count = _number(self.data, "<I", start)
        if start + 4 + count * size > len(self.data) or (most is not None and count > most):
            raise ModelFileError(_DAMAGED)
        return start + 4, count

    def _place(self, field: int) -> int | None:
        """Where the field stands, None if the table does without it."""
        vtable = self.at - _number(self.data, "<i", self.at)
        entry = _VTABLE_HEAD + 2 * field
        if entry + 2 > _number(self.data, "<H", vtable):
            return None
        offset = _number(self.data, "<H", vtable + entry)
        return self.at + offset if offset else None


def _number(data: bytes, form: str, at: int) -> int:
    if at < 0 or at + struct.calcsize(form) > len(data):
        raise ModelFileError(_DAMAGED)
    return int(struct.unpack_from(form, data, at)[0])
