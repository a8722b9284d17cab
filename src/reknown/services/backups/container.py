"""The file of a backup: a tar archive of parts with fixed names in a fixed order.

    manifest.json      what it is: `manifest.py`
    reknown.db         the database
    master.key.json    the sealed master key, unless it was left out
    SHA256SUMS         digests of the parts before, as `sha256sum --check` reads them

Every byte of the file either is one of a part, and under its digest, or can only be what it is.
A backup may come from a stranger, so nothing in it is a path, and no size is believed before it
was compared with that of the file.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    # is told how many bytes are done, and of how many
    Watch = Callable[[int, int], None]

_MANIFEST, _DATABASE, _KEY, _SUMS = "manifest.json", "reknown.db", "master.key.json", "SHA256SUMS"
_SMALL = 64 * 1024
_BLOCK = tarfile.BLOCKSIZE
_END = bytes(2 * _BLOCK)
_CHUNK = 2**20
_DAMAGED = "{}: this backup is damaged or none: {}: take another one"


@dataclass(frozen=True, slots=True)
class Part:
    """Where a part lies in the file, in bytes, and its SHA-256."""

    start: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a backup whose digests were found right.

    `covered` is what the sealed key was sealed with: the digests of all other parts.
    """

    manifest: bytes
    database: Part
    sealed_key: bytes | None
    covered: bytes


def write_container(
    file: IO[bytes],
    manifest: bytes,
    database: Path,
    seal: Callable[[bytes], bytes] | None,
    watch: Watch,
) -> str:
    """Writes all parts and syncs the file; the SHA-256 of the database.

    `seal` makes the sealed key out of what it is to cover.
    """
    sums = {_MANIFEST: _add(file, _MANIFEST, manifest)}
    with database.open("rb") as source:
        size = os.fstat(source.fileno()).st_size
        file.write(_header(_DATABASE, size))
        sums[_DATABASE] = digest = _copy(source, size, file, watch)
        file.write(_padding(size))
    if seal is not None:
        sums[_KEY] = _add(file, _KEY, seal(_sums(sums)))
    _add(file, _SUMS, _sums(sums))
    file.write(_END)
    file.flush()
    os.fsync(file.fileno())
    return digest


def read_container(file: IO[bytes], watch: Watch) -> Contents:
    """What is in the file, once all of it was read and found right; raises `InputError`."""
    try:
        return _Reader(file, watch).contents()
    except OSError as error:
        raise InputError(_DAMAGED.format(file.name, f"{error.strerror}")) from error


def copy_part(file: IO[bytes], part: Part, target: IO[bytes], watch: Watch) -> None:
    """Writes the part into `target`, and syncs it; raises `InputError` if it is not what it was."""
    file.seek(part.start)
    if _copy(file, part.size, target, watch) != part.sha256:
        raise InputError(_DAMAGED.format(file.name, "it changed while it was read"))
    target.flush()
    os.fsync(target.fileno())


class _Reader:
    """Goes through the parts once."""

    def __init__(self, file: IO[bytes], watch: Watch) -> None:
        self._file = file
        self._watch = watch
        self._total = os.fstat(file.fileno()).st_size

    def contents(self) -> Contents:
        manifest, sums = self._small(_MANIFEST, {})
        database = self._database()
        sums = sums | {_DATABASE: database.sha256}
        covered, sealed = _sums(sums), None
        if self._name() == _KEY:
            sealed, sums = self._small(_KEY, sums)
        written, _ = self._small(_SUMS, {})
        self._require(written == _sums(sums), "its checksums do not fit")
        self._require(self._file.read(len(_END) + 1) == _END, "it does not end where it should")
        return Contents(manifest, database, sealed, covered)

    def _small(self, name: str, sums: Mapping[str, str]) -> tuple[bytes, dict[str, str]]:
        size = self._size(name, _SMALL)
        content = self._file.read(size)
        self._require(len(content) == size, "it ends too early")
        self._skip_padding(size)
        return content, {**sums, name: hashlib.sha256(content).hexdigest()}

    def _database(self) -> Part:
        size = self._size(_DATABASE, self._total)
        start = self._file.tell()
        digest = _copy(self._file, size, None, self._watch)
        self._require(self._file.tell() - start == size, "it ends too early")
        self._skip_padding(size)
        return Part(start, size, digest)

    def _name(self) -> str:
        """Of the part that comes next."""
        place = self._file.tell()
        name = self._header().name
        self._file.seek(place)
        return name

    def _size(self, name: str, most: int) -> int:
        start = self._file.tell()
        size = self._header().size
        self._require(0 <= size <= most, f"{name} has an impossible size")
        self._file.seek(start)
        self._require(self._file.read(_BLOCK) == _header(name, size), f"{name} is not there")
        return size

    def _header(self) -> tarfile.TarInfo:
        try:
            return tarfile.TarInfo.frombuf(self._file.read(_BLOCK), "ascii", "surrogateescape")
        except (tarfile.HeaderError, ValueError) as error:
            raise self._damaged("it is no archive, or ends too early") from error

    def _skip_padding(self, size: int) -> None:
        padding = _padding(size)
        self._require(self._file.read(len(padding)) == padding, "there is something between parts")

    def _require(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise self._damaged(otherwise)

    def _damaged(self, why: str) -> InputError:
        return InputError(_DAMAGED.format(self._file.name, why))


def _add(file: IO[bytes], name: str, content: bytes) -> str:
    file.write(_header(name, len(content)) + content + _padding(len(content)))
    return hashlib.sha256(content).hexdigest()


def _header(name: str, size: int) -> bytes:
    """The only one that a part of this name and size can have."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info.tobuf(tarfile.GNU_FORMAT, "ascii", "strict")


def _padding(size: int) -> bytes:
    return bytes(-size % _BLOCK)


def _sums(digests: Mapping[str, str]) -> bytes:
    return "".join(f"{digest}  {name}\n" for name, digest in digests.items()).encode("ascii")


def _copy(source: IO[bytes], size: int, target: IO[bytes] | None, watch: Watch) -> str:
    """Reads `size` bytes, or what there is, writes them if wanted; their SHA-256."""
    digest, left = hashlib.sha256(), size
    while left and (chunk := source.read(min(left, _CHUNK))):
        digest.update(chunk)
        if target is not None:
            target.write(chunk)
        left -= len(chunk)
        watch(size - left, size)
    return digest.hexdigest()
