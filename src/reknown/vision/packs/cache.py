"""The folder of fetched and converted model files, shared by all processes of a user.

Digests beside converted files tell damage from health; they are no defence against someone
who may write in this folder. Files are replaced, never rewritten in place: ONNX Runtime may
have the old ones mapped.
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

    from reknown.vision.packs.manifest import PackDeclaration
    from reknown.vision.packs.part import PackFile


@dataclass(frozen=True, slots=True)
class ModelCache:
    """Where each kind of file lies below `root`."""

    root: Path

    def download(self, file: PackFile) -> Path:
        """A fetched file, named by its digest: packs share what is the same."""
        return self.root / "downloads" / f"{file.sha256}{file.suffix}"

    def converted(self, key: str) -> Path:
        """An ONNX graph made here; its weights and the digests of both lie beside it."""
        return self.root / "converted" / f"{key}.onnx"

    def licence(self, manifest: PackDeclaration) -> Path:
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


def write_graph(path: Path, graph: bytes, weights: bytes) -> None:
    """Writes a graph, its weights and the digests that `is_sound` asks for."""
    write_atomically(weights_of(path), weights)
    write_atomically(path, graph)
    digests = (hashlib.sha256(data).hexdigest() for data in (graph, weights))
    write_atomically(_digests_of(path), "\n".join(digests).encode())


def is_sound(path: Path) -> bool:
    """Whether a graph and its weights are there, as they were written, for ONNX Runtime to open."""
    try:
        str(path).encode()  # no other names can be given to it
        digests = [_digest(part) for part in (path, weights_of(path))]
        return _digests_of(path).read_bytes() == "\n".join(digests).encode()
    except (OSError, UnicodeEncodeError):
        return False


def remove_graph(path: Path) -> None:
    """Removes a graph and what belongs to it, as far as it is there and may be removed."""
    for part in (path, weights_of(path), _digests_of(path)):
        with suppress(OSError):
            part.unlink()


def weights_of(path: Path) -> Path:
    """The file with the weights of a graph."""
    return path.with_suffix(".weights")


def _digests_of(path: Path) -> Path:
    return path.with_suffix(".sha256")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
