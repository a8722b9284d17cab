"""Records as they are stored: sealed, each with a key of its own, where there is a keyring.

What was sealed of a record are its template and its names. What for goes into the seal: the
collection, the record, its kind, and the template space or `NAMES`. Elsewhere it does not open.
Without a keyring, and in rows from before there was one, all is stored as it is, and has no key.
Once all have keys, a row without one is refused.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from reknown.gallery.keys import grant, keyring_of
from reknown.gallery.schema import collections, faces, sightings, users
from reknown.sealing.ciphers import SealError, decrypt_each, encrypt_each
from reknown.storage.paging import batches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection, Row

    from reknown.sealing.keyring import Keyring


class RecordKind(Enum):
    """What a record is."""

    FACE = "face"
    SIGHTING = "sighting"
    USER = "user"
    COLLECTION = "collection"


# In the place of a fingerprint: what is sealed are names, not a template of a space.
NAMES = "names"
_IDS = {
    RecordKind.FACE: faces.c.face_id,
    RecordKind.SIGHTING: sightings.c.sighting_id,
    RecordKind.USER: users.c.subject_id,
    RecordKind.COLLECTION: collections.c.name,
}


def seal_new(
    connection: Connection,
    owner: int,
    kind: RecordKind,
    ids: Sequence[str],
    parts: Mapping[str, Sequence[bytes]],
) -> tuple[list[int | None], list[list[bytes]]]:
    """What is to be stored of new records of the claimed collection `owner`.

    `parts` are by the fingerprint of the space, or `NAMES`, one for each of these ids. Returns the
    numbers of the keys, and the parts in this order.
    """
    keyring = keyring_of(connection)
    if keyring is None or not ids:
        return [None] * len(ids), [list(part) for part in parts.values()]
    keys = grant(connection, keyring, owner, len(ids))
    return list(keys), [
        encrypt_each(keys.values(), part, contexts_of(kind, owner, what, ids))
        for what, part in parts.items()
    ]


def seal_again(
    connection: Connection,
    kind: RecordKind,
    numbers: Sequence[int | None],
    templates: Sequence[bytes],
    contexts: Sequence[bytes],
) -> list[bytes | None]:
    """Other parts of records that are there, with the keys that these have.

    None for records that have been deleted meanwhile.
    """
    sealed: list[bytes | None] = list(templates)
    places = [place for place, number in enumerate(numbers) if number is not None]
    keys = find_keys(connection, {kind: numbers})
    there = [place for place in places if numbers[place] in keys]
    for place in places:
        sealed[place] = None
    made = encrypt_each(
        [keys[numbers[place]] for place in there],  # type: ignore[index]
        [templates[place] for place in there],
        [contexts[place] for place in there],
    )
    for place, each in zip(there, made, strict=True):
        sealed[place] = each
    return sealed


def find_keys(
    connection: Connection, wanted: Mapping[RecordKind, Sequence[int | None]]
) -> Mapping[int, bytes]:
    """The keys of these numbers, asked for at once: they are those of now, and not to be kept.

    Not there are those of records that have been deleted meanwhile. Raises `SealError`.
    """
    numbers = [number for its in wanted.values() for number in its if number is not None]
    if not numbers:
        return {}
    keyring = keyring_of(connection)
    if keyring is None:
        raise SealError("what is stored here is sealed: open the database with its keyring")
    keys = keyring.find(numbers)
    if len(keys) < len(numbers):
        for kind, its in wanted.items():
            lost = [number for number in its if number is not None and number not in keys]
            if lost:
                _require_deleted(connection, kind, keyring, lost)
    return keys


def open_parts(
    connection: Connection,
    kind: RecordKind,
    numbers: Sequence[int | None],
    stored: Sequence[bytes],
    contexts: Sequence[bytes],
    keys: Mapping[int, bytes] | None = None,
) -> list[bytes | None]:
    """Stored parts as they were; None for records that have been deleted meanwhile.

    With `keys` that were found for these numbers and others. Raises `SealError` for one that was
    sealed for another record, or whose key is lost.
    """
    if not any(numbers):
        require_unsealed(connection, contexts)
        return list(stored)
    if keys is None:
        keys = find_keys(connection, {kind: numbers})
    ours = list(map(keys.get, numbers))  # type: ignore[arg-type]
    if None in ours:  # as a rule all are sealed and there
        return _open_some(connection, ours, numbers, stored, contexts)
    opened = decrypt_each(ours, stored, contexts)  # type: ignore[arg-type]
    if None in opened:
        raise _misplaced(contexts[opened.index(None)])
    return opened


def _open_some(
    connection: Connection,
    keys: Sequence[bytes | None],
    numbers: Sequence[int | None],
    stored: Sequence[bytes],
    contexts: Sequence[bytes],
) -> list[bytes | None]:
    """Where some were never sealed, or are gone."""
    found: list[bytes | None] = []
    for key, number, each, its in zip(keys, numbers, stored, contexts, strict=True):
        opened: bytes | None = None
        if number is None:
            require_unsealed(connection, [its])
            opened = each
        elif key is not None:
            (opened,) = decrypt_each([key], [each], [its])
            if opened is None:
                raise _misplaced(its)
        found.append(opened)
    return found


def open_templates(
    connection: Connection,
    kind: RecordKind,
    collection: Row[Any],
    ids: Sequence[str],
    numbers: Sequence[int | None],
    stored: Sequence[bytes],
    keys: Mapping[int, bytes] | None = None,
) -> list[bytes | None]:
    """Templates of these records of a collection, in its present space, as `open_parts` does."""
    its = contexts_of(kind, collection.id, collection.fingerprint, ids)
    return open_parts(connection, kind, numbers, stored, its, keys)


def open_rows(
    connection: Connection, kind: RecordKind, collection: Row[Any], rows: Sequence[Any]
) -> tuple[Sequence[Any], list[bytes]]:
    """Those of these rows of a collection, in its present space, that are there, and templates.

    Rows have `template`, `sealing_key` and the record's id by its name. Raises `SealError`.
    """
    name = f"{kind.value}_id"
    ids, numbers = [getattr(row, name) for row in rows], [row.sealing_key for row in rows]
    stored = [row.template for row in rows]
    opened = open_templates(connection, kind, collection, ids, numbers, stored)
    if None in opened:
        rows = [row for row, template in zip(rows, opened, strict=True) if template is not None]
    return rows, [template for template in opened if template is not None]


def lasting_key(connection: Connection, number: int) -> bytes | None:
    """A collection's own key; None when the collection has been deleted meanwhile."""
    keyring = keyring_of(connection)
    assert keyring is not None, "who looks for a key has a keyring"
    key = keyring.find_lasting(number)
    if key is None:
        _require_deleted(connection, RecordKind.COLLECTION, keyring, [number])
    return key


