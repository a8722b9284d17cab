"""Arrays in an NPZ archive, read row by row: never whole, and never as Python objects."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from typing import IO

    from numpy.typing import NDArray

_LONGEST_HEADER = 10_000
_LARGEST_VALUE = 64 * 1024
_MAGIC = 8


@dataclass(frozen=True, slots=True)
class Array:
    """An array that is read from the front; `name` is for messages."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    stream: IO[bytes]
    header_bytes: int

    @property
    def row_bytes(self) -> int:
        """What one row takes."""
        return self.dtype.itemsize * int(np.prod(self.shape[1:], dtype=object) or 0)

    def read(self, rows: int) -> NDArray[Any]:
        """The next rows; raises `InputError` where there are not so many."""
        wanted = rows * self.row_bytes
        data = self.stream.read(wanted)
        while len(data) < wanted and (more := self.stream.read(wanted - len(data))):
            data += more
        if len(data) < wanted:
            raise InputError(f"{self.name} ends before it should: the file is damaged")
        return np.frombuffer(data, self.dtype).reshape(rows, *self.shape[1:])

    def require_end(self) -> None:
        """Raises `InputError` where there is more; the archive checks its sum at the end."""
        if self.stream.read(1):
            raise InputError(f"{self.name} goes on behind its end: the file is damaged")


def open_array(name: str, stream: IO[bytes], size: int) -> Array:
    """The array in a stream of `size` bytes.

    Raises `InputError` for Python objects, for columns that are not in rows, and where the size is
    not what the shape says.
    """
    start = stream.read(_MAGIC)
    try:
        version = np.lib.format.read_magic(io.BytesIO(start))
        length = {(1, 0): "<H", (2, 0): "<I"}[version]
    except (ValueError, KeyError):
        raise InputError(f"{name} is no array of NumPy's") from None
    counted = stream.read(struct.calcsize(length))
    (characters,) = struct.unpack(length, counted.ljust(struct.calcsize(length), b"\xff"))
    # before it is read: it may say that it has gigabytes
    if characters > _LONGEST_HEADER:
        raise InputError(f"{name} has a header of {characters:,} bytes: that is no array's")
    text = io.BytesIO(counted + stream.read(characters))
    read = np.lib.format.read_array_header_1_0
    if version == (2, 0):
        read = np.lib.format.read_array_header_2_0
    try:
        shape, columns_first, dtype = read(text, max_header_size=_LONGEST_HEADER)
    except Exception:  # NumPy reads it as Python does, and fails in as many ways
        raise InputError(f"{name} has a header that is no array's") from None
    array = Array(name, dtype, tuple(shape), stream, _MAGIC + len(counted) + characters)
    _require_plain(array, columns_first=columns_first)
    _require_size(array, size)
    return array


def _require_plain(array: Array, *, columns_first: bool) -> None:
    if array.dtype.hasobject:
        raise InputError(
            f"{array.name} holds Python objects, which are never loaded: save texts as "
            "np.array(texts, dtype=str), with '' for nothing"
        )
    if array.dtype.kind not in "fiuUS" or array.dtype.itemsize == 0:
        raise InputError(f"{array.name} holds {array.dtype}: neither numbers nor texts")
    if array.dtype.itemsize > _LARGEST_VALUE:
        raise InputError(f"{array.name} has values of {array.dtype.itemsize:,} bytes each")
    if columns_first and len(array.shape) > 1:
        raise InputError(f"{array.name} has columns first: save np.ascontiguousarray of it")


def _require_size(array: Array, size: int) -> None:
    if any(length < 0 for length in array.shape):
        raise InputError(f"{array.name} has a header that is no array's")
    values = int(np.prod(array.shape, dtype=object)) if array.shape else 1
    if array.header_bytes + values * array.dtype.itemsize != size:
        shape = array.shape if len(array.shape) <= 4 else "too many sides"
        raise InputError(f"{array.name} of shape {shape} takes more or less than {size:,} bytes")
