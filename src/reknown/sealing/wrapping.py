"""Keys of collections, which wrap those of records and are wrapped under the master key.

A collection has one, and several only while the older ones are being replaced: the newest wraps
what is new. Several master keys may be known, the newest first; the keyring remembers which is in
force once it was changed.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from reknown.biometrics.errors import AccessError
from reknown.sealing.ciphers import cipher, decrypt, encrypt, new_keys
from reknown.sealing.schema import collection_keys, marks
from reknown.storage.paging import batches

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from sqlalchemy import Connection

    # the masters that can be found now
    FindMasters = Callable[[], tuple[bytes, ...]]

_IN_FORCE = "wrapped under"
_OTHER_KEY = (
    "the keyring's keys cannot be opened: the master key is not the one that wrapped them: put it "
    "back, or restore a backup; if it was changed, this machine needs the new one"
)


class CollectionKeys:
    """Those of one keyring; safe for many threads."""

    def __init__(self, keyring: str) -> None:
        self.keyring = keyring
        self._masters: tuple[bytes, ...] = ()
        self._find: FindMasters | None = None
        self._opened: dict[int, AESGCM] = {}

    def unlock(self, masters: tuple[bytes, ...], find: FindMasters | None) -> None:
        """From now on they open; `find` is asked again where none of the masters is right."""
        self._masters, self._find = masters, find

    def check(self, connection: Connection) -> None:
        """Raises `AccessError` if no master key is the one that wrapped them."""
        for row in connection.execute(select(collection_keys).limit(1)):
            self._unwrapped(row.number, row.collection, row.wrapped)

    def newest(self, connection: Connection, collection: int, number: int) -> tuple[int, AESGCM]:
        """The newest key of a collection, made under this number if there is none."""
        query = select(collection_keys).where(collection_keys.c.collection == collection)
        row = connection.execute(query.order_by(collection_keys.c.number.desc()).limit(1)).first()
        if row is not None:
            return row.number, self.opened(connection, [row.number])[row.number]
        return number, self._make(connection, self._in_force(connection), number, collection)

    def opened(self, connection: Connection, numbers: Collection[int]) -> Mapping[int, AESGCM]:
        """Those of these that are there; a number never gets another key."""
        unknown = [number for number in numbers if number not in self._opened]
        for batch in batches(unknown):
            query = select(collection_keys).where(collection_keys.c.number.in_(batch))
            for row in connection.execute(query).all():
                key = self._unwrapped(row.number, row.collection, row.wrapped)
                self._opened[row.number] = cipher(key)
        return {number: self._opened[number] for number in numbers if number in self._opened}

    def known(self, numbers: Collection[int]) -> Mapping[int, AESGCM] | None:
        """These, where all of them have been opened before."""
        found = {number: self._opened.get(number) for number in numbers}
        return None if None in found.values() else found  # type: ignore[return-value]

    def begin_anew(
        self,
        connection: Connection,
        master: bytes | None,
        collections: Collection[int] | None,
        reserve: Callable[[int], int],
    ) -> int:
        """Gives these collections, or all, new keys; with a `master` all there are go under it.

        `reserve` gives so many numbers, and keeps others from giving any meanwhile. How many
        collections have new keys.
        """
        reserve(0)
        rows = connection.execute(select(collection_keys)).all()
        if master is not None:
            for row in rows:
                key = self._unwrapped(row.number, row.collection, row.wrapped)
                wrapped = encrypt(cipher(master), key, self._context(row.number, row.collection))
                own = update(collection_keys).where(collection_keys.c.number == row.number)
                connection.execute(own.values(wrapped=wrapped))
            put_mark(connection, _IN_FORCE, fingerprint(master))
        owners = {row.collection for row in rows}
        chosen = sorted(owners if collections is None else owners & set(collections))
        outer = self._in_force(connection) if master is None else master
        for number, owner in enumerate(chosen, start=reserve(len(chosen))):
            self._make(connection, outer, number, owner)
        return len(chosen)

    def _make(self, connection: Connection, master: bytes, number: int, collection: int) -> AESGCM:
        (key,) = new_keys(1)
        wrapped = encrypt(cipher(master), key, self._context(number, collection))
        values = {"number": number, "collection": collection, "wrapped": wrapped}
        connection.execute(insert(collection_keys).values(values))
        return cipher(key)

    def _in_force(self, connection: Connection) -> bytes:
        wanted = master_in_force(connection)
        for masters in self._known():
            for master in masters:
                if wanted in (None, fingerprint(master)):
                    return master
        raise AccessError(_OTHER_KEY)

    def _unwrapped(self, number: int, collection: int, wrapped: bytes) -> bytes:
        context = self._context(number, collection)
        for masters in self._known():
            for master in masters:
                key = decrypt(cipher(master), wrapped, context)
                if key is not None:
                    return key
        raise AccessError(_OTHER_KEY)

    def _known(self) -> Iterator[tuple[bytes, ...]]:
        """Those that are known, then those that can be found now: the key may have been changed."""
        assert self._masters, "unlock the keyring first"
        yield self._masters
        found = () if self._find is None else self._find()
        if found and found != self._masters:
            self._masters = found
            yield found

    def _context(self, number: int, collection: int) -> bytes:
        return f"collection key|{self.keyring}|{number}|{collection}".encode()


def replaced_keys(connection: Connection) -> list[tuple[int, int]]:
    """Keys of collections that have newer ones, each with the newest: only while they are moved."""
    query = select(collection_keys.c.number, collection_keys.c.collection)
    rows = connection.execute(query.order_by(collection_keys.c.number)).all()
    newest = {row.collection: row.number for row in rows}
    return [
        (row.number, newest[row.collection]) for row in rows if row.number not in newest.values()
    ]


def master_in_force(connection: Connection) -> str | None:
    """The fingerprint of what wraps the keys of collections; None if that never changed."""
    return mark_of(connection, _IN_FORCE)


def fingerprint(master: bytes) -> str:
    """By which what wraps keys is known again; it tells nothing of it."""
    return sha256(b"reknown keyring|" + master).hexdigest()


def mark_of(connection: Connection, name: str) -> str | None:
    """What is remembered under this name."""
    query = select(marks.c.value).where(marks.c.name == name)
    found: str | None = connection.execute(query).scalar_one_or_none()
    return found


def put_mark(connection: Connection, name: str, value: str | None) -> None:
    """Remembers it, or nothing."""
    connection.execute(delete(marks).where(marks.c.name == name))
    if value is not None:
        connection.execute(insert(marks).values(name=name, value=value))
