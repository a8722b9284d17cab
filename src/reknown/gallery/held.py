"""The templates of one collection in memory: what the cache holds of each."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import select

from reknown.gallery.collections import space_of
from reknown.gallery.schema import faces
from reknown.gallery.subjects import Column, SubjectRoll
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


class HeldTemplates:
    """One collection's templates at one revision; `counted` bytes are in the cache's total.

    Snapshots given out are the first rows of arrays and lists that only grow: what is added
    costs nothing for what is there. Only where a face changes hands are two columns copied, and
    all of them where faces are gone.
    """

    _revision: int

    def __init__(self, owner: int, space: TemplateSpace) -> None:
        self.owner = owner
        self.counted = 0
        self._lock = Lock()
        self._clear(space)

    @property
    def nbytes(self) -> int:
        """About the memory held, names included."""
        return self._vectors.nbytes + _BYTES_A_FACE * self._count + _BYTES_A_COLLECTION

    def refreshed(self, connection: Connection, row: Row[Any]) -> GalleryTemplates:
        """As the `row` of the collection or a newer one has them."""
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
        self._space = space
        self._revision = -1
        self._fill(np.empty(0, np.int64), np.empty((0, space.dimension), np.float32), [], [])

    def _fill(
        self,
        keys: NDArray[np.int64],
        vectors: NDArray[np.float32],
        face_ids: list[str],
        users: list[str | None],
    ) -> None:
        """Holds these and nothing else."""
        self._count = len(keys)
        self._keys, self._vectors = keys, vectors
        self._face_ids, self._users = face_ids, users
        self._roll = SubjectRoll()
        self._subjects = np.fromiter(map(self._roll.add, users), np.int64, len(users))
        self._show()

    def _prune(self, connection: Connection, owner: int) -> None:
        query = select(faces.c.id).where(faces.c.collection_id == owner)
        present = np.fromiter(connection.execute(query).scalars(), np.int64)
        kept = np.flatnonzero(np.isin(self._keys[: self._count], present))
        face_ids = [self._face_ids[place] for place in kept]
        users = [self._users[place] for place in kept]
        self._fill(self._keys[kept], self._vectors[kept], face_ids, users)

    def _update(self, connection: Connection, owner: int) -> None:
        if self._revision < 0:
            self._reserve(count_templates(connection, owner))
            query = select_templates(owner)
        else:
            query = select_templates(owner, since=self._revision)
        newest = int(self._keys[self._count - 1]) if self._count else 0
        # Taken over only when all has been read: a statement may fail halfway.
        # Without the rows themselves, which hold every template once more.
        new: list[tuple[int, str, str | None]] = []
        moved: dict[int, str | None] = {}
        for rows, vectors in stream_templates(connection, query, self._space.dimension):
            fresh = [number for number, row in enumerate(rows) if row.id > newest]
            moved |= {row.id: row.user_name for row in rows if row.id <= newest}
            self._place(self._count + len(new), vectors[fresh])
            new.extend((rows[n].id, rows[n].face_id, rows[n].user_name) for n in fresh)
        self._move(moved)
        self._add(new)
        self._show()

    def _move(self, moved: dict[int, str | None]) -> None:
        """Gives faces to other users, or to none."""
        places = np.searchsorted(self._keys[: self._count], list(moved)).tolist()
        changes = [
            (place, user)
            for place, user in zip(places, moved.values(), strict=True)
            if self._users[place] != user
        ]
        if not changes:
            return
        self._users, self._subjects = self._users[: self._count], self._subjects.copy()
        for place, user in changes:
            self._roll.remove(self._users[place])
            self._users[place] = user
            self._subjects[place] = self._roll.add(user)

    def _add(self, new: Sequence[tuple[int, str, str | None]]) -> None:
        end = self._count + len(new)
        self._keys[self._count : end] = [key for key, _, _ in new]
        self._subjects[self._count : end] = [self._roll.add(user) for _, _, user in new]
        self._face_ids.extend(face_id for _, face_id, _ in new)
        self._users.extend(user for _, _, user in new)
        self._count = end

    def _place(self, start: int, vectors: NDArray[np.float32]) -> None:
        """Puts vectors behind those that are shown."""
        end = start + len(vectors)
        self._reserve(end)
        self._vectors[start:end] = vectors

    def _reserve(self, needed: int) -> None:
        """Room for this many faces."""
        if needed > len(self._vectors) or needed > len(self._subjects):
            room = int(needed * _SPARE)
            self._vectors = _grown(self._vectors, room)
            self._keys, self._subjects = _grown(self._keys, room), _grown(self._subjects, room)

    def _show(self) -> None:
        count = self._count
        self._templates = GalleryTemplates(
            self._space,
            self._vectors[:count],
            Column(self._face_ids, count),
            Column(self._users, count),
            self._subjects[:count],
            self._roll.count,
            self._roll.owned,
        )


def _grown(array: NDArray[Any], room: int) -> NDArray[Any]:
    grown = np.empty((room, *array.shape[1:]), array.dtype)
    grown[: len(array)] = array[:room]
    return grown
