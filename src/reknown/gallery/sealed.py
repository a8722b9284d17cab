"""Templates as they are stored: sealed, each with the key of its record, where there is a keyring.

What a template was sealed for goes into its seal: the collection, the record, its kind, the
template space. In another row it does not open. Without a keyring, and in rows from before there
was one, templates are stored as they are, and have no key.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from reknown.gallery.keys import grant, keyring_of
from reknown.gallery.schema import faces, sightings
from reknown.sealing.ciphers import SealError, decrypt_each, encrypt_each
from reknown.storage.paging import batches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Row

    from reknown.sealing.keyring import Keyring


class RecordKind(Enum):
    """Of what a template is."""

    FACE = "face"
    SIGHTING = "sighting"


_TABLES = {RecordKind.FACE: faces, RecordKind.SIGHTING: sightings}


def seal_new(
    connection: Connection,
    place: tuple[int, str],
    kind: RecordKind,
    templates: Mapping[str, bytes],
) -> tuple[list[int | None], list[bytes]]:
    """The templates of new records by the records' ids.

    `place` is the key of a claimed collection and the fingerprint of the templates' space. Returns
    the numbers of their keys and what is to be stored, in this order.
    """
    keyring = keyring_of(connection)
    if keyring is None or not templates:
        return [None] * len(templates), list(templates.values())
    keys = grant(connection, keyring, place[0], len(templates))
    contexts = [context(kind, *place, each) for each in templates]
    return list(keys), encrypt_each(keys.values(), templates.values(), contexts)


def seal_again(
    connection: Connection,
    kind: RecordKind,
    numbers: Sequence[int | None],
    templates: Sequence[bytes],
    contexts: Sequence[bytes],
) -> list[bytes | None]:
    """Other templates of records that are there, with the keys that these have.

    None for records that have been deleted meanwhile.
    """
    sealed: list[bytes | None] = list(templates)
    places = [place for place, number in enumerate(numbers) if number is not None]
    keys = _keys(connection, kind, [number for number in numbers if number is not None])
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


def open_templates(
    connection: Connection,
    kind: RecordKind,
    numbers: Sequence[int | None],
    stored: Sequence[bytes],
    contexts: Sequence[bytes],
) -> list[bytes | None]:
    """Stored templates as they were; None for records that have been deleted meanwhile.

    Raises `SealError` for one that was sealed for another record, or whose key is lost.
    """
    if not any(numbers):
        return list(stored)
    keys = _keys(connection, kind, [number for number in numbers if number is not None])
    if len(keys) == len(numbers):  # as a rule: all are sealed and there
        ours = [keys[number] for number in numbers]  # type: ignore[index]
        opened = decrypt_each(ours, stored, contexts)
        if None in opened:
            raise _misplaced(contexts[opened.index(None)])
        return opened
    found: list[bytes | None] = []
    for number, each, its in zip(numbers, stored, contexts, strict=True):
        if number is None:
            found.append(each)
        elif number not in keys:
            found.append(None)
        else:
            (opened_one,) = decrypt_each([keys[number]], [each], [its])
            if opened_one is None:
                raise _misplaced(its)
            found.append(opened_one)
    return found


def open_rows(
    connection: Connection, kind: RecordKind, collection: Row[Any], rows: Sequence[Any]
) -> tuple[Sequence[Any], list[bytes]]:
    """Those of these rows of a collection, in its present space, that are there, and templates.

    Rows have `template`, `sealing_key` and the record's id by its name. Raises `SealError`.
    """
    owner, space, name = collection.id, collection.fingerprint, f"{kind.value}_id"
    prefix = context(kind, owner, space, "")
    told = [(getattr(row, name).encode(), row.sealing_key, row.template) for row in rows]
    ids, numbers, stored = zip(*told, strict=True) if told else ((), (), ())
    opened = open_templates(connection, kind, numbers, stored, [prefix + each for each in ids])
    if None in opened:
        rows = [row for row, template in zip(rows, opened, strict=True) if template is not None]
    return rows, [template for template in opened if template is not None]


def context(kind: RecordKind, owner: int, fingerprint: str, record_id: str) -> bytes:
    """What a template is sealed for."""
    return f"{kind.value}|{owner}|{fingerprint}|{record_id}".encode()


def _keys(connection: Connection, kind: RecordKind, numbers: Sequence[int]) -> Mapping[int, bytes]:
    if not numbers:
        return {}
    keyring = keyring_of(connection)
    if keyring is None:
        raise SealError("templates here are sealed: open the database with its keyring")
    keys = keyring.find(numbers)
    if len(keys) < len(numbers):
        _require_deleted(connection, kind, keyring, [n for n in numbers if n not in keys])
    return keys


def _require_deleted(
    connection: Connection, kind: RecordKind, keyring: Keyring, numbers: Sequence[int]
) -> None:
    """A key is gone because its record is: this connection may see the record still."""
    table = _TABLES[kind]
    name = table.c.face_id if kind is RecordKind.FACE else table.c.sighting_id
    with connection.engine.connect().execution_options(reading=True) as another:
        for batch in batches(numbers):
            query = select(name, table.c.sealing_key).where(table.c.sealing_key.in_(batch))
            for record_id, number in another.execute(query).all():
                if number not in keyring.find([number]):
                    raise SealError(
                        f"the key of {kind.value} {record_id} is not in the keyring: put back the "
                        "keyring that was here, or restore a backup"
                    )


def _misplaced(its: bytes) -> SealError:
    kind, _, _, record_id = its.decode().split("|", 3)
    return SealError(
        f"the template of {kind} {record_id} was not sealed for it: its row was changed or copied "
        f"past Reknown: delete this {kind}, or restore a backup"
    )
