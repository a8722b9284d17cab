"""What people upload: written as it comes, whole or not at all, and nobody else's to read."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import shutil
import time
from collections import defaultdict
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError, ObjectNotFoundError
from reknown.shortages import shortage
from reknown.storage.durable import sync_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path
    from typing import BinaryIO

_NAME = re.compile("[0-9a-f]{64}")
_ARRIVING, _WAITING = ".part", ".waiting"
# Uploads of one person that wait for their other pieces.
_MOST_WAITING = 3
# One to which something was added since is being sent.
_BEING_SENT_SECONDS = 120.0
_WHOLE = "this film has already arrived: look at the list of searches"
OWNER = 32
"""Digits of the number of an upload in pieces that say whose it is."""
_ARCHIVE = "archive"
_FOLDER = 32
_OWNER = re.compile(f"[0-9a-f]{{{_FOLDER}}}")
_MEBIBYTE = 2**20
_ELSEWHERE = "the folder of what was added is not on this machine: do this where the server runs"


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

    def waiting(self, number: str) -> int:
        """How much has come of what is sent in pieces; 0 where nothing has."""
        try:
            return self._waiting_at(number).stat().st_size
        except FileNotFoundError:
            return 0

    def forget(self, number: str) -> None:
        """Deletes what has come of it."""
        self._waiting_at(number).unlink(missing_ok=True)

    @contextmanager
    def resumed(self, number: str) -> Iterator[Resumed]:
        """What has come of it, for one writer at a time; a new one where nothing has.

        The first `OWNER` digits of the number are its owner's; of whoever has too many, the one
        that has waited longest is forgotten. Raises `InputError`, also for what has come whole and
        is still there.
        """
        path = self._waiting_at(number)
        self._refuse_whole(number)
        if not path.exists():
            self.require_room(0)
            self._forget_oldest(number[:OWNER])
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.fdopen(os.open(path, flags, 0o600), "r+b")
        except OSError as error:
            raise _unwritable(error) from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise InputError("this is already being sent: wait a moment") from error
            if not _lies_at(path, file):
                raise InputError(_WHOLE)
            try:  # again: it may have become whole before this file was made
                self._refuse_whole(number)
            except InputError:
                path.unlink(missing_ok=True)
                raise
            yield Resumed(self, file, number)

    def _refuse_whole(self, number: str) -> None:
        # in the order in which it gets these names, so that it is missed at neither
        whole = self.path_of(number)
        if _is_held(whole.with_name(number + _ARRIVING)) or whole.exists():
            raise InputError(_WHOLE)

    def _forget_oldest(self, owner: str) -> None:
        own: list[tuple[float, Path]] = []
        for name in self._files():
            if name.startswith(owner) and name.endswith(_WAITING):
                with suppress(FileNotFoundError):  # another process has forgotten it
                    own.append(((self.root / name).stat().st_mtime, self.root / name))
        own.sort(reverse=True)
        too_many = own[_MOST_WAITING - 1 :]
        if any(moment > time.time() - _BEING_SENT_SECONDS for moment, _ in too_many):
            raise InputError(
                f"{_MOST_WAITING} films of yours are being sent already: wait until one has come, "
                "or stop one"
            )
        for _, path in too_many:
            path.unlink(missing_ok=True)

    def _waiting_at(self, number: str) -> Path:
        return self.path_of(number).with_name(number + _WAITING)

    def _files(self) -> list[str]:
        if not self.root.is_dir():
            return []
        with os.scandir(self.root) as entries:
            return [each.name for each in entries if each.is_file(follow_symlinks=False)]

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
        for name in self._files():
            ours = _NAME.fullmatch(name.removesuffix(_ARRIVING).removesuffix(_WAITING))
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
        return self.root / _ARCHIVE / _folder(collection)

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


class Resumed:
    """What has come of a file that is sent in pieces, while one of them is written."""

    def __init__(self, uploads: Uploads, file: BinaryIO, number: str) -> None:
        self._uploads = uploads
        self._file = file
        self._number = number

    @property
    def size(self) -> int:
        """How much has come."""
        return os.fstat(self._file.fileno()).st_size

    def add(self, start: int, piece: bytes) -> None:
        """Adds a piece that begins there, and is on disk; what was there already has to be equal.

        One that begins beyond the end is not taken. Raises `InputError` for another file, for too
        much, and where the disk is full: then nothing of the piece stays.
        """
        size = self.size
        if start > size:
            return
        self._file.seek(start)
        there = self._file.read(len(piece))
        if there != piece[: len(there)]:
            raise InputError("this is another file than the one that waits: send it from its start")
        more = piece[len(there) :]
        self._uploads.require_room(size + len(more), len(more))
        try:
            self._file.seek(size)
            self._file.write(more)
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            with suppress(OSError):  # what is left lying is compared with what comes next
                os.ftruncate(self._file.fileno(), size)
            raise _unwritable(error) from error

    def arrived(self) -> Arriving:
        """The whole file; gone when closed unless it is kept.

        Its number stays its name: so whoever did not hear that it has come does not send it again.
        Raises `InputError` if it was forgotten meanwhile.
        """
        path = self._uploads.path_of(self._number)
        waiting = path.with_name(self._number + _WAITING)
        try:
            if not _lies_at(waiting, self._file):
                raise FileNotFoundError(waiting)
            waiting.rename(path.with_name(self._number + _ARRIVING))
        except FileNotFoundError as error:
            raise InputError("this was stopped meanwhile: send it again") from error
        file = os.fdopen(os.dup(self._file.fileno()), "r+b")
        whole = Arriving(self._uploads, self._number, file)
        whole.take_stock()
        return whole


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

    def take_stock(self) -> None:
        """Counts what is there already."""
        self._file.seek(0)
        while block := self._file.read(_MEBIBYTE):
            self._digest.update(block)
            self.size += len(block)

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


def is_kept(path: Path, collection: str) -> bool:
    """Whether this is a file that was added to the archive of a collection, by its place."""
    folder = path.parent
    return folder.name == _folder(collection) and folder.parent.name == _ARCHIVE


def delete_kept(paths: Iterable[Path]) -> dict[Path, str]:
    """Deletes all such files that can be, if they are there; why the others are not."""
    problems: dict[Path, str] = {}
    folders: dict[Path, list[Path]] = defaultdict(list)
    for path in paths:
        folders[path.parent].append(path)
    for folder, its in folders.items():
        if not folder.is_dir():
            problems |= dict.fromkeys(its, _ELSEWHERE)
            continue
        for path in its:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                problems[path] = _undeletable(error)
        try:  # once for all: each takes as long as the disk does
            sync_folder(folder)
        except OSError as error:
            problems |= dict.fromkeys(its, _undeletable(error))
    return problems


def _lies_at(path: Path, file: BinaryIO) -> bool:
    """Whether this open file has that name still."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _is_held(path: Path) -> bool:
    """Whether somebody writes this file or looks at it; not if whoever did was killed."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _folder(collection: str) -> str:
    return hashlib.sha256(collection.encode()).hexdigest()[:_FOLDER]


def _undeletable(error: OSError) -> str:
    reason = (error.strerror or "no reason was given").lower()
    return f"a file that was added cannot be deleted: {reason}"


def _unwritable(error: OSError) -> InputError:
    reason = shortage(error) or (error.strerror or "it cannot be written").lower()
    return InputError(f"what was uploaded cannot be kept: {reason}")
