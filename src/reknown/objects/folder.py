"""Stored objects from a folder: `root/bucket/key`."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import (
    InputError,
    ObjectNotFoundError,
    ObjectStoreError,
    ObjectTooLargeError,
)
from reknown.objects.base import check_names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

_FOLDER = os.O_RDONLY | os.O_DIRECTORY
# A pipe or a terminal must neither block nor take over; it is refused once it is open.
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY
# ELOOP is a link, ENXIO a socket or a device without a driver, EILSEQ a name that this file
# system cannot hold.
_ABSENT = {
    errno.ENOENT,
    errno.ENOTDIR,
    errno.ELOOP,
    errno.ENAMETOOLONG,
    errno.EACCES,
    errno.EPERM,
    errno.ENXIO,
    errno.ENODEV,
    errno.EILSEQ,
}


@dataclass(frozen=True, slots=True)
class FolderObjects:
    """Reads `root/bucket/key`, regular files only, and never follows a link below `root`.

    `root` itself may be a link: the operator chose it. A hard link cannot be told from a
    file of its own, so anyone who can write below `root` may publish any file of that file
    system that they may link to. A folder keeps no versions.

    Raises `InputError` when `root` is not a folder.
    """

    root: Path

    def __post_init__(self) -> None:
        if not self.root.is_dir():
            raise InputError(
                f"{self.root} is not a folder: name one that holds a folder per bucket"
            )

    def read(self, bucket: str, key: str, version: str | None, max_bytes: int) -> bytes:
        """The bytes of a file, `max_bytes` at most.

        Raises `ObjectNotFoundError`, `ObjectTooLargeError`, or `ObjectStoreError` when the
        folder itself cannot be read.
        """
        with self.open(bucket, key, version, max_bytes) as file, _translating():
            data = file.read(max_bytes + 1)
        if len(data) > max_bytes:
            raise ObjectTooLargeError(max_bytes)
        return data

    def size(self, bucket: str, key: str, version: str | None) -> int:
        """How many bytes a file has; raises as `read` does."""
        with self._file(bucket, key, version) as file:
            return os.fstat(file.fileno()).st_size

    def open(self, bucket: str, key: str, version: str | None, max_bytes: int) -> BinaryIO:
        """The file itself, not a copy: it shows what others write to it, past the limit too.

        Raises as `read` does.
        """
        file = self._file(bucket, key, version)
        if os.fstat(file.fileno()).st_size > max_bytes:
            file.close()
            raise ObjectTooLargeError(max_bytes)
        return file

    def _file(self, bucket: str, key: str, version: str | None) -> BinaryIO:
        check_names(bucket, key, version)
        names = [bucket, *key.split("/")]
        if version is not None or "" in names or "\\" in key:
            raise ObjectNotFoundError
        root = self._open_root()
        with _translating():
            return _regular(_descend(root, names))

    def _open_root(self) -> int:
        try:
            return os.open(self.root, _FOLDER)
        except OSError as error:
            raise ObjectStoreError("the folder of stored objects cannot be opened") from error


def _descend(folder: int, names: list[str]) -> int:
    """Opens name by name, so that nothing between two of them can be swapped for a link.

    Closes `folder` and every folder on the way.
    """
    for depth, name in enumerate(names, start=1):
        flags = _FILE if depth == len(names) else _FOLDER
        try:
            inner = os.open(name.encode(), flags | os.O_NOFOLLOW, dir_fd=folder)
        finally:
            os.close(folder)
        folder = inner
    return folder


def _regular(descriptor: int) -> BinaryIO:
    """The descriptor as a file; closes it when it is not of a regular one."""
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ObjectNotFoundError
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


@contextmanager
def _translating() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _ABSENT:
            raise ObjectNotFoundError from error
        raise ObjectStoreError("the folder of stored objects cannot be read") from error
