"""The keyring beside a gallery: keys go with the records that they sealed.

Triggers write down which keys deleted rows had (`released_keys`), whoever deletes. They are
destroyed when the deletion is committed, before anybody is told of it; what a crash leaves in
between goes at the next start or deletion. Keys that were granted in a transaction that came to
nothing go with the next deletion, or are swept an hour later.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, event, exists, func, select, tuple_, update

from reknown.biometrics.errors import DatabaseError
from reknown.gallery.schema import (
    NOTES,
    collections,
    faces,
    images,
    index_snapshots,
    media,
    media_files,
    released_keys,
    sightings,
    users,
)
from reknown.sealing.schema import record_keys
from reknown.storage.database import reading
from reknown.storage.erasure import erase, join_erasing
from reknown.storage.paging import batches
from reknown.storage.unindexed import unindexed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Column, Connection, Engine, Table
    from sqlalchemy.pool import ConnectionPoolEntry

    from reknown.sealing.keyring import Keyring

_OPTION = "keyring"
_GRANTED, _COMMITTED = "granted keys", "committed keys"
_RECORD, _COLLECTION = "record", "collection"
_SEALED: tuple[Table, ...] = (faces, sightings, users, collections, index_snapshots)
_PORTION = 100_000


class KeyCleaner:
    """The `Cleaner` of a database's keyring."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._lock = Lock()
        self._destroyed: set[tuple[str, int]] = set()
        self._lost: set[int] = set()

    def commit(self, connection: Connection) -> None:
        """What was sealed in this transaction is about to be committed."""
        granted = connection.info.pop(_GRANTED, None)
        if granted:
            connection.info[_COMMITTED] = granted

    def roll_back(self, connection: Connection) -> None:
        """What was sealed is taken back."""
        if not connection.invalidated:
            self._lose(connection.info.pop(_GRANTED, ()))
            # a commit that failed may have come through all the same: these are swept in an hour
            connection.info.pop(_COMMITTED, None)

    def check_in(self, _: Any, entry: ConnectionPoolEntry) -> None:
        """A connection comes back from its transaction."""
        committed = entry.info.pop(_COMMITTED, ())
        if committed:
            self._keyring.settle(first for first, _ in committed)
        self._lose(entry.info.pop(_GRANTED, ()))

    def _lose(self, granted: Iterable[tuple[int, int]]) -> None:
        with self._lock:
            for first, count in granted:
                self._lost.update(range(first, first + count))

    def prepare(self, connection: Connection) -> None:
        """Forgets, in a transaction that erases, what was destroyed after former ones."""
        with self._lock:
            destroyed, self._destroyed = self._destroyed, set()
        forget_released(connection, destroyed)

    def clean(self, connection: Any, _: Sequence[str], _patience: float) -> bool:
        """Destroys the keys of what has been deleted."""
        rows = connection.execute("SELECT kind, number FROM released_keys").fetchall()
        connection.rollback()
        with self._lock:
            lost, self._lost = self._lost, set()
        released = {(str(kind), int(number)) for kind, number in rows}
        _destroy(self._keyring, released, lost)
        with self._lock:
            self._destroyed |= released
        return True

    def finish(self, _: Any, *, alone: bool) -> None:
        """Nothing."""

    def rewrite(self, _: Any) -> tuple[int, int]:
        """Nothing: the keyring is a store of its own."""
        return 0, 0


def attach_keyring(database: Engine, keyring: Keyring) -> None:
    """From now on what the gallery stores is sealed, and keys go with what is deleted."""
    cleaner = KeyCleaner(keyring)
    lend_keyring(database, keyring)
    join_erasing(database, cleaner)
    event.listen(database, "commit", cleaner.commit)
    event.listen(database, "rollback", cleaner.roll_back)
    event.listen(database, "checkin", cleaner.check_in)


def lend_keyring(database: Engine, keyring: Keyring) -> None:
    """From now on what is sealed opens, for who only reads."""
    database.update_execution_options(**{_OPTION: keyring})


