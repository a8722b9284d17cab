"""NPZ files of templates, also those of strangers: read in portions, in bounded memory.

Text is an array of NumPy's texts, or two arrays: NAME_utf8, all texts of the field one behind
the other, and NAME_ends, where each ends in it. One long name would make every text of the other
kind as long.
"""

from __future__ import annotations

import contextlib
import zipfile
import zlib
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.exchange.fields import (
    FIELDS,
    FORMAT,
    VECTORS,
    Field,
    Kind,
    require_dimension,
    require_known,
)
from reknown.exchange.npy import Array, open_array
from reknown.exchange.stating import require_stated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import IO, BinaryIO

    from numpy.typing import NDArray

    from reknown.biometrics.templates import TemplateSpace
    from reknown.exchange.fields import Portion

UTF8, ENDS = "_utf8", "_ends"
STATED = ("format", "pack", "fingerprint")
_SUFFIX = ".npy"
_LARGEST_DIRECTORY = 128 * 1024
_PORTION_BYTES = 128 * 2**20
_CHECKED_AT_ONCE = 2**20
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    UnicodeError,
    ValueError,
    RuntimeError,
    OSError,
)


class _Bounded:
    """A file of which nothing large is read until it is let go: not a directory of gigabytes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.bounded = True
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        """As a file's own."""
        if not self.bounded:
            return self._file.read(size)
        data = self._file.read(min(size, _LARGEST_DIRECTORY + 1) if size >= 0 else size)
        if len(data) > _LARGEST_DIRECTORY:
            raise InputError("its directory is too large for a file of templates")
        return data


@dataclass(frozen=True, slots=True)
class _Packed:
    """A field of text in two arrays."""

    ends: Array
    texts: Array


