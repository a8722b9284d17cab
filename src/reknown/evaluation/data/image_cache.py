"""Templates by the digest of their image, kept on disk between runs.

One file for everything that decides what an image's template is. Records of one size are
appended under a lock, each with a checksum: a process killed at any moment leaves whole records
and at most one part, which the next writer cuts off; a damaged record is left out and its
image done again. Templates and thumbnails are of people: the files are for the user alone.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.evaluation.data.duplicates import THUMBNAIL_SIDE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from reknown.evaluation.measures.arrays import Singles

# To be raised when what is computed or kept changes.
# 2: a mesh's pose, quality as the template shows it, a second look where no face is found.
_VERSION = 2
_MAGIC = b"reknown templates\n"
_HEADER_SIZE = len(_MAGIC) + hashlib.sha256().digest_size
_AT_ONCE = 4_096


@dataclass(frozen=True, slots=True)
class CacheKey:
    """What the templates depend on, besides the image."""

    space: str
    dimension: int
    detector: str
    choose: str

    def digest(self) -> bytes:
        """SHA-256 of all of it and of the version of the file."""
        text = json.dumps([_VERSION, self.space, self.dimension, self.detector, self.choose])
        return hashlib.sha256(text.encode()).digest()


@dataclass(frozen=True, slots=True, eq=False)
class CachedImage:
    """What one image came to.

    `digest`: SHA-256, 32 bytes. `quality` 0 to 100, -1 without a template. `vector` float32
    (d,), zero without. `thumbnail` uint8 (256,).
    """

    digest: bytes
    quality: int
    hash: int
    thumbnail: NDArray[np.uint8]
    vector: Singles


class ImageCache:
    """The file for one key in `folder`; several processes may use it at once.

    Raises `InputError` when the folder cannot be used.
    """

    def __init__(self, folder: Path, key: CacheKey) -> None:
        digest = key.digest()
        self._header = _MAGIC + digest
        self._path = folder / f"{digest.hex()[:32]}.templates"
        self._layout = np.dtype(
            [
                ("checksum", "<u4"),
                ("quality", "<i2"),
                ("digest", "u1", (32,)),
                ("hash", "<u8"),
                ("thumbnail", "u1", (THUMBNAIL_SIDE**2,)),
                ("vector", "<f4", (key.dimension,)),
            ]
        )
        self.damaged = 0
        """How many records were found damaged."""
        with _reported(folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            self._descriptor = os.open(self._path, flags, 0o600)

    def __enter__(self) -> ImageCache:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def read(self) -> Iterator[CachedImage]:
        """All whole and undamaged records, oldest first."""
        with _reported(self._path):
            with self._locked(fcntl.LOCK_EX):
                self._settle()
            position = _HEADER_SIZE
            while True:
                with self._locked(fcntl.LOCK_SH):
                    data = os.pread(self._descriptor, _AT_ONCE * self._layout.itemsize, position)
                whole = len(data) // self._layout.itemsize
                if not whole:
                    return
                position += whole * self._layout.itemsize
                yield from self._good(data, whole)

    def _good(self, data: bytes, count: int) -> Iterator[CachedImage]:
        size = self._layout.itemsize
        records = np.frombuffer(data, self._layout, count)
        for number, record in enumerate(records):
            body = data[number * size + 4 : (number + 1) * size]
            if zlib.crc32(body) != int(record["checksum"]):
                self.damaged += 1
                continue
            yield CachedImage(
                record["digest"].tobytes(),
                int(record["quality"]),
                int(record["hash"]),
                record["thumbnail"],
                record["vector"],
            )

    def append(self, image: CachedImage) -> None:
        """Adds a record; when this returns it survives the end of the process."""
        record = np.zeros((), self._layout)
        record["quality"] = image.quality
        record["digest"] = np.frombuffer(image.digest, np.uint8)
        record["hash"] = image.hash
        record["thumbnail"] = image.thumbnail
        record["vector"] = image.vector
        body = record.tobytes()[4:]
        with _reported(self._path), self._locked(fcntl.LOCK_EX):
            self._settle()
            _write(self._descriptor, zlib.crc32(body).to_bytes(4, "little") + body)

    def _settle(self) -> None:
        """Rewrites a file that is another one, and cuts off what a killed process left."""
        size = os.fstat(self._descriptor).st_size
        if os.pread(self._descriptor, _HEADER_SIZE, 0) != self._header:
            self.damaged += size > _HEADER_SIZE
            os.ftruncate(self._descriptor, 0)
            _write(self._descriptor, self._header)
        elif part := (size - _HEADER_SIZE) % self._layout.itemsize:
            os.ftruncate(self._descriptor, size - part)

    @contextmanager
    def _locked(self, kind: int) -> Iterator[None]:
        fcntl.flock(self._descriptor, kind)
        try:
            yield
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


@contextmanager
def _reported(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = (error.strerror or "failed").lower()
        raise InputError(f"cannot use the template cache {place}: {reason}") from error
