"""What people upload: written as it comes, whole or not at all, and nobody else's to read."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError, ObjectNotFoundError
from reknown.shortages import shortage
from reknown.storage.durable import sync_folder

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path
    from typing import BinaryIO

_NAME = re.compile("[0-9a-f]{64}")
_ARRIVING = ".part"
_ARCHIVE = "archive"
_FOLDER = 32
_OWNER = re.compile(f"[0-9a-f]{{{_FOLDER}}}")
_MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True)
class Uploads:
    """A folder of files by random names; what somebody calls them is never part of a path.

    A file has `most_bytes`, and `reserve_bytes` of the disk stay free.
    """

    root: Path
    most_bytes: int
    reserve_bytes: int

    def require_room(self, size: int, more: int | None = None) -> None:
        """Raises `InputError` unless a file may have that size, of which `more` is to come."""
        if size > self.most_bytes:
            raise InputError(
                f"this has more than {self.most_bytes // _MEBIBYTE:,} MiB, the most that is taken: "
                "cut it, compress it, or ask an operator to allow more (--upload-limit)"
            )
        if self._free() - (size if more is None else more) < self.reserve_bytes:
            raise InputError(
                f"there is no room for this: {self.reserve_bytes // _MEBIBYTE:,} MiB of the disk "
                "stay free; ask an operator to make room"
            )

    def begin(self) -> Arriving:
        """A new file to write to; raises `InputError`."""
        self.require_room(0)
        name = secrets.token_hex(32)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.root / (name + _ARRIVING), flags, 0o600)
        except OSError as error:
            raise _unwritable(error) from error
        return Arriving(self, name, os.fdopen(descriptor, "w+b"))

    def open(self, name: str) -> BinaryIO:
        """A whole one for reading; raises `ObjectNotFoundError`."""
        try:
            descriptor = os.open(self.path_of(name), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError as error:
            raise ObjectNotFoundError from error
        return os.fdopen(descriptor, "rb")

    def delete(self, name: str) -> None:
        """Forgets one, if it is there."""
        with suppress(FileNotFoundError):
            self.path_of(name).unlink()

    def sweep(self, wanted: Collection[str], seconds: float) -> int:
        """Deletes what is older and not wanted, also what never came whole; how many.

        A process that was killed leaves such.
        """
        before, deleted = time.time() - seconds, 0
        if not self.root.is_dir():
            return 0
        with os.scandir(self.root) as entries:
            found = [each.name for each in entries if each.is_file(follow_symlinks=False)]
        for name in found:
            ours = _NAME.fullmatch(name.removesuffix(_ARRIVING))
            with suppress(FileNotFoundError):
                if ours and name not in wanted and (self.root / name).stat().st_mtime < before:
                    (self.root / name).unlink()
                    deleted += 1
        return deleted

    def require_disk(self, more: int) -> None:
        """Raises `InputError` unless so much may come, in files of whatever size."""
        self.require_room(0, more)

    def archive_of(self, collection: str) -> Path:
        """The folder of what is kept for a collection, whose name is no part of it."""
        return self.root / _ARCHIVE / hashlib.sha256(collection.encode()).hexdigest()[:_FOLDER]

    def sync_archive(self, collection: str) -> None:
        """What was kept for the collection stays, whatever happens."""
        sync_folder(self.archive_of(collection))

    def forget_archive(self, collection: str) -> None:
        """Deletes what was kept for a collection."""
        shutil.rmtree(self.archive_of(collection), ignore_errors=True)

    def sweep_archives(self, collections: Collection[str]) -> int:
        """Deletes what was kept for others than these; how many."""
        wanted = {self.archive_of(each).name for each in collections}
        if not (self.root / _ARCHIVE).is_dir():
            return 0
        found = [each for each in (self.root / _ARCHIVE).iterdir() if _OWNER.fullmatch(each.name)]
        gone = [each for each in found if each.name not in wanted]
        for each in gone:
            shutil.rmtree(each, ignore_errors=True)
        return len(gone)

    def path_of(self, name: str) -> Path:
        """Where it lies; raises `ObjectNotFoundError` for what cannot be one."""
        if not _NAME.fullmatch(name):
            raise ObjectNotFoundError
        return self.root / name

    def _free(self) -> int:
        place = next(each for each in (self.root, *self.root.parents) if each.exists())
        disk = os.statvfs(place)
        return disk.f_bavail * disk.f_frsize


class Arriving:
    """A file on its way: gone at the end of the context unless it was finished and kept."""

    def __init__(self, uploads: Uploads, name: str, file: BinaryIO) -> None:
        self.name = name
        self.size = 0
        self._uploads = uploads
        self._file = file
        self._digest = hashlib.sha256()
        self._kept = False

    @property
    def sha256(self) -> str:
        """Of what has come so far."""
        return self._digest.hexdigest()

    @property
    def file(self) -> BinaryIO:
        """For looking at what has come, from its beginning."""
        self._file.seek(0)
        return self._file

    def write(self, data: bytes) -> None:
        """Takes some more; raises `InputError` for too much, and where the disk is full."""
        self._uploads.require_room(self.size + len(data), len(data))
        try:
            self._file.write(data)
        except OSError as error:
            raise _unwritable(error) from error
        self._digest.update(data)
        self.size += len(data)

    def finish(self) -> None:
        """All has come, and is on disk; raises `InputError`."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _unwritable(error) from error

    def keep(self) -> None:
        """It has its name from now on, and stays until it is deleted."""
        whole = self._uploads.path_of(self.name)
        os.rename(whole.with_name(self.name + _ARRIVING), whole)
        sync_folder(whole.parent)
        self._kept = True

    def archive(self, collection: str, ending: str) -> Path:
        """It is kept for a collection from now on, by its digest; where it lies."""
        folder = self._uploads.archive_of(collection)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{self.sha256}{ending}"
        os.rename(self._uploads.path_of(self.name).with_name(self.name + _ARRIVING), path)
        self._kept = True
        return path

    def close(self) -> None:
        """Leaves nothing of what was not kept."""
        with suppress(OSError):  # of what is still in the buffer, where the disk is full
            self._file.close()
        if not self._kept:
            with suppress(FileNotFoundError):
                os.unlink(self._uploads.path_of(self.name).with_name(self.name + _ARRIVING))


def _unwritable(error: OSError) -> InputError:
    reason = shortage(error) or (error.strerror or "it cannot be written").lower()
    return InputError(f"what was uploaded cannot be kept: {reason}")
