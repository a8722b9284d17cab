"""What was stored before templates and names were sealed, sealed portion by portion."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, bindparam, func, or_, select, text, update

from reknown.gallery.collections import claim
from reknown.gallery.naming import (
    FACE,
    USER,
    changed_faces,
    names_of_faces,
    names_of_users,
    new_users,
    origin_keys,
)
from reknown.gallery.schema import (
    collections,
    faces,
    images,
    sightings,
    upgrade_templates,
    upgrades,
    users,
)
from reknown.gallery.sealed import RecordKind, context, seal_again, seal_new
from reknown.storage.erasure import erase

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

_TABLES = {RecordKind.FACE: faces, RecordKind.SIGHTING: sightings}
# Each is the condition of an index, which is empty as a rule: no bound values, so that it is known.
_PLAIN_IMAGE = or_(images.c.name != text("''"), images.c.origin.is_not(None))
_UNSEALED = (
    *(table.c.sealing_key.is_(None) for table in _TABLES.values()),
    users.c.sealed_names.is_(None),
    faces.c.sealed_names.is_(None),
    _PLAIN_IMAGE,
)


def count_unsealed(connection: Connection) -> int:
    """How many templates, users, faces' names and images' names are not sealed."""
    return sum(
        connection.execute(select(func.count()).where(condition)).scalar_one()
        for condition in _UNSEALED
    )


def seal_portion(connection: Connection, limit: int) -> int:
    """Seals at most so many of each kind; how many, 0 once all are."""
    done = sum(_seal_some(connection, kind, limit) for kind in _TABLES)
    done += _seal_users(connection, limit) + _seal_faces(connection, limit)
    return done + _blank_images(connection, limit)


def _seal_users(connection: Connection, limit: int) -> int:
    query = select(*USER, collections.c.name).join_from(users, collections)
    rows = connection.execute(query.where(users.c.sealed_names.is_(None)).limit(limit)).all()
    told = names_of_users(connection, rows)
    for owner, its in _claimed(connection, rows, "user_collection_id"):
        subjects = {row.user_subject_id: told[row.user_subject_id] for row in its}
        columns = new_users(connection, owner, subjects)
        values = [
            dict(zip(("subject", "key", "number", "sealed"), each, strict=True))
            for each in zip(
                *(columns[name] for name in ("subject_id", "name_key", "sealing_key")),
                columns["sealed_names"],
                strict=True,
            )
        ]
        changed = update(users).where(users.c.subject_id == bindparam("subject"))
        changed = changed.values(
            name_key=bindparam("key"),
            sealing_key=bindparam("number"),
            sealed_names=bindparam("sealed"),
            urls=None,
            known_gender=None,
        )
        connection.execute(changed, values)
    if rows:
        erase(connection, users)
    return len(rows)


def _seal_faces(connection: Connection, limit: int) -> int:
    """The names of faces whose templates are sealed."""
    query = select(*USER, *FACE, faces.c.id, collections.c.name).join_from(faces, images)
    query = query.join(collections, collections.c.id == faces.c.collection_id)
    query = query.outerjoin(users, users.c.id == faces.c.user_id)
    plain = faces.c.sealed_names.is_(None), faces.c.sealing_key.is_not(None)
    rows = connection.execute(query.where(*plain).limit(limit)).all()
    for _, its in _claimed(connection, rows, "collection_id"):
        told = [names for names in names_of_faces(connection, its) if names is not None]
        sealed = changed_faces(connection, its, told)
        values = [{"face": row.id, "sealed": names} for row, names in zip(its, sealed, strict=True)]
        changed = update(faces).where(faces.c.id == bindparam("face"))
        changed = changed.values(sealed_names=bindparam("sealed"), external_id=None)
        connection.execute(changed, values)
    if rows:
        erase(connection, faces)
    return len(rows)


def _blank_images(connection: Connection, limit: int) -> int:
    """Images whose faces all have their names sealed keep none of their own."""
    own = faces.c.image_id == images.c.id, faces.c.sealed_names.is_(None)
    plain = select(faces.c.id).where(*own).exists()
    columns = images.c.id, images.c.collection_id, images.c.origin, collections.c.name
    query = select(*columns).join_from(images, collections)
    rows = connection.execute(query.where(_PLAIN_IMAGE, ~plain).limit(limit)).all()
    for owner, its in _claimed(connection, rows, "collection_id"):
        origins = {row.origin for row in its if row.origin is not None}
        keys = origin_keys(connection, owner, origins, make=True)
        values = [{"image": row.id, "key": keys.get(row.origin)} for row in its]
        key = bindparam("key", type_=Text)
        changed = update(images).where(images.c.id == bindparam("image"))
        # one that has a hash already, and no folder in the clear, keeps it
        changed = changed.values(
            name="", origin=None, origin_key=func.coalesce(key, images.c.origin_key)
        )
        connection.execute(changed, values)
    if rows:
        erase(connection, images)
    return len(rows)


def _claimed(
    connection: Connection, rows: Sequence[Any], owner: str
) -> Iterator[tuple[int, list[Any]]]:
    """Rows by their collections, none of which anybody else changes meanwhile."""
    for key, its in groupby(
        sorted(rows, key=lambda row: getattr(row, owner)), key=lambda row: getattr(row, owner)
    ):
        found = list(its)
        claim(connection, found[0].name)
        yield key, found


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
    plain = {first.fingerprint: [row.template for row in rows]}
    ids = [row[1] for row in rows]
    numbers, (templates,) = seal_new(connection, first.collection_id, kind, ids, plain)
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
