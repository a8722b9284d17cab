"""Indexes kept in files beside the database, so that a million faces need not be read again.

A file is named and known by its digest, which the database holds: one that is damaged, stale or
somebody else's is not believed but made anew. It is sealed with a key of its own in the keyring:
without one no file is written. What is deleted is overwritten in the file before the deletion is
acknowledged.
"""

from __future__ import annotations

import fcntl
import logging
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from reknown.biometrics.errors import DatabaseError
from reknown.gallery.deletions import faces_deleted
from reknown.gallery.keys import keyring_in, keyring_of
from reknown.gallery.schema import collections, index_snapshots
from reknown.sealing.ciphers import SealError
from reknown.storage.clock import now_text
from reknown.storage.database import reading
from reknown.storage.durable import sync_folder
from reknown.storage.erasure import erase
from reknown.storage.threads import give_way

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from sqlalchemy import Connection, Engine, Row

    from reknown.gallery.vectors.slabs import Slab

_OPTION, _FOLDER = "snapshots", "index"
_SUFFIX, _UNFINISHED = ".index", ".unfinished"
_KNOWN = select(index_snapshots.c.collection_id, index_snapshots.c.digest)
# What is younger may be in the hands of another process.
_LEFT_SECONDS = 3600.0
_ZEROS = bytes(2**20)
_logger = logging.getLogger(__name__)


