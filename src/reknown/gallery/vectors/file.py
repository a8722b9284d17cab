"""An index in a file: sealed, written whole, believed only if its digest is the one that is known.

First the arrays of each slab, encrypted with AES-256-GCM under the file's key, then what they are
in JSON, with the nonce and the tag of each slab, and the length of that. The digest of a file is
that of the JSON, which comes from the database and not from the file.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import msgspec

from reknown.biometrics.errors import DatabaseError
from reknown.gallery.vectors.slabs import BESIDE, BLOCK, ZERO, Slab, groups_of
from reknown.structs import resolved

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import BufferedRandom, FileIO

    import numpy as np
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.modes import GCM
    from numpy.typing import NDArray

_VERSION = 2
_NONCE_BYTES = 12
_LENGTH_BYTES = 8
_LONGEST_CONTENTS = 2**24
_CHUNK = 2**22


class IndexFileError(DatabaseError):
    """The file is not what it is known as."""


class SlabContents(msgspec.Struct, frozen=True):
    """So many rows of faces with keys from `first` to `last`; how their arrays were encrypted.

    A slab that is written again has another nonce.
    """

    rows: int
    first: int
    last: int
    nonce: str
    tag: str


class IndexContents(msgspec.Struct, frozen=True):
    """What is in a file: slabs of templates of so many values, as they were at `revision`.

    No two files have the same `name`, be their slabs the same: each is known for itself.
    """

    version: int
    name: str
    dimension: int
    revision: int
    slabs: tuple[SlabContents, ...]


def write_index(
    file: BufferedRandom,
    key: bytes,
    dimension: int,
    slabs: Sequence[tuple[Slab, int]],
    revision: int,
) -> str:
    """Writes slabs, so many rows of each, sealed with `key`; returns the file's digest.

    They may change meanwhile: what was written is what is told.
    """
    told = [_write_slab(file, key, slab, rows) for slab, rows in slabs if rows]
    return _end(file, IndexContents(_VERSION, uuid4().hex, dimension, revision, tuple(told)))


def read_index(
    file: BufferedRandom | FileIO, key: bytes, digest: str, room: int
) -> tuple[IndexContents, list[Slab]]:
    """The slabs of a file of this digest, the last one with `room` for more.

    Raises `IndexFileError`, `OSError`.
    """
    contents = _contents(file, digest)
    file.seek(0)
    last = len(contents.slabs) - 1
    return contents, [
        _read_slab(file, key, contents.dimension, told, room if number == last else 0)
        for number, told in enumerate(contents.slabs)
    ]


def remove_from_index(
    file: BufferedRandom, key: bytes, digest: str, keys: NDArray[np.int64]
) -> str:
    """Overwrites what the file holds of these faces, `keys` ascending; its new digest.

    Raises `IndexFileError`, `OSError`; the file is worth nothing then.
    """
    contents = _contents(file, digest)
    told = list(contents.slabs)
    place = 0
    for number, before in enumerate(contents.slabs):
        start, end = keys.searchsorted((before.first, before.last + 1))
        if start < end:
            file.seek(place)
            slab = _read_slab(file, key, contents.dimension, before, 0)
            slab.remove(slab.find(keys[start:end]))
            file.seek(place)
            told[number] = _write_slab(file, key, slab, before.rows)
        place += _size(contents.dimension, before.rows)
    file.seek(place)
    file.truncate()
    return _end(file, msgspec.structs.replace(contents, slabs=tuple(told)))


def _write_slab(file: BufferedRandom, key: bytes, slab: Slab, rows: int) -> SlabContents:
    nonce = os.urandom(_NONCE_BYTES)
    sealing = _cipher(key, nonce).encryptor()
    codes, *columns = slab.arrays(rows)
    for array in (*_whole(codes, rows), *columns):
        for chunk in _chunks(array):
            file.write(sealing.update(chunk.tobytes()))  # it may change before it is written
    sealing.finalize()
    first, last = int(slab.keys[0]), int(slab.keys[rows - 1])
    return SlabContents(rows, first, last, nonce.hex(), sealing.tag.hex())


def _whole(codes: NDArray[np.uint8], rows: int) -> tuple[NDArray[np.uint8], ...]:
    """The codes of so many rows, with nothing of those behind: they may be deleted before these."""
    last = codes[rows // BLOCK :].copy()
    last[:, :, rows % BLOCK :] = ZERO
    return codes[: rows // BLOCK], last


def _read_slab(
    file: BufferedRandom | FileIO, key: bytes, dimension: int, told: SlabContents, room: int
) -> Slab:
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as below

    slab = Slab(dimension, told.rows + room)
    slab.rows = told.rows
    opening = _cipher(key, bytes.fromhex(told.nonce)).decryptor()
    for array in slab.arrays(told.rows):
        for chunk in _chunks(array):
            data = chunk.view("u1")
            if file.readinto(data.data) != chunk.nbytes:
                raise IndexFileError("the file is too short")
            data[:] = memoryview(opening.update(data.data))
    try:
        opening.finalize_with_tag(bytes.fromhex(told.tag))
    except (InvalidTag, ValueError) as error:
        raise IndexFileError("the file is damaged") from error
    slab.gaps = told.rows - len(slab.present())
    return slab


def _cipher(key: bytes, nonce: bytes) -> Cipher[GCM]:
    # Only where there is a file: to load it takes longer than to read a small gallery.
    from cryptography.hazmat.primitives.ciphers import Cipher  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers.algorithms import AES  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers.modes import GCM  # noqa: PLC0415

    return Cipher(AES(key), GCM(nonce))


def _end(file: BufferedRandom, contents: IndexContents) -> str:
    data = msgspec.json.encode(contents)
    file.write(data + len(data).to_bytes(_LENGTH_BYTES, "little"))
    file.flush()
    os.fsync(file.fileno())
    return hashlib.sha256(data).hexdigest()


def _contents(file: BufferedRandom | FileIO, digest: str) -> IndexContents:
    end = file.seek(0, os.SEEK_END)
    if end < _LENGTH_BYTES:
        raise IndexFileError("the file is too short")
    file.seek(end - _LENGTH_BYTES)
    length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
    if not 0 < length <= min(end - _LENGTH_BYTES, _LONGEST_CONTENTS):
        raise IndexFileError("the file is damaged")
    file.seek(end - _LENGTH_BYTES - length)
    data = file.read(length)
    # nothing of it is looked at before
    if hashlib.sha256(data).hexdigest() != digest:
        raise IndexFileError("the file is another one")
    try:
        contents = msgspec.json.decode(data, type=resolved(IndexContents))
    except msgspec.DecodeError as error:
        raise IndexFileError("the file is of another Reknown") from error
    if contents.version != _VERSION:
        raise IndexFileError("the file is of another Reknown")
    sizes = sum(_size(contents.dimension, slab.rows) for slab in contents.slabs)
    if sizes != end - _LENGTH_BYTES - length:
        raise IndexFileError("the file is damaged")
    return contents


def _size(dimension: int, rows: int) -> int:
    """The bytes of a slab with so many rows."""
    return -(-rows // BLOCK) * BLOCK * groups_of(dimension) * 4 + rows * BESIDE


def _chunks(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    flat = array.reshape(-1)
    step = _CHUNK // array.itemsize
    return (flat[start : start + step] for start in range(0, len(flat), step))
