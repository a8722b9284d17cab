"""The index of one collection, kept as the database has it: what has changed costs, not what is.

Insertions and changed users are told by `faces.revision`, deletions by `deleted_faces`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from reknown.gallery.collections import newest_face, space_of
from reknown.gallery.deletions import faces_deleted
from reknown.gallery.snapshots import snapshots_of
from reknown.gallery.templates import (
    StoredTemplates,
    faces_present,
    stream_changes,
)
from reknown.gallery.vectors.choosing import choose
from reknown.gallery.vectors.search import search
from reknown.gallery.vectors.slabs import Slab, walk
from reknown.gallery.vectors.tally import UserTally
from reknown.storage.threads import give_way

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from sqlalchemy import Connection, Row

    from reknown.biometrics.templates import TemplateSpace
    from reknown.gallery.vectors.choosing import RowChoice
    from reknown.gallery.vectors.probes import Criteria
    from reknown.gallery.vectors.search import Hits
    from reknown.gallery.vectors.slabs import SlabView

# The first slabs are small: most collections are.
_ROOMS = (1024, 8192)
_ROOM = 65_536
_MOST_GAPS = 0.25
# New rows that a snapshot is written for: they take a fortieth of a second to read.
_WORTH = 10_000
_MOST_BEHIND = 0.1
_BYTES_A_COLLECTION = 4096


@dataclass(frozen=True, slots=True, eq=False)
class IndexView:
    """A collection's references to be searched: as they were when it was given out, or newer.

    So many `references`; `owned` of them belong to `users` users.
    """

    space: TemplateSpace
    slabs: tuple[SlabView, ...]
    references: int
    owned: int
    users: int

    @property
    def subjects(self) -> int:
        """How many subjects there are: users, and faces without one."""
        return self.references - self.owned + self.users

    def up_to(self, key: int) -> IndexView:
        """Without faces of higher keys, for whom they are not there yet; with the same counts."""
        return replace(self, slabs=tuple(slab.up_to(key) for slab in self.slabs))

    def among(self, choice: RowChoice) -> IndexView:
        """These alone, with their counts."""
        chosen = choose(self.slabs, choice)
        users = chosen.count_users()
        return IndexView(self.space, chosen.slabs, chosen.references, chosen.owned, users)

    def search(
        self, connection: Connection, probes: NDArray[np.float32], criteria: Criteria
    ) -> list[Hits]:
        """The best of each probe (p, dimension) as `connection` sees them."""
        if criteria.owned_only and not self.owned:
            searched: Sequence[SlabView] = ()
        else:
            searched = self.slabs
        return search(searched, probes, criteria, StoredTemplates(connection, self.space.dimension))


class LivingIndex:
    """One collection's index at one revision; `counted` bytes are in the cache's total.

    `era` is that of the database, whose revisions count up as long as it is the same.
    """

    _revision: int

    def __init__(self, owner: int, space: TemplateSpace, era: object = None) -> None:
        self.owner, self.era = owner, era
        self.counted = 0
        self._lock = Lock()
        self._clear(space)

    @property
    def nbytes(self) -> int:
        """About the memory held."""
        return sum(slab.nbytes for slab in self._slabs) + _BYTES_A_COLLECTION

    def refreshed(self, connection: Connection, row: Row[Any]) -> IndexView:
        """As the `row` of the collection has it, less what has been deleted since.

        In the space that a switch has brought meanwhile.
        """
        with self._lock:
            if row.revision > self._revision:
                # nothing held, or nothing that is still right: maybe not even the space
                if row.replaced > self._revision:
                    self._clear(space_of(row))
                self._catch_up(connection, row)
            view, newer = self._view, row.revision < self._revision
        # what this connection does not see is not to take the place of what it sees
        return view.up_to(newest_face(connection, row.id)) if newer else view

    def _catch_up(self, connection: Connection, row: Row[Any]) -> None:
        cold = self._revision < 0
        try:
            if cold:
                self._load(connection, row)
            gone = self._gone(connection, row)
            self._take_over(connection, row)
        except BaseException:
            # what was loaded is not shown yet, and would never be at its own revision
            if cold:
                self._clear(self._space)
            raise
        self._remove(gone)
        self._revision = row.revision
        self._show()
        self._keep(connection, row, gone)

    def _clear(self, space: TemplateSpace) -> None:
        self._space = space
        self._revision = -1
        self._slabs: list[Slab] = []
        self._kept = 0
        self._tally = UserTally(np.empty(0, np.int64))
        self._show()

    def _load(self, connection: Connection, row: Row[Any]) -> None:
        """Begins with what a snapshot has."""
        snapshots = snapshots_of(connection)
        found = None if snapshots is None else snapshots.load(connection, row, _ROOM)
        if found is not None:
            self._slabs, self._revision = found
            self._kept = sum(slab.rows for slab in self._slabs)
            users = [slab.users[: slab.rows] for slab in self._slabs]
            self._tally = give_way(
                lambda: UserTally(np.concatenate([np.empty(0, np.int64), *users]))
            )

    def _keep(self, connection: Connection, row: Row[Any], gone: NDArray[np.int64]) -> None:
        """Has a snapshot written where reading what it lacks would take long."""
        snapshots, rows = snapshots_of(connection), sum(slab.rows for slab in self._slabs)
        if snapshots is None:
            return
        if len(gone):
            snapshots.remove_later(connection, row)
        if rows - self._kept > max(_WORTH, rows * _MOST_BEHIND):
            self._kept = rows
            snapshots.keep_later(row, [(slab, slab.rows) for slab in self._slabs], row.revision)

    def _show(self) -> None:
        references = sum(slab.rows - slab.gaps for slab in self._slabs)
        views = tuple(walk(self._slabs))
        tally = self._tally
        self._view = IndexView(self._space, views, references, tally.owned, tally.users)

    def _gone(self, connection: Connection, row: Row[Any]) -> NDArray[np.int64]:
        """The keys of faces that are held and have been deleted."""
        if not self._slabs or row.pruned <= self._revision:
            return np.empty(0, np.int64)
        gone = faces_deleted(connection, row, self._revision)
        if gone is not None:
            return np.sort(np.array(gone, np.int64))
        keys = np.concatenate([slab.keys[slab.present()] for slab in self._slabs])
        return np.setdiff1d(keys, faces_present(connection, row.id), assume_unique=True)

    def _take_over(self, connection: Connection, row: Row[Any]) -> None:
        """Adds what is new, and gives faces to other users."""
        count, last = len(self._slabs), self._slabs[-1].rows if self._slabs else 0
        # the last slabs may be empty: all that was in them is gone
        keys = (int(slab.keys[slab.rows - 1]) for slab in self._slabs if slab.rows)
        newest = max(keys, default=0)
        moved: list[NDArray[np.int64]] = []
        added: list[NDArray[np.int64]] = []
        since = None if self._revision < 0 else self._revision
        try:
            for faces, users, created, vectors in stream_changes(connection, row, since):
                new = faces > newest
                self._append(faces[new], users[new], created[new], vectors[new])
                added.append(users[new])
                moved.append(np.stack([faces[~new], users[~new]]))
        except BaseException:
            # a statement may fail halfway: nothing of it is taken over
            del self._slabs[count:]
            if self._slabs:
                self._slabs[-1].rows = last
            raise
        self._tally.change(np.concatenate([np.empty(0, np.int64), *added]), 1)
        for faces, users in moved:
            self._move(faces, users)

    def _append(
        self,
        keys: NDArray[np.int64],
        users: NDArray[np.int64],
        created: NDArray[np.int64],
        vectors: NDArray[np.float32],
    ) -> None:
        start = 0
        while start < len(keys):
            if not self._slabs or not self._slabs[-1].room:
                number = len(self._slabs)
                room = _ROOMS[number] if number < len(_ROOMS) else _ROOM
                self._slabs.append(Slab(self._space.dimension, room))
            some = slice(start, start + self._slabs[-1].room)
            self._slabs[-1].append(keys[some], users[some], created[some], vectors[some])
            start = some.stop

    def _move(self, faces: NDArray[np.int64], users: NDArray[np.int64]) -> None:
        for slab in self._slabs:
            rows = slab.find(faces)
            new = users[np.searchsorted(faces, slab.keys[rows])]
            self._tally.change(slab.users[rows], -1)
            self._tally.change(new, 1)
            slab.users[rows] = new

    def _remove(self, gone: NDArray[np.int64]) -> None:
        if not len(gone):
            return
        for number, slab in enumerate(self._slabs):
            rows = slab.find(gone)
            self._tally.change(slab.users[rows], -1)
            slab.remove(rows)
            if slab.gaps > _MOST_GAPS * slab.rows:
                self._slabs[number] = slab.compacted()