@dataclass(frozen=True, slots=True)
class NpzFile:
    """As `files.TemplateFile` says."""

    count: int
    dimension: int
    space: TemplateSpace | None
    _columns: Mapping[str, Array | _Packed]

    def portions(self, rows: int) -> Iterator[Portion]:
        """As `files.TemplateFile` says."""
        with _explained():
            yield from self._portions(rows)

    def _portions(self, rows: int) -> Iterator[Portion]:
        rows = max(1, min(rows, _PORTION_BYTES // self._row_bytes()))
        ended = dict.fromkeys(self._columns, 0)
        for start in range(0, self.count, rows):
            number = min(rows, self.count - start)
            portion: dict[str, Sequence[str] | NDArray[Any]] = {}
            for name, column in self._columns.items():
                if isinstance(column, _Packed):
                    portion[name], ended[name] = _unpacked(column, number, ended[name])
                else:
                    portion[name] = _values(FIELDS[name], column.read(number))
            yield portion
        for column in self._columns.values():
            for array in (column.ends, column.texts) if isinstance(column, _Packed) else (column,):
                array.require_end()

    def _row_bytes(self) -> int:
        total = 0
        for column in self._columns.values():
            if isinstance(column, _Packed):
                total += 8 + column.texts.shape[0] // max(self.count, 1)
            else:
                total += column.row_bytes
        return total


@contextlib.contextmanager
def open_npz(file: BinaryIO) -> Iterator[NpzFile]:
    """The templates of an archive; what is wrong with it is an `InputError`."""
    with contextlib.ExitStack() as opened:
        with _explained():
            bounded = _Bounded(file)
            archive = opened.enter_context(zipfile.ZipFile(cast("IO[bytes]", bounded)))
            bounded.bounded = False
            members = _members(archive)
            _check_sums(archive, members)
            arrays = {
                field: open_array(field, opened.enter_context(archive.open(it)), it.file_size)
                for field, it in members.items()
            }
            templates = _templates(arrays)
        yield templates


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise InputError(f"it is no NPZ file that can be read: {error}") from error


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    for member in archive.infolist():
        name = member.filename.removesuffix(_SUFFIX)
        if name in members:
            raise InputError(f"it has {name[:60]!r} twice")
        if member.flag_bits & 1 or member.compress_type not in {
            zipfile.ZIP_STORED,
            zipfile.ZIP_DEFLATED,
        }:
            raise InputError("it is encrypted, or compressed otherwise than NumPy does")
        members[name] = member
    texts = (field.name for field in FIELDS.values() if field.kind is Kind.TEXT)
    packed = [name + ending for name in texts for ending in (UTF8, ENDS)]
    require_known(members, (*STATED, *packed))
    return members


def _check_sums(archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo]) -> None:
    """Before anything is taken from it: a damaged file is to change nothing.

    What is compressed may be a thousand times as large, and is looked at as it is read.
    """
    for member in members.values():
        if member.compress_type == zipfile.ZIP_STORED:
            with archive.open(member) as stream:
                while stream.read(_CHECKED_AT_ONCE):
                    pass


def _templates(arrays: Mapping[str, Array]) -> NpzFile:
    vectors = arrays[VECTORS]
    if len(vectors.shape) != 2:
        raise InputError(f"vectors of shape {vectors.shape[:4]} are not one row a face")
    count, dimension = vectors.shape
    require_dimension(dimension)
    columns: dict[str, Array | _Packed] = {}
    for name, field in FIELDS.items():
        if name in arrays:
            columns[name] = arrays[name]
            _require_column(field, arrays[name], count, dimension)
        elif name + ENDS in arrays or name + UTF8 in arrays:
            columns[name] = _packed(name, arrays, count)
    given = {name: _text(arrays[name]) for name in STATED[1:] if name in arrays}
    form = int(_scalar(arrays["format"]).item()) if "format" in arrays else FORMAT
    return NpzFile(count, dimension, require_stated(form, given, dimension), columns)


def _require_column(field: Field, array: Array, count: int, dimension: int) -> None:
    width = field.width or dimension
    wanted = (count,) if field.kind is Kind.TEXT or field.width == 1 else (count, width)
    if array.shape != wanted:
        raise InputError(f"{field.name} have shape {array.shape[:4]}, not {wanted}")
    kinds = {Kind.TEXT: "US", Kind.FLOAT: "fiu", Kind.INTEGER: "iu"}[field.kind]
    if array.dtype.kind not in kinds:
        raise InputError(f"{field.name} are {array.dtype}: they have to be {field.kind.value}s")


def _packed(name: str, arrays: Mapping[str, Array], count: int) -> _Packed:
    try:
        ends, texts = arrays[name + ENDS], arrays[name + UTF8]
    except KeyError as error:
        raise InputError(f"{error.args[0]} is missing") from None
    if ends.shape != (count,) or ends.dtype.kind not in "iu" or ends.dtype.itemsize != 8:
        raise InputError(f"{name + ENDS} has to be int64 of shape ({count},)")
    if len(texts.shape) != 1 or texts.dtype != np.uint8:
        raise InputError(f"{name + UTF8} has to be uint8 of one side")
    return _Packed(ends, texts)


def _unpacked(column: _Packed, rows: int, start: int) -> tuple[list[str], int]:
    """The next texts, and where the last of them ends."""
    ends = column.ends.read(rows).astype(np.int64)
    limits = np.concatenate([[start], ends])
    if (np.diff(limits) < 0).any() or limits[-1] > column.texts.shape[0]:
        raise InputError(f"{column.ends.name} do not ascend within {column.texts.name}")
    length = int(limits[-1]) - start
    if length > 4 * _PORTION_BYTES:
        raise InputError(f"{column.texts.name} has {length:,} bytes for {rows:,} faces")
    data = column.texts.read(length).tobytes()
    places = (limits - start).tolist()
    # of text in ASCII the characters are where the bytes are
    source: Any = data.decode("ascii") if data.isascii() else data
    parts = [source[one:other] for one, other in pairwise(places)]
    return [part if isinstance(part, str) else part.decode() for part in parts], int(limits[-1])


def _values(field: Field, read: NDArray[Any]) -> list[str] | NDArray[Any]:
    if field.kind is not Kind.TEXT:
        return read
    if read.dtype.kind == "S" and read.tobytes().isascii():
        read = read.astype("U")
    elif read.dtype.kind == "S":
        return [text.decode() for text in read.tolist()]
    texts: list[str] = read.tolist()
    return texts


def _scalar(array: Array) -> NDArray[Any]:
    if array.shape not in {(), (1,)}:
        raise InputError(f"{array.name} has to be one value")
    return np.frombuffer(array.stream.read(array.dtype.itemsize), array.dtype)


def _text(array: Array) -> str:
    if array.dtype.kind != "U":
        raise InputError(f"{array.name} has to be a text")
    return str(_scalar(array).item())
