"""Keys of collections replaced while others give and open keys.

New ones are made in one transaction; then the keys of records go from the former to the new ones,
portion by portion, and the former are destroyed. Cut off in between, both are there, and all opens:
the same again goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, func, select, update

from reknown.sealing.ciphers import decrypt_all, encrypt
from reknown.sealing.keyring import name_of
from reknown.sealing.schema import collection_keys, record_keys
from reknown.sealing.wrapping import fingerprint, master_in_force, replaced_keys
from reknown.storage.database import reading
from reknown.storage.erasure import erase

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sqlalchemy import Connection

    from reknown.sealing.keyring import Keyring

    # told how many keys of records are done
    Watch = Callable[[int], None]

# Whoever gives keys waits for one: about 20 milliseconds.
_PORTION = 2_000


def begin_rotation(
    keyring: Keyring, master: bytes | None = None, collections: Collection[int] | None = None
) -> int:
    """Gives collections new keys, or all of them; with a `master` all keys go under that.

    What was begun under the same master before is not begun again. How many have new keys.
    """
    with keyring.store.begin() as connection:
        keyring.reserve(connection, 0)
        if master is not None and master_in_force(connection) == fingerprint(master):
            return 0
        return keyring.collection_keys.begin_anew(
            connection, master, collections, lambda count: keyring.reserve(connection, count)
        )


def waiting_keys(keyring: Keyring) -> int:
    """How many keys of collections have newer ones, and are to be destroyed."""
    with reading(keyring.store) as connection:
        return len(replaced_keys(connection))


def finish_rotation(keyring: Keyring, watch: Watch = lambda _done: None) -> int:
    """Moves all keys of records under the newest keys of their collections; how many.

    The former keys of collections are in no file any more when this returns.
    """
    done = 0
    with reading(keyring.store) as connection:
        pairs = replaced_keys(connection)
        last = connection.execute(select(func.max(record_keys.c.number))).scalar() or 0
    for old, new in pairs:
        after = 0
        while after < last:
            with keyring.store.begin() as connection:
                keyring.reserve(connection, 0)  # who gives keys under the former one has done so
                moved, after = _carry_over(connection, keyring, (old, new), after)
            done += moved
            watch(done)
            if not moved:
                break
        with keyring.store.begin() as connection:
            keyring.reserve(connection, 0)
            while _carry_over(connection, keyring, (old, new), 0)[0]:
                pass  # what was given until the new key was there
            connection.execute(delete(collection_keys).where(collection_keys.c.number == old))
            erase(connection, record_keys, collection_keys)
    return done


def _carry_over(
    connection: Connection, keyring: Keyring, pair: tuple[int, int], after: int
) -> tuple[int, int]:
    """The next portion of one key's; how many, and the last number."""
    old, new = pair
    query = select(record_keys.c.number, record_keys.c.wrapped).where(
        record_keys.c.number > after, record_keys.c.collection_key == old
    )
    rows = connection.execute(query.order_by(record_keys.c.number).limit(_PORTION)).all()
    if not rows:
        return 0, after
    ciphers = keyring.collection_keys.opened(connection, pair)
    if old not in ciphers:  # another process has done all of it
        return 0, after
    names = [name_of(row.number) for row in rows]
    keys = decrypt_all(ciphers[old], [row.wrapped for row in rows], names)
    moved = [
        {
            "row": row.number,
            "again": row.wrapped if key is None else encrypt(ciphers[new], key, name),
        }
        for row, key, name in zip(rows, keys, names, strict=True)
    ]
    own = update(record_keys).where(record_keys.c.number == bindparam("row"))
    connection.execute(own.values(collection_key=new, wrapped=bindparam("again")), moved)
    return len(rows), rows[-1].number
