"""Indexes kept in memory between searches, and always as the database has them.

Each search asks the database for the collection's revision, so that whatever has been
acknowledged is searched, whichever process wrote it. Only what has changed is read again.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Any

from reknown.biometrics.errors import NotFoundError
from reknown.gallery.collections import require, space_of
from reknown.gallery.snapshots import snapshots_of
from reknown.storage.server import era_of

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from reknown.gallery.living import IndexView, LivingIndex


class IndexCache:
    """The collections searched last, in about `max_bytes` of memory if more than one.

    Safe to use from several threads.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._held: OrderedDict[str, LivingIndex] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def current(self, connection: Connection, collection: str) -> IndexView:
        """The index as `connection` sees it, less what has been deleted since.

        Raises `NotFoundError`.

        It must not have changed anything itself: others would see what may be rolled back.
        """
        try:
            row = require(connection, collection)
        except NotFoundError:
            self._let_go(connection, collection)
            raise
        held = self._find(connection, collection, row)
        view = held.refreshed(connection, row)
        self._settle(collection, held)
        return view

    @property
    def room(self) -> int:
        """The bytes that may come before something has to go."""
        with self._lock:
            return self._max_bytes - self._bytes

    def forget(self, collection: str) -> None:
        """Frees what is held of a collection that has been deleted."""
        with self._lock:
            self._drop(collection)

    def _let_go(self, connection: Connection, collection: str) -> None:
        """Of one that has been deleted, maybe by another machine, which leaves files here."""
        with self._lock:
            held = self._held.get(collection)
            self._drop(collection)
        snapshots = snapshots_of(connection)
        if held is not None and snapshots is not None:
            snapshots.sweep_later()

    def _find(self, connection: Connection, collection: str, row: Row[Any]) -> LivingIndex:
        from reknown.gallery.living import LivingIndex  # noqa: PLC0415 - most commands search nothing

        with self._lock:
            held = self._held.get(collection)
        if held is not None and held.owner < row.id:
            self._let_go(connection, collection)
        with self._lock:
            held = self._held.get(collection)
            # deleted and made again, or the other way round for a reader of an older snapshot
            if held is None or held.owner < row.id or held.era != era_of(connection):
                self._drop(collection)
                held = LivingIndex(row.id, space_of(row), era_of(connection))
                self._held[collection] = held
            self._held.move_to_end(collection)
        return held if held.owner == row.id else LivingIndex(row.id, space_of(row))

    def _settle(self, collection: str, held: LivingIndex) -> None:
        """Counts what has grown, and lets go of what was not searched for longest."""
        with self._lock:
            if self._held.get(collection) is not held:
                return
            size = held.nbytes  # another thread may add to it meanwhile
            self._bytes += size - held.counted
            held.counted = size
            while len(self._held) > 1 and self._bytes > self._max_bytes:
                self._drop(next(iter(self._held)))

    def _drop(self, collection: str) -> None:
        held = self._held.pop(collection, None)
        if held is not None:
            self._bytes -= held.counted
