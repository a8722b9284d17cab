"""Templates kept in memory between searches, and always as the database has them.

Each search asks the database for the collection's revision, so that whatever has been
acknowledged is searched, whichever process wrote it. Only what has changed is read again.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import select

from reknown.gallery.collections import require, space_of
from reknown.gallery.schema import faces
from reknown.gallery.templates import (
    GalleryTemplates,
    count_templates,
    select_templates,
    stream_templates,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from sqlalchemy import Connection, Row

    from reknown.biometrics.templates import TemplateSpace

_SPARE = 1.25
_BYTES_A_FACE, _BYTES_A_COLLECTION = 200, 4096


class TemplateCache:
    """The collections searched last, in about `max_bytes` of memory if more than one.

    Safe to use from several threads.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def current(self, connection: Connection, collection: str) -> GalleryTemplates:
        """All templates as `connection` sees them, or newer; raises `NotFoundError`.

        It must not have changed anything itself: others would see what may be rolled back.
        """
        row = require(connection, collection)
        held = self._find(collection, row)
        templates = held.refreshed(connection, row)
        self._settle(collection, held)
        return templates

    def forget(self, collection: str) -> None:
        """Frees what is held of a collection that has been deleted."""
        with self._lock:
            self._drop(collection)

    def _find(self, collection: str, row: Row[Any]) -> _Held:
        with self._lock:
            held = self._held.get(collection)
            # deleted and made anew, or the other way round for whoever looks at the past
            if held is None or held.owner < row.id:
                self._drop(collection)
                held = self._held[collection] = _Held(row.id, space_of(row))
            self._held.move_to_end(collection)
        return held if held.owner == row.id else _Held(row.id, space_of(row))

    def _settle(self, collection: str, held: _Held) -> None:
        """Counts what has grown, and lets go of what was not searched for longest."""
        with self._lock:
            if self._held.get(collection) is not held:
                return
            self._bytes += held.nbytes - held.counted
            held.counted = held.nbytes
            while len(self._held) > 1 and self._bytes > self._max_bytes:
                self._drop(next(iter(self._held)))

    def _drop(self, collection: str) -> None:
        held = self._held.pop(collection, None)
        if held is not None:
            self._bytes -= held.counted


class _Held:
    """One collection's templates at one revision; `counted` bytes are in the cache's total."""

    _revision: int
    _buffer: NDArray[np.float32]
    _keys: NDArray[np.int64]
    _templates: GalleryTemplates

    def __init__(self, owner: int, space: TemplateSpace) -> None:
        self.owner = owner
        self.counted = 0
        self._lock = Lock()
        self._clear(space)

    @property
    def nbytes(self) -> int:
        """About the memory held, names included."""
        return self._buffer.nbytes + _BYTES_A_FACE * len(self._keys) + _BYTES_A_COLLECTION

    def refreshed(self, connection: Connection, row: Row[Any]) -> GalleryTemplates:
        with self._lock:
            if row.revision > self._revision:
                # nothing held, or nothing that is still right: maybe not even the space
                if row.replaced > self._revision:
                    self._clear(space_of(row))
                if row.pruned > self._revision >= 0:
                    self._prune(connection, row.id)
                self._update(connection, row.id)
                self._revision = row.revision
            return self._templates

    def _clear(self, space: TemplateSpace) -> None:
        self._revision = -1
        # Snapshots given out are views of the first rows: those never change in place.
        self._buffer = np.empty((0, space.dimension), np.float32)
        self._keys = np.empty(0, np.int64)
        self._templates = GalleryTemplates(space, self._buffer, (), ())

    def _prune(self, connection: Connection, owner: int) -> None:
        query = select(faces.c.id).where(faces.c.collection_id == owner)
        present = np.fromiter(connection.execute(query).scalars(), np.int64)
        kept = np.flatnonzero(np.isin(self._keys, present)).tolist()
        old = self._templates
        face_ids = [old.face_ids[i] for i in kept]
        self._buffer = old.vectors[kept]
        self._show(self._keys[kept], face_ids, [old.users[i] for i in kept])

    def _update(self, connection: Connection, owner: int) -> None:
        if self._revision < 0:
            self._reserve(0, count_templates(connection, owner))
            query = select_templates(owner)
        else:
            query = select_templates(owner, since=self._revision)
        dimension = self._buffer.shape[1]
        newest = int(self._keys[-1]) if len(self._keys) else 0
        # Shown only when all has been read: a statement may fail halfway.
        keys = [self._keys]
        face_ids, users = list(self._templates.face_ids), list(self._templates.users)
        for rows, vectors in stream_templates(connection, query, dimension):
            new = [number for number, row in enumerate(rows) if row.id > newest]
            for row in rows:
                if row.id <= newest:
                    users[int(np.searchsorted(self._keys, row.id))] = row.user_name
            self._append(len(face_ids), vectors[new])
            keys.append(np.array([rows[i].id for i in new], np.int64))
            face_ids.extend(rows[i].face_id for i in new)
            users.extend(rows[i].user_name for i in new)
        self._show(np.concatenate(keys), face_ids, users)

    def _append(self, used: int, vectors: NDArray[np.float32]) -> None:
        needed = used + len(vectors)
        self._reserve(used, needed)
        self._buffer[used:needed] = vectors

    def _reserve(self, used: int, needed: int) -> None:
        if needed > len(self._buffer):
            grown = np.empty((int(needed * _SPARE), self._buffer.shape[1]), np.float32)
            grown[:used] = self._buffer[:used]
            self._buffer = grown

    def _show(
        self, keys: NDArray[np.int64], face_ids: Sequence[str], users: Sequence[str | None]
    ) -> None:
        self._keys = keys
        vectors = self._buffer[: len(keys)]
        self._templates = GalleryTemplates(self._templates.space, vectors, face_ids, users)