def keyring_of(connection: Connection) -> Keyring | None:
    """That of the connection's database, if it has one."""
    return keyring_in(connection.engine)


def keyring_in(database: Engine) -> Keyring | None:
    """That of the database, if it has one."""
    found: Keyring | None = database.get_execution_options().get(_OPTION)
    return found


def grant(connection: Connection, keyring: Keyring, owner: int, count: int) -> Mapping[int, bytes]:
    """New keys for what this transaction stores in the collection of this key."""
    granted = keyring.grant(owner, count)
    connection.info.setdefault(_GRANTED, []).append((min(granted), count))
    return granted


def keys_of_faces(connection: Connection, face_ids: Iterable[str]) -> list[int]:
    """The numbers of the keys that these faces were sealed with."""
    return _keys_of(connection, faces.c.face_id, face_ids)


def keys_of_sightings(connection: Connection, ids: Iterable[str]) -> list[int]:
    """The same of sightings."""
    return _keys_of(connection, sightings.c.sighting_id, ids)


def keys_of_users(connection: Connection, subject_ids: Iterable[str]) -> list[int]:
    """The same of users, by their opaque ids."""
    return _keys_of(connection, users.c.subject_id, subject_ids)


def _keys_of(connection: Connection, column: Column[Any], ids: Iterable[str]) -> list[int]:
    number = column.table.c.sealing_key
    numbers: list[int] = []
    for batch in batches(ids):
        query = select(number).where(column.in_(batch), unindexed(number).is_not(None))
        numbers.extend(connection.execute(query).scalars())
    return numbers


def newest_key(connection: Connection) -> int:
    """The number of the newest key that anything here was sealed with; 0 if nothing was."""
    newest = (connection.execute(select(func.max(t.c.sealing_key))).scalar() for t in _SEALED)
    return max(found or 0 for found in newest)


def require_matching(database: Engine, keyring: Keyring) -> None:
    """Raises `DatabaseError` where the keyring is older than the database, or was lost."""
    with reading(database) as connection:
        newest = newest_key(connection)
    following = keyring.next_key()
    if newest >= following:
        what = "is empty" if following == 1 else "is older than the database"
        raise DatabaseError(
            f"the keyring {what}: templates were sealed with keys that are not in it: put "
            "back the one that was here, or restore a backup with reknown restore; if it is "
            "elsewhere, name its place with --keyring"
        )


def sweep_keys(database: Engine, keyring: Keyring) -> None:
    """Destroys what a process that was killed has left: keys of what is deleted, or never came."""
    with reading(database) as connection:
        rows = connection.execute(select(released_keys.c.kind, released_keys.c.number)).all()
    if rows:
        released = {(row.kind, row.number) for row in rows}
        _destroy(keyring, released, set())
        with database.begin() as connection:
            forget_released(connection, released)
    abandoned = keyring.abandoned()
    if abandoned is not None:
        _destroy_unused(database, keyring, *abandoned)
        keyring.clear(*abandoned)


def sweep_all_keys(database: Engine, keyring: Keyring) -> None:
    """Destroys all keys that nothing in this database was sealed with."""
    last = keyring.next_key()
    _destroy_unused(database, keyring, 1, last)
    keyring.clear(1, last)
    with reading(database) as connection:
        there = set(connection.execute(select(collections.c.id)).scalars())
    keyring.destroy((), keyring.collections() - there)


@dataclass(frozen=True, slots=True)
class KeyCounts:
    """Keys and what they sealed, counted.

    `idle` keys have no record, at least not yet. Records `without` keys are counted by table.
    """

    keys: int
    idle: int
    without: Mapping[str, int]


