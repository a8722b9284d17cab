"""Stored pictures from a folder: `root/bucket/key`."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.objects.base import check_names
from reknown.objects.errors import ObjectNotFoundError, ObjectStoreError, ObjectTooLargeError

if TYPE_CHECKING:
    from pathlib import Path

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
    file of its own, so whoever may write below `root` may publish any file of that file
    system that they may link to. A folder keeps no versions.

    Raises `InputError` when `root` is no folder.
    """

    root: Path

    def __post_init__(self) -> None:
        if not self.root.is_dir():
            raise InputError(f"{self.root} is no folder: name one that holds a folder per bucket")

    def read(self, bucket: str, key: str, version: str | None, max_bytes: int) -> bytes:
        """The bytes of a file, `max_bytes` at most.

        Raises `ObjectNotFoundError`, `ObjectTooLargeError`, or `ObjectStoreError` when the
        folder itself cannot be read.
        """
        check_names(bucket, key, version)
        names = [bucket, *key.split("/")]
        if version is not None or "" in names or "\\" in key:
            raise ObjectNotFoundError
        root = self._open_root()
        try:
            data = _content(_descend(root, names), max_bytes)
        except OSError as error:
            if error.errno in _ABSENT:
                raise ObjectNotFoundError from error
            raise ObjectStoreError("the folder of stored pictures cannot be read") from error
        if len(data) > max_bytes:
            raise ObjectTooLargeError(max_bytes)
        return data

    def _open_root(self) -> int:
        try:
            return os.open(self.root, _FOLDER)
        except OSError as error:
            raise ObjectStoreError("the folder of stored pictures cannot be opened") from error


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


def _content(descriptor: int, max_bytes: int) -> bytes:
    """At most one byte more than allowed; closes `descriptor`."""
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ObjectNotFoundError
        if status.st_size > max_bytes:
            raise ObjectTooLargeError(max_bytes)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(max_bytes + 1)
    finally:
        os.close(descriptor)
