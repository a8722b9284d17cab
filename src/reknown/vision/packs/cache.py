"""The folder of fetched and converted model files, shared by all processes of a user.

Digests beside converted files tell damage from health; they are no defence against someone
who may write in this folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import ModelFileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reknown.vision.packs.manifest import PackFile, PackManifest


@dataclass(frozen=True, slots=True)
class ModelCache:
    """Where each kind of file lies below `root`."""

    root: Path

    def download(self, file: PackFile) -> Path:
        """A fetched file, named by its digest: packs share what is the same."""
        return self.root / "downloads" / f"{file.sha256}{file.suffix}"

    def converted(self, key: str) -> Path:
        """An ONNX graph made here."""
        return self.root / "converted" / f"{key}.onnx"

    def licence(self, manifest: PackManifest) -> Path:
        """The record that a licence was accepted."""
        return self.root / "licences" / f"{manifest.name}.json"


@contextmanager
def exclusive(folder: Path) -> Iterator[bool]:
    """Makes the folder and lets one process (and one thread) at a time work in it.

    Yields whether it can be written; where it cannot, nobody has to wait. Nor has anybody
    where files cannot be locked: what is written stays whole, but may be made twice.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("wb")
    except OSError:
        yield False
        return
    with lock:
        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield True


def write_atomically(path: Path, data: bytes) -> None:
    """Puts `data` in the place of `path`: readers see the old bytes or the new, never half.

    Raises `ModelFileError` when the disk refuses.
    """
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        os.replace(temporary, path)
    except OSError as error:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise ModelFileError(f"cannot write {path}: {error.strerror}") from error


def write_with_digest(path: Path, data: bytes) -> None:
    """Writes `data` and, beside it, the digest that `read_with_digest` asks for."""
    write_atomically(path, data)
    write_atomically(path.with_suffix(".sha256"), hashlib.sha256(data).hexdigest().encode())


def read_with_digest(path: Path) -> bytes | None:
    """The bytes, or None when they are absent or not those that were written."""
    try:
        data, expected = path.read_bytes(), path.with_suffix(".sha256").read_bytes()
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest().encode() == expected else None
