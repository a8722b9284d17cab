"""What was stored before there was a keyring, sealed portion by portion."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select, update

from reknown.gallery.collections import claim
from reknown.gallery.schema import collections, faces, sightings, upgrade_templates, upgrades
from reknown.gallery.sealed import RecordKind, context, seal_again, seal_new
from reknown.storage.erasure import erase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

_TABLES = {RecordKind.FACE: faces, RecordKind.SIGHTING: sightings}


def count_unsealed(connection: Connection) -> int:
    """How many templates have no key."""
    return sum(
        connection.execute(
            select(func.count()).select_from(table).where(table.c.sealing_key.is_(None))
        ).scalar_one()
        for table in _TABLES.values()
    )


def seal_portion(connection: Connection, limit: int) -> int:
    """Seals at most so many templates of each kind; how many, 0 once all are."""
    return sum(_seal_some(connection, kind, limit) for kind in RecordKind)


def _seal_some(connection: Connection, kind: RecordKind, limit: int) -> int:
    table = _TABLES[kind]
    space = collections if kind is RecordKind.FACE else sightings
    columns = table.c.id, table.c[f"{kind.value}_id"], table.c.template, space.c.fingerprint
    query = select(*columns, table.c.collection_id, collections.c.name).join_from(
        table, collections
    )
    query = query.where(table.c.sealing_key.is_(None)).limit(limit)
    rows: list[Any] = sorted(
        connection.execute(query), key=lambda row: (row.collection_id, row.fingerprint)
    )
    for name, its in groupby(rows, key=lambda row: row.name):
        claim(connection, name)  # nobody switches or deletes it meanwhile
        for _, same in groupby(its, key=lambda row: row.fingerprint):
            _seal(connection, kind, list(same))
    if rows:
        erase(connection, table, upgrade_templates)
    return len(rows)


def _seal(connection: Connection, kind: RecordKind, rows: Sequence[Any]) -> None:
    table, first = _TABLES[kind], rows[0]
    plain = {row[1]: row.template for row in rows}
    owner = first.collection_id, first.fingerprint
    numbers, templates = seal_new(connection, owner, kind, plain)
    values = [
        {"row": row.id, "number": number, "sealed": template}
        for row, number, template in zip(rows, numbers, templates, strict=True)
    ]
    changed = update(table).where(table.c.id == bindparam("row"))
    connection.execute(
        changed.values(sealing_key=bindparam("number"), template=bindparam("sealed")), values
    )
    if kind is RecordKind.FACE:
        _seal_carried(connection, first.collection_id, rows, numbers)


def _seal_carried(
    connection: Connection, owner: int, rows: Sequence[Any], numbers: Sequence[int | None]
) -> None:
    """The same faces in the spaces that their collection is between, with the same keys."""
    upgrade = connection.execute(select(upgrades).where(upgrades.c.collection == owner)).first()
    if upgrade is None:
        return
    key_of = {row.id: (row.face_id, number) for row, number in zip(rows, numbers, strict=True)}
    carried = upgrade_templates.c
    found = connection.execute(
        select(carried.face, carried.former_template, carried.target_template).where(
            carried.face.in_(list(key_of))
        )
    ).all()
    for which in ("former", "target"):
        space = getattr(upgrade, f"{which}_fingerprint")
        sealed = seal_again(
            connection,
            RecordKind.FACE,
            [key_of[row.face][1] for row in found],
            [getattr(row, f"{which}_template") for row in found],
            [context(RecordKind.FACE, owner, space, key_of[row.face][0]) for row in found],
        )
        values = [
            {"row": row.face, "sealed": template}
            for row, template in zip(found, sealed, strict=True)
        ]
        if values:
            changed = update(upgrade_templates).where(carried.face == bindparam("row"))
            connection.execute(changed.values({f"{which}_template": bindparam("sealed")}), values)