def count_keys(connection: Connection, keyring: Connection) -> KeyCounts:
    """How the records of a database and the keys of a keyring fit together; reads all of both."""
    without, keys, idle = dict.fromkeys(_SEALED, 0), 0, 0
    given = keyring.execute(select(func.max(record_keys.c.number))).scalar() or 0
    last = max(newest_key(connection), given)
    for start in range(1, last + 1, _PORTION):
        there = _numbers(keyring, record_keys.c.number, start)
        used: set[int] = set()
        for table in _SEALED:
            own = _numbers(connection, table.c.sealing_key, start)
            without[table] += len(own - there)
            used |= own
        keys, idle = keys + len(there), idle + len(there - used)
    del without[index_snapshots]  # is made anew
    return KeyCounts(keys, idle, {table.name: count for table, count in without.items()})


def _numbers(connection: Connection, column: Column[Any], start: int) -> set[int]:
    within = column.between(start, start + _PORTION - 1)
    return set(connection.execute(select(column).where(within)).scalars())


def drop_unreadable(connection: Connection, keyring: Keyring) -> int:
    """Deletes the faces, sightings and users whose keys are gone; how many. Nobody else is there.

    No key is given again that was in use, nor is a file of an index known any more.
    """
    connection.execute(delete(index_snapshots))
    dropped = 0
    for table in (faces, sightings, users):
        number = table.c.sealing_key
        last = connection.execute(select(func.max(number))).scalar() or 0
        keyring.skip_to(last + 1)
        for start in range(1, last + 1, _PORTION):
            end = start + _PORTION - 1
            query = select(number).where(number.between(start, end))
            lost = set(connection.execute(query).scalars()) - keyring.numbers(start, end)
            for batch in batches(lost):
                dropped += connection.execute(delete(table).where(number.in_(batch))).rowcount
    if dropped:
        bare = ~exists().where(faces.c.image_id == images.c.id)
        connection.execute(delete(images).where(bare))
        unseen = ~exists().where(sightings.c.medium_id == media.c.id)
        unplaced = ~exists().where(media_files.c.medium_id == media.c.id)
        connection.execute(delete(media).where(unseen, unplaced))
        erase(connection, faces, images, sightings, media, users, *NOTES)
    return dropped + _forget_lookups(connection, keyring)


def _forget_lookups(connection: Connection, keyring: Keyring) -> int:
    """Collections whose keys are gone find nobody by name: a new one is given when it is needed.

    Those who were found with them are deleted; how many.
    """
    query = select(collections.c.id, collections.c.sealing_key)
    held = connection.execute(query.where(collections.c.sealing_key.is_not(None))).all()
    lost = [row.id for row in held if not keyring.numbers(row.sealing_key, row.sealing_key)]
    dropped = 0
    for batch in batches(lost):
        own = users.c.collection_id.in_(batch), users.c.sealed_names.is_not(None)
        dropped += connection.execute(delete(users).where(*own)).rowcount
        kept = update(collections).where(collections.c.id.in_(batch))
        connection.execute(kept.values(sealing_key=None))
    if dropped:
        erase(connection, users)
    return dropped


def forget_released(connection: Connection, released: set[tuple[str, int]]) -> None:
    """These keys have been destroyed."""
    for batch in batches(released):
        own = tuple_(released_keys.c.kind, released_keys.c.number).in_(batch)
        connection.execute(delete(released_keys).where(own))


def _destroy(keyring: Keyring, released: set[tuple[str, int]], lost: set[int]) -> None:
    numbers = {number for kind, number in released if kind == _RECORD} | lost
    keyring.destroy(numbers, {number for kind, number in released if kind == _COLLECTION})


def _destroy_unused(database: Engine, keyring: Keyring, first: int, last: int) -> None:
    for start in range(first, last + 1, _PORTION):
        end = min(start + _PORTION - 1, last)
        unused = keyring.numbers(start, end)  # before the database is asked: newer ones are kept
        if unused:
            keyring.destroy(unused - _used(database, start, end))


def _used(database: Engine, first: int, last: int) -> set[int]:
    used: set[int] = set()
    with reading(database) as connection:
        for table in _SEALED:
            number = table.c.sealing_key
            query = select(number).where(number.between(first, last))
            used.update(connection.execute(query).scalars())
    return used
