"""A store of keys apart from the database, so that copies of that hold none.

The master key wraps a key for each collection, and that wraps a key for each record: a face, a
sighting, a file of an index. A record is sealed with its own key alone, and is gone with it,
wherever copies of the record are.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import delete, func, insert, select, update

from reknown.biometrics.errors import DatabaseError, InputError
from reknown.sealing.ciphers import SealError, decrypt, decrypt_all, encrypt_all, new_keys
from reknown.sealing.schema import collection_keys, grants, keyrings, metadata, record_keys
from reknown.sealing.wrapping import CollectionKeys, mark_of, put_mark
from reknown.storage.clock import as_text, now_text
from reknown.storage.database import close_database, is_shared, reading
from reknown.storage.erasure import compact, erase
from reknown.storage.paging import batches
from reknown.storage.rows import Columns, among, driver_rows, fetch_now, insert_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import Connection, Engine

    from reknown.sealing.wrapping import FindMasters

# A transaction that is older has ended, one way or the other.
_ABANDONED = timedelta(hours=1)
_PORTION = 100_000
_LOCK = int.from_bytes(b"rekkeys", "big")
_FEW = 500
_FIND = "SELECT number, collection_key, wrapped FROM record_keys WHERE number "
# of those in a range, and of those in a list, in the drivers' own language
_SQLITE_FIND = f"{_FIND} BETWEEN ? AND ?", f"{_FIND} IN (SELECT value FROM json_each(?))"  # noqa: S608 - ours
_POSTGRESQL_FIND = f"{_FIND} BETWEEN %s AND %s", f"{_FIND} = ANY(%s)"
_ALL_SEALED, _DATABASE, _PROBE = "all sealed", "database", "probe"


class Keyring:
    """The keys in one store; safe for many threads."""

    def __init__(self, store: Engine) -> None:
        """Makes what is missing in the `store`, which this closes in the end."""
        self._store = store
        self._lock = Lock()
        self._lasting: dict[int, bytes] = {}
        self._settled: set[int] = set()
        self._all_sealed = False
        self.collection_keys = CollectionKeys(self._begin())

    @property
    def id(self) -> str:
        """By which it is known again."""
        return self.collection_keys.keyring

    def unlock(self, *masters: bytes, find: FindMasters | None = None) -> None:
        """From now on keys are given and opened; `masters` are derived from master keys.

        The newest comes first. `find` is asked for them again where none opens what is there.
        """
        self.collection_keys.unlock(masters, find)

    def check(self) -> None:
        """Raises `AccessError` if the master key is not the one that wrapped the keys here."""
        with reading(self._store) as connection:
            self.collection_keys.check(connection)

    def belong_to(self, database: str, *, anew: bool = False) -> None:
        """From now on it is of the database of this name.

        Raises `DatabaseError` where it is of another one, but `anew`.
        """
        with reading(self._store) as connection:
            known = mark_of(connection, _DATABASE)
        if known == database:
            return
        if known is not None and not anew:
            raise DatabaseError(
                f"the keyring is that of another gallery, {known}, and this one is {database}: put "
                "back the one that belongs to it, or name its place with --keyring"
            )
        with self._store.begin() as connection:
            put_mark(connection, _DATABASE, database)

    def all_sealed(self) -> bool:
        """Whether everything in the database has a key: a row without one is not of our making."""
        if not self._all_sealed:
            with reading(self._store) as connection:
                self._all_sealed = says_all_sealed(connection)
        return self._all_sealed

    def expect_sealed(self, *, everywhere: bool = True) -> None:
        """From now on everything in the database has a key, or not everything yet."""
        with self._store.begin() as connection:
            put_mark(connection, _ALL_SEALED, "yes" if everywhere else None)
        self._all_sealed = everywhere

    def holds_keys(self) -> bool:
        """Whether anything was ever sealed with them that may be there yet."""
        with reading(self._store) as connection:
            return connection.execute(select(collection_keys.c.number).limit(1)).first() is not None

    def count(self) -> int:
        """How many keys of records there are."""
        with reading(self._store) as connection:
            return int(connection.execute(select(func.count(record_keys.c.number))).scalar_one())

    def next_key(self) -> int:
        """The number that comes next: all that are in use are below it."""
        with reading(self._store) as connection:
            return int(connection.execute(select(keyrings.c.next_key)).scalar_one())

    def grant(self, collection: int, count: int) -> Mapping[int, bytes]:
        """So many new keys of a collection by their numbers, which are on disk when this returns.

        They are to be settled once what they sealed is committed, or destroyed.
        """
        with self._store.begin() as connection:
            first = self.reserve(connection, count + 1)
            self._forget_settled(connection)
            number, wrapping = self.collection_keys.newest(connection, collection, first + count)
            made = dict(zip(range(first, first + count), new_keys(count), strict=True))
            numbers, names = list(made), [name_of(each) for each in made]
            wrapped = encrypt_all(wrapping, list(made.values()), names)
            own: dict[str, list[int] | list[bytes]] = {"number": numbers, "wrapped": wrapped}
            insert_rows(connection, record_keys, Columns({"collection_key": number}, own))
            noted = {"first": first, "last": first + count - 1, "made_at": now_text()}
            connection.execute(insert(grants).values(noted))
        return made

    def settle(self, firsts: Iterable[int]) -> None:
        """What was granted beginning with these numbers is in use: said with the next grant."""
        with self._lock:
            self._settled.update(firsts)

    def find(self, numbers: Sequence[int]) -> Mapping[int, bytes]:
        """Those of these keys that are there."""
        (query, values), wanted = self._asked(numbers), set(numbers)

        def chosen(rows: list[tuple[int, int, bytes]]) -> list[tuple[int, int, bytes]]:
            return [row for row in rows if row[0] in wanted]  # others may lie between them

        rows = chosen(fetch_now(self._store, query, values))
        owners = {row[1] for row in rows}
        wrapping = self.collection_keys.known(owners)
        if wrapping is None:  # a key that is new here is read at one with those that it wraps
            with reading(self._store) as connection:
                rows = chosen(driver_rows(connection.exec_driver_sql(query, values)))
                owners = {row[1] for row in rows}
                wrapping = self.collection_keys.opened(connection, owners)
        if len(owners) == 1 == len(wrapping):
            (one,) = wrapping.values()
            keys = decrypt_all(one, [row[2] for row in rows], [name_of(row[0]) for row in rows])
            found = dict(zip([row[0] for row in rows], keys, strict=True))
        else:  # of several collections, or of one that was deleted
            found = {
                number: decrypt(wrapping[owner], wrapped, name_of(number))
                for number, owner, wrapped in rows
                if owner in wrapping
            }
        if None in found.values():
            number = next(number for number, key in found.items() if key is None)
            raise SealError(f"key {number} of the keyring is damaged: restore a backup")
        return found  # type: ignore[return-value]

    def find_lasting(self, number: int) -> bytes | None:
        """The same for one that is asked for again and again, and stays in memory."""
        found = self._lasting.get(number) or self.find([number]).get(number)
        if found is not None:
            self._lasting[number] = found
        return found

    def _asked(self, numbers: Sequence[int]) -> tuple[str, tuple[Any, ...]]:
        """What finds these: every search asks, and a cold load for a million of them."""
        sqlite = self._store.dialect.name == "sqlite"
        within, listed = _SQLITE_FIND if sqlite else _POSTGRESQL_FIND
        if len(numbers) > _FEW:
            first, last = min(numbers), max(numbers)
            if last - first < 2 * len(numbers):  # as those are that were enrolled one after another
                return within, (first, last)
        return listed, (json.dumps(list(numbers)) if sqlite else list(numbers),)

    def destroy(self, numbers: Collection[int], collections: Collection[int] = ()) -> None:
        """These keys, and those of these collections, are in no file any more when this returns."""
        if not numbers and not collections:
            return
        for number in numbers:
            self._lasting.pop(number, None)
        with self._store.begin() as connection:
            if numbers:
                own = among(connection, record_keys.c.number, numbers)
                connection.execute(delete(record_keys).where(own))
            for batch in batches(collections):
                own = collection_keys.c.collection.in_(batch)
                connection.execute(delete(collection_keys).where(own))
            erase(connection, record_keys, collection_keys)

    def abandoned(self) -> tuple[int, int] | None:
        """The first and the last key of which nobody has said for an hour whether it is in use."""
        before = as_text(datetime.now(UTC) - _ABANDONED)
        query = select(func.min(grants.c.first), func.max(grants.c.last))
        with reading(self._store) as connection:
            first, last = connection.execute(query.where(grants.c.made_at < before)).one()
        return None if first is None else (int(first), int(last))

    def clear(self, first: int, last: int) -> None:
        """All is known about the keys that were granted from the first to the last."""
        with self._store.begin() as connection:
            own = grants.c.first >= first, grants.c.last <= last
            connection.execute(delete(grants).where(*own))

    def numbers(self, first: int, last: int) -> set[int]:
        """The keys that are there from the first to the last, at most `PORTION` of them."""
        within = record_keys.c.number.between(first, last)
        with reading(self._store) as connection:
            return set(connection.execute(select(record_keys.c.number).where(within)).scalars())

    def take_over(self, other: Keyring) -> None:
        """Becomes the same as another keyring, in one transaction.

        Raises `InputError` where there are keys here that are not the other's.
        """
        with reading(other._store) as source, self._store.begin() as target:
            if self.id != other.id and target.execute(select(collection_keys).limit(1)).first():
                raise InputError(
                    "the keyring there has keys of another gallery: give an empty place"
                )
            for table in metadata.sorted_tables:
                target.execute(delete(table))
                rows = source.execute(select(table), execution_options={"yield_per": _PORTION})
                names = [column.name for column in table.columns]
                for portion in rows.partitions():
                    own = dict(zip(names, map(list, zip(*portion, strict=True)), strict=True))
                    insert_rows(target, table, Columns({}, own))
        self.collection_keys = CollectionKeys(other.id)
        self._all_sealed = False

    def skip_to(self, number: int) -> None:
        """No key below this number is given any more."""
        with self._store.begin() as connection:
            later = update(keyrings).where(keyrings.c.next_key < number)
            connection.execute(later.values(next_key=number))

    def collections(self) -> set[int]:
        """The collections that there are keys of."""
        with reading(self._store) as connection:
            return set(connection.execute(select(collection_keys.c.collection)).scalars())

    def is_at(self, other: Keyring) -> bool:
        """Whether the other one is in the same place, under whatever name."""
        probe = uuid4().hex
        with self._store.begin() as connection:
            put_mark(connection, _PROBE, probe)
        with reading(other.store) as connection:
            found = mark_of(connection, _PROBE)
        with self._store.begin() as connection:
            put_mark(connection, _PROBE, None)
        return found == probe

    def empty(self) -> None:
        """Holds nothing any more, in any file."""
        with self._store.begin() as connection:
            for table in metadata.sorted_tables:
                connection.execute(delete(table))
            erase(connection, *metadata.sorted_tables)
        self.compact()

    def compact(self) -> None:
        """Writes the store anew without what destroyed keys have left between rows."""
        compact(self._store)

    @property
    def store(self) -> Engine:
        """Where the keys are, for copies of it."""
        return self._store

    def close(self) -> None:
        """Says what is settled, and closes the store."""
        if self._settled:
            with self._store.begin() as connection:
                self._forget_settled(connection)
        close_database(self._store)

    def _begin(self) -> str:
        with self._store.begin() as connection:
            if is_shared(connection):
                connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            metadata.create_all(connection)
            found = connection.execute(select(keyrings.c.id)).scalar_one_or_none()
            if found is None:
                found = uuid4().hex
                connection.execute(insert(keyrings).values(id=found, next_key=1))
        return str(found)

    def reserve(self, connection: Connection, count: int) -> int:
        """The first of so many numbers; who asks next waits until this transaction ends.

        With none, nobody gives keys meanwhile.
        """
        taken = update(keyrings).values(next_key=keyrings.c.next_key + count)
        return int(connection.execute(taken.returning(keyrings.c.next_key)).scalar_one()) - count

    def _forget_settled(self, connection: Connection) -> None:
        with self._lock:
            settled, self._settled = self._settled, set()
        for batch in batches(settled):
            connection.execute(delete(grants).where(grants.c.first.in_(batch)))


def says_all_sealed(connection: Connection) -> bool:
    """Whether the keyring of this connection says that everything in the database has a key."""
    return mark_of(connection, _ALL_SEALED) is not None


def name_of(number: int) -> bytes:
    """What a record's key is wrapped for."""
    return b"record key|%d" % number
