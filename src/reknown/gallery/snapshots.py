"""Indexes kept in files beside the database, so that a million faces need not be read again.

A file is named and known by its digest, which the database holds: one that is damaged, stale or
somebody else's is not believed but made anew. What is deleted is overwritten in the file before
the deletion is acknowledged.
"""

from __future__ import annotations

import logging
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from reknown.biometrics.errors import DatabaseError
from reknown.gallery.schema import collections, index_snapshots
from reknown.storage.clock import now_text

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from concurrent.futures import Future

    from sqlalchemy import Connection, Engine, Row

    from reknown.gallery.vectors.slabs import Slab

_OPTION = "snapshots"
_SUFFIX, _UNFINISHED = ".index", ".unfinished"
_ZEROS = bytes(2**20)
_logger = logging.getLogger(__name__)


class Snapshots:
    """The files of one data folder; safe for many threads."""

    def __init__(self, database: Engine, folder: Path) -> None:
        """Whatever deletes faces through `database` from now on deletes them here too."""
        self._database, self._folder = database, folder
        self._lock = Lock()
        self._writer: ThreadPoolExecutor | None = None
        self._writing: dict[int, Future[None]] = {}
        database.update_execution_options(**{_OPTION: self})

    def load(
        self, connection: Connection, row: Row[Any], room: int
    ) -> tuple[list[Slab], int] | None:
        """The newest index of the collection of this row, and its revision, if there is a file."""
        from reknown.gallery.vectors.file import read_index  # noqa: PLC0415 - needs NumPy

        for digest in _digests(connection, row.id):
            path = self._path(row.id, digest)
            try:
                with path.open("rb", buffering=0) as file:
                    contents, slabs = read_index(file, digest, room)
            except FileNotFoundError:  # another machine's, or gone
                continue
            except (OSError, DatabaseError) as error:
                _logger.warning("%s is made anew: %s", path, error)
                _wipe(path)
                continue
            if contents.dimension == row.dimension and contents.revision >= row.replaced:
                return slabs, contents.revision
        return None

    def keep_later(self, row: Row[Any], slabs: Sequence[tuple[Slab, int]], revision: int) -> None:
        """Writes so many rows of each of these slabs in the background, unless one is written."""
        with self._lock:
            if row.id in self._writing:
                return
            if self._writer is None:
                self._writer = ThreadPoolExecutor(1, thread_name_prefix="reknown-snapshots")
            work = self._writer.submit(self._keep, row, list(slabs), revision)
            self._writing[row.id] = work
        work.add_done_callback(lambda _: self._written(row.id))

    def close(self) -> None:
        """Waits for what is being written."""
        with self._lock:
            writer, self._writer = self._writer, None
        if writer is not None:
            writer.shutdown(wait=True)

    def remove(self, connection: Connection, owner: int, faces: Collection[int]) -> None:
        """Overwrites these faces in all files of the collection of this key.

        In the transaction that deletes them. What cannot be overwritten is deleted as a whole.
        """
        import numpy as np  # noqa: PLC0415

        from reknown.gallery.vectors.file import remove_from_index  # noqa: PLC0415

        keys = np.sort(np.fromiter(faces, np.int64))
        for digest in _digests(connection, owner):
            path = self._path(owner, digest)
            known = index_snapshots.c.digest == digest
            try:
                with path.open("r+b") as file:
                    new = remove_from_index(file, digest, keys)
                path.rename(self._path(owner, new))
                connection.execute(update(index_snapshots).where(known).values(digest=new))
            except FileNotFoundError:  # another machine's
                continue
            except (OSError, DatabaseError) as error:
                _logger.warning("%s is made anew: %s", path, error)
                _wipe(path)
                connection.execute(delete(index_snapshots).where(known))

    def drop(self, connection: Connection, owner: int) -> None:
        """Deletes all files of the collection of this key; in the transaction that needs it."""
        connection.execute(delete(index_snapshots).where(index_snapshots.c.collection_id == owner))
        self._wipe_others(owner, keep=None)

    def _keep(self, row: Row[Any], slabs: Sequence[tuple[Slab, int]], revision: int) -> None:
        try:
            self._write(row, slabs, revision)
        except Exception as error:  # nobody waits for it, and searches do without
            _logger.warning("no snapshot of the index of %s: %s", row.name, error)

    def _write(self, row: Row[Any], slabs: Sequence[tuple[Slab, int]], revision: int) -> None:
        from reknown.gallery.vectors.file import write_index  # noqa: PLC0415

        self._folder.mkdir(mode=0o700, exist_ok=True)
        descriptor, name = tempfile.mkstemp(
            prefix=f"{row.id}-", suffix=_UNFINISHED, dir=self._folder
        )
        made = Path(name)
        try:
            with os.fdopen(descriptor, "w+b") as file:
                digest = write_index(file, row.dimension, slabs, revision)
            with self._database.begin() as connection:
                if not _is_right(connection, row, revision):
                    return
                self._replace(connection, row.id, digest, revision)
                made.rename(self._path(row.id, digest))
                _sync(self._folder)
            self._wipe_others(row.id, keep=digest)
        finally:
            if made.exists():
                _wipe(made)

    def _replace(self, connection: Connection, owner: int, digest: str, revision: int) -> None:
        """From now on the file of this digest is the only one of this folder that is known."""
        here = [each for each in _digests(connection, owner) if self._path(owner, each).exists()]
        gone = index_snapshots.c.digest.in_([*here, digest])
        connection.execute(delete(index_snapshots).where(gone))
        values = {"digest": digest, "collection_id": owner, "revision": revision}
        connection.execute(insert(index_snapshots).values(values | {"written_at": now_text()}))

    def _written(self, owner: int) -> None:
        with self._lock:
            self._writing.pop(owner, None)

    def _wipe_others(self, owner: int, keep: str | None) -> None:
        for path in self._folder.glob(f"{owner}-*{_SUFFIX}"):
            if keep is None or path != self._path(owner, keep):
                _wipe(path)

    def _path(self, owner: int, digest: str) -> Path:
        return self._folder / f"{owner}-{digest}{_SUFFIX}"


def remove_from_snapshots(connection: Connection, owner: int, faces: Collection[int]) -> None:
    """Leaves nothing of these deleted faces in the files of the collection of this key."""
    snapshots = snapshots_of(connection)
    if snapshots is not None:
        snapshots.remove(connection, owner, faces)


def drop_snapshots(connection: Connection, owner: int) -> None:
    """Deletes the files of the collection of this key, none of whose templates stays."""
    snapshots = snapshots_of(connection)
    if snapshots is not None:
        snapshots.drop(connection, owner)


def snapshots_of(connection: Connection) -> Snapshots | None:
    """Those of the connection's database, if it has any."""
    found: Snapshots | None = connection.engine.get_execution_options().get(_OPTION)
    return found


def _digests(connection: Connection, owner: int) -> Sequence[str]:
    query = select(index_snapshots.c.digest).where(index_snapshots.c.collection_id == owner)
    return connection.execute(query.order_by(index_snapshots.c.revision.desc())).scalars().all()


def _is_right(connection: Connection, row: Row[Any], revision: int) -> bool:
    """Whether all faces that the index had then are still there; holds off who would delete one."""
    query = select(collections).where(collections.c.id == row.id).with_for_update()
    now = connection.execute(query).one_or_none()
    return now is not None and bool(now.pruned <= revision and now.replaced <= revision)


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


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