class Snapshots:
    """The files of one data folder; safe for many threads."""

    def __init__(self, database: Engine, folder: Path) -> None:
        """Whatever deletes faces through `database` from now on deletes them here too."""
        self._database, self._folder = database, folder
        self._lock = Lock()
        self._worker: ThreadPoolExecutor | None = None
        self._waiting: set[tuple[int, str]] = set()
        database.update_execution_options(**{_OPTION: self})

    def load(
        self, connection: Connection, row: Row[Any], room: int
    ) -> tuple[list[Slab], int] | None:
        """The newest index of the collection of this row, and its revision, if there is a file."""
        from reknown.gallery.vectors.file import read_index  # noqa: PLC0415 - needs NumPy

        for digest, number in _files(connection, row.id):
            path = self._path(row.id, digest)
            try:
                with path.open("rb", buffering=0) as file:
                    fcntl.flock(file, fcntl.LOCK_SH)  # nobody overwrites faces meanwhile
                    key = self._key(connection, number)
                    # others' requests compute meanwhile
                    contents, slabs = give_way(partial(read_index, file, key, digest, room))
            except FileNotFoundError:  # another machine's, or gone
                continue
            except (OSError, DatabaseError) as error:
                _logger.warning("%s is made anew: %s", path, error)
                with suppress(OSError):  # a search does without
                    _wipe(path)
                continue
            if contents.dimension == row.dimension and contents.revision >= row.replaced:
                return slabs, contents.revision
        return None

    def keep_later(self, row: Row[Any], slabs: Sequence[tuple[Slab, int]], revision: int) -> None:
        """Writes so many rows of each of these slabs in the background, unless one waits."""
        if keyring_in(self._database) is not None:
            self._later(row.name, row.id, "write", lambda: self._write(row, slabs, revision))

    def remove_later(self, connection: Connection, row: Row[Any]) -> None:
        """Overwrites in the background what another machine deleted, if a file here has it."""
        if self._behind(connection, row):
            self._later(row.name, row.id, "remove", lambda: self._remove_deleted(row))

    def sweep(self, connection: Connection) -> None:
        """Wipes what is of no collection, and what a process left that was killed."""
        found = set(self._folder.glob("*"))  # before the database is asked: a newer one is kept
        known = {self._path(row.collection_id, row.digest) for row in connection.execute(_KNOWN)}
        owners = {str(key) for key in connection.execute(select(collections.c.id)).scalars()}
        for path in found - known:
            with suppress(OSError):
                of_one = path.name.partition("-")[0] in owners
                if not of_one or time.time() - path.stat().st_mtime > _LEFT_SECONDS:
                    _wipe(path)

    def sweep_later(self) -> None:
        """The same in the background, where another machine may have deleted a collection."""
        self._later("what is left", 0, "sweep", self._sweep)

    def _sweep(self) -> None:
        with reading(self._database) as connection:
            self.sweep(connection)

    def close(self) -> None:
        """Waits for what is being done."""
        with self._lock:
            worker, self._worker = self._worker, None
        if worker is not None:
            worker.shutdown(wait=True)

    def remove(self, connection: Connection, row: Row[Any], faces: Collection[int]) -> None:
        """Overwrites these faces in the file of the claimed collection of this row.

        In the transaction that deletes them. What cannot be overwritten is deleted as a whole.
        """
        for digest, number in _files(connection, row.id):
            self._remove(connection, row, (digest, number), faces)
        self._wipe_left(connection, row.id)

    def _remove(
        self,
        connection: Connection,
        row: Row[Any],
        its: tuple[str, int | None],
        faces: Collection[int],
    ) -> None:
        import numpy as np  # noqa: PLC0415

        from reknown.gallery.vectors.file import remove_from_index  # noqa: PLC0415

        digest, number = its
        path, known = self._path(row.id, digest), index_snapshots.c.digest == digest
        try:
            with path.open("r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                key, gone = self._key(connection, number), np.sort(np.fromiter(faces, np.int64))
                new = remove_from_index(file, key, digest, gone)
                path.rename(self._path(row.id, new))
        except FileNotFoundError:  # another machine's
            return
        except (OSError, DatabaseError) as error:
            _logger.warning("%s is made anew: %s", path, error)
            _wipe(path)
            connection.execute(delete(index_snapshots).where(known))
        else:
            changed = update(index_snapshots).where(known)
            connection.execute(changed.values(digest=new, pruned=row.revision))

    def _behind(self, connection: Connection, row: Row[Any]) -> list[Row[Any]]:
        """The files here that have faces which were deleted, and up to when they do not."""
        columns = index_snapshots.c.digest, index_snapshots.c.pruned, index_snapshots.c.sealing_key
        query = select(*columns).where(
            index_snapshots.c.collection_id == row.id, index_snapshots.c.pruned < row.pruned
        )
        found: Sequence[Any] = connection.execute(query).all()
        return [each for each in found if self._path(row.id, each.digest).exists()]

    def _key(self, connection: Connection, number: int | None) -> bytes:
        keyring = keyring_of(connection)
        key = None if keyring is None or number is None else keyring.find([number]).get(number)
        if key is None:
            raise SealError("its key is not in the keyring")
        return key

    def _remove_deleted(self, row: Row[Any]) -> None:
        with self._database.begin() as connection:
            now = _held(connection, row.id)
            if now is None:
                return
            for each in self._behind(connection, now):
                gone = faces_deleted(connection, now, each.pruned)
                if gone is None:
                    self.drop(connection, row.id)
                else:
                    self._remove(connection, now, (each.digest, each.sealing_key), gone)

    def drop(self, connection: Connection, owner: int) -> None:
        """Deletes all files of the collection of this key; in the transaction that needs it."""
        connection.execute(delete(index_snapshots).where(index_snapshots.c.collection_id == owner))
        erase(connection, index_snapshots)
        self._wipe_others(owner, keep=None)

    def _later(self, name: str, owner: int, kind: str, work: Callable[[], None]) -> None:
        with self._lock:
            if (owner, kind) in self._waiting:
                return
            if self._worker is None:
                self._worker = ThreadPoolExecutor(1, thread_name_prefix="reknown-snapshots")
            self._waiting.add((owner, kind))
            self._worker.submit(self._attempt, name, owner, kind, work)

    def _attempt(self, name: str, owner: int, kind: str, work: Callable[[], None]) -> None:
        with self._lock:  # what is asked for from now on may not be done by this
            self._waiting.discard((owner, kind))
        try:
            work()
        except Exception as error:  # nobody waits for it, and searches do without
            _logger.warning("no snapshot of the index of %s: %s", name, error)

    def _write(self, row: Row[Any], slabs: Sequence[tuple[Slab, int]], revision: int) -> None:
        from reknown.gallery.vectors.file import write_index  # noqa: PLC0415

        keyring = keyring_in(self._database)
        if keyring is None:
            return
        self._folder.mkdir(mode=0o700, exist_ok=True)
        ((number, key),) = keyring.grant(row.id, 1).items()
        descriptor, name = tempfile.mkstemp(
            prefix=f"{row.id}-", suffix=_UNFINISHED, dir=self._folder
        )
        made = Path(name)
        try:
            with os.fdopen(descriptor, "w+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                digest = write_index(file, key, row.dimension, slabs, revision)
            with self._database.begin() as connection:
                now = _held(connection, row.id)
                # all faces that the index had then are still there
                if now is None or max(now.pruned, now.replaced) > revision:
                    return
                self._replace(connection, row.id, (digest, number), revision)
                made.rename(self._path(row.id, digest))
                sync_folder(self._folder)
            keyring.settle([number])
            self._wipe_others(row.id, keep=digest)
        finally:
            if made.exists():
                _wipe(made)
                keyring.destroy([number])

    def _replace(
        self, connection: Connection, owner: int, its: tuple[str, int], revision: int
    ) -> None:
        """From now on the file of this digest is the only one of this folder that is known."""
        digest, number = its
        here = [each for each in _digests(connection, owner) if self._path(owner, each).exists()]
        gone = index_snapshots.c.digest.in_([*here, digest])
        connection.execute(delete(index_snapshots).where(gone))
        erase(connection, index_snapshots)
        made = insert(index_snapshots).values(
            digest=digest,
            collection_id=owner,
            revision=revision,
            pruned=revision,
            written_at=now_text(),
            sealing_key=number,
        )
        connection.execute(made)

    def _wipe_left(self, connection: Connection, owner: int) -> None:
        """Wipes what killed processes left of a collection that is claimed: none else writes it."""
        known = {self._path(owner, digest) for digest in _digests(connection, owner)}
        for path in set(self._folder.glob(f"{owner}-*")) - known:
            if path.suffix == _SUFFIX or _abandoned(path):
                _wipe(path)

    def _wipe_others(self, owner: int, keep: str | None) -> None:
        for path in self._folder.glob(f"{owner}-*{_SUFFIX}"):
            if keep is None or path != self._path(owner, keep):
                _wipe(path)

    def _path(self, owner: int, digest: str) -> Path:
        return self._folder / f"{owner}-{digest}{_SUFFIX}"


def open_snapshots(database: Engine, data: Path) -> Snapshots:
    """Those of a data folder, swept; to be closed before the database."""
    snapshots = Snapshots(database, data / _FOLDER)
    if (data / _FOLDER).is_dir():
        with reading(database) as connection:
            snapshots.sweep(connection)
    return snapshots


def remove_from_snapshots(connection: Connection, row: Row[Any], faces: Collection[int]) -> None:
    """Leaves nothing of these deleted faces in the file of the claimed collection of this row."""
    snapshots = snapshots_of(connection)
    if snapshots is not None:
        snapshots.remove(connection, row, faces)


def drop_snapshots(connection: Connection, owner: int) -> None:
    """Deletes the files of the collection of this key, none of whose templates stays."""
    snapshots = snapshots_of(connection)
    if snapshots is not None:
        snapshots.drop(connection, owner)


def snapshots_of(connection: Connection) -> Snapshots | None:
    """Those of the connection's database, if it has any."""
    found: Snapshots | None = connection.engine.get_execution_options().get(_OPTION)
    return found


def _digests(connection: Connection, owner: int) -> list[str]:
    return [digest for digest, _ in _files(connection, owner)]


def _files(connection: Connection, owner: int) -> list[tuple[str, int | None]]:
    """Newest first: digest and key."""
    columns = index_snapshots.c.digest, index_snapshots.c.sealing_key
    query = select(*columns).where(index_snapshots.c.collection_id == owner)
    rows = connection.execute(query.order_by(index_snapshots.c.revision.desc()))
    return [(row.digest, row.sealing_key) for row in rows]


def _held(connection: Connection, owner: int) -> Row[Any] | None:
    """The row of the collection of this key, held so that nobody else changes it meanwhile."""
    query = select(collections).where(collections.c.id == owner).with_for_update()
    return connection.execute(query).one_or_none()


def _abandoned(path: Path) -> bool:
    """Whether no process is writing this file."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, FileNotFoundError):
        return False
    return True


def _wipe(path: Path) -> None:
    """Overwrites the file before it goes: what it held were biometric data."""
    try:
        with path.open("r+b", buffering=0) as file:
            left = file.seek(0, os.SEEK_END)
            file.seek(0)
            while left > 0:
                left -= file.write(_ZEROS[:left])
            os.fsync(file.fileno())
        path.unlink()
    except FileNotFoundError:
        return