def context(kind: RecordKind, owner: int, fingerprint: str, record_id: str) -> bytes:
    """What a template of that space is sealed for, or names are."""
    return f"{kind.value}|{owner}|{fingerprint}|{record_id}".encode()


def contexts_of(kind: RecordKind, owner: int, fingerprint: str, ids: Iterable[str]) -> list[bytes]:
    """The same for many records of a collection."""
    prefix = context(kind, owner, fingerprint, "")
    return [prefix + each.encode() for each in ids]


def _require_deleted(
    connection: Connection, kind: RecordKind, keyring: Keyring, numbers: Sequence[int]
) -> None:
    """A key is gone because its record is: this connection may see the record still."""
    name = _IDS[kind]
    number_of = name.table.c.sealing_key
    lost: list[str] = []
    with connection.engine.connect().execution_options(reading=True) as another:
        for batch in batches(numbers):
            query = select(name, number_of).where(number_of.in_(batch))
            there = another.execute(query).all()
            kept = keyring.find([number for _, number in there])
            lost += [record_id for record_id, number in there if number not in kept]
    if lost:
        raise SealError(
            f"{len(lost):,} of what is asked for has no key in the keyring, such as that of "
            f"{kind.value} {lost[0]}: the database is older than the keyring, or the keyring is "
            "another one: put back what belongs together, or restore a backup; reknown doctor "
            "counts all of them"
        )


def require_unsealed(connection: Connection, contexts: Sequence[bytes]) -> None:
    """Where everything has a key once, a row without one is not of our making: `SealError`."""
    keyring = keyring_of(connection)
    if contexts and keyring is not None and keyring.all_sealed():
        kind, part, record_id = _told(contexts[0])
        raise SealError(
            f"the {part} of {kind} {record_id} was never sealed, and all others are: its row was "
            f"written past Reknown: delete this {kind}, or restore a backup"
        )


def _misplaced(its: bytes) -> SealError:
    kind, part, record_id = _told(its)
    return SealError(
        f"the {part} of {kind} {record_id} was not sealed for it: its row was changed or copied "
        f"past Reknown: delete this {kind}, or restore a backup"
    )


def _told(its: bytes) -> tuple[str, str, str]:
    """Kind and id of a record, and which part of it, in words."""
    kind, _, what, record_id = its.decode().split("|", 3)
    return kind, "name" if what == NAMES else "template", record_id
