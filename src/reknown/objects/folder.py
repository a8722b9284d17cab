"""Stored objects in a folder: `root/bucket/key`."""

from __future__ import annotations

import errno
import heapq
import os
import stat
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from reknown.biometrics.errors import (
    InputError,
    ObjectNotFoundError,
    ObjectRefusedError,
    ObjectStoreError,
    ObjectTooLargeError,
)
from reknown.objects.base import (
    MOST_NAMES,
    ObjectNames,
    can_be_asked_for,
    can_be_written,
    check_folder,
    check_names,
    is_bucket,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from reknown.objects.base import ObjectFolder

_FOLDER = os.O_RDONLY | os.O_DIRECTORY
# A pipe or a terminal must neither block nor take over; it is refused once it is open.
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
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


# Names of one folder that are looked through for a page.
_MOST_ENTRIES = 200_000


@dataclass(frozen=True, slots=True)
class FolderObjects:
    """Reads and writes `root/bucket/key`, regular files, and follows no link below `root`.

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

    def buckets(self) -> Sequence[str]:
        """The folders below `root` that a bucket may be called like; raises `ObjectStoreError`."""
        with _translating(), _names_in(self._open_root()) as names:
            found = (name.removesuffix("/") for name in names if name.endswith("/"))
            return heapq.nsmallest(MOST_NAMES, filter(is_bucket, found))

    def list_folder(self, where: ObjectFolder) -> ObjectNames:
        """Files and folders in the order of their names; links are left out.

        Raises `ObjectNotFoundError`, or `ObjectStoreError` also for more names than are looked
        through.
        """
        check_folder(where)
        way = [where.bucket, *where.folder.split("/")[:-1]]
        if "" in way or "\\" in where.folder:
            raise ObjectNotFoundError
        root = self._open_root()
        with _translating(), _names_in(_descend(root, way, _FOLDER)) as names:
            wanted = (name for name in names if _is_wanted(name, where))
            found = heapq.nsmallest(MOST_NAMES + 1, wanted)
        shown = [where.folder + name for name in found[:MOST_NAMES]]
        return ObjectNames(
            tuple(each for each in shown if each.endswith("/")),
            tuple(each for each in shown if not each.endswith("/")),
            found[MOST_NAMES - 1] if len(found) > MOST_NAMES else None,
        )

    def write(self, bucket: str, key: str, data: bytes, kms_key: str | None = None) -> None:
        """Writes a file that its owner alone can read, in folders that are made but for the bucket.

        Raises `ObjectNotFoundError`, also where it may not be written; `ObjectRefusedError`, or
        `ObjectStoreError` where there is no room or the disk is in trouble.
        """
        if not can_be_written(bucket, key):
            raise ObjectNotFoundError
        if kms_key is not None:
            raise ObjectRefusedError("a folder encrypts nothing: leave the KMS key out")
        *folders, name = key.split("/")
        with _translating("written to"):
            folder = _make(_descend(self._open_root(), [bucket], _FOLDER), folders)
            try:
                _replace(folder, name, data)
            finally:
                os.close(folder)

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


def _is_wanted(name: str, where: ObjectFolder) -> bool:
    return (
        name.startswith(where.beginning)
        and (where.after is None or name > where.after)
        and "\\" not in name
        and can_be_asked_for(where.bucket, where.folder + name.removesuffix("/"))
    )


@contextmanager
def _names_in(folder: int) -> Iterator[Iterator[str]]:
    """The names of regular files, and with a slash those of folders; closes `folder`."""
    try:
        with os.scandir(folder) as entries:
            yield _named(entries)
    finally:
        os.close(folder)


def _named(entries: Iterator[os.DirEntry[str]]) -> Iterator[str]:
    for number, entry in enumerate(entries):
        if number == _MOST_ENTRIES:
            raise ObjectStoreError(
                f"this folder holds more than {_MOST_ENTRIES:,} names: type that of the film"
            )
        if entry.is_dir(follow_symlinks=False):
            yield f"{entry.name}/"
        elif entry.is_file(follow_symlinks=False):
            yield entry.name


def _descend(folder: int, names: list[str], last: int = _FILE) -> int:
    """Opens name by name, so that nothing between two of them can be swapped for a link.

    Closes `folder` and every folder on the way.
    """
    for depth, name in enumerate(names, start=1):
        flags = last if depth == len(names) else _FOLDER
        try:
            inner = os.open(name.encode(), flags | os.O_NOFOLLOW, dir_fd=folder)
        finally:
            os.close(folder)
        folder = inner
    return folder


def _make(folder: int, names: list[str]) -> int:
    """Opens name by name as `_descend` does, and makes what is not there."""
    for name in names:
        try:
            with suppress(FileExistsError):
                os.mkdir(name.encode(), 0o700, dir_fd=folder)
                os.fsync(folder)
            inner = os.open(name.encode(), _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
        finally:
            os.close(folder)
        folder = inner
    return folder


def _replace(folder: int, name: str, data: bytes) -> None:
    """Writes a file whole before it has its name; it is on disk then.

    Before that it is called after its name: what a crash leaves the next try takes away.
    """
    waiting = f".{sha256(name.encode()).hexdigest()}.part"
    # not written through: it may be a link that another one has made
    with suppress(FileNotFoundError):
        os.unlink(waiting, dir_fd=folder)
    descriptor = os.open(waiting, _NEW_FILE, 0o600, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.rename(waiting, name.encode(), src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(waiting, dir_fd=folder)
        raise
    os.fsync(folder)


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
def _translating(deed: str = "read") -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _ABSENT:
            raise ObjectNotFoundError from error
        said = (error.strerror or "no reason was given").lower()
        raise ObjectStoreError(f"the folder of stored objects cannot be {deed}: {said}") from error
