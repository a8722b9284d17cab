"""Both templates of carried faces, to be compared before one takes the other's place."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import select

from reknown.gallery.carried import is_carried
from reknown.gallery.collections import require
from reknown.gallery.naming import USER, name_in, names_of_users
from reknown.gallery.schema import faces, upgrade_templates, users
from reknown.gallery.sealed import RecordKind, context, open_parts
from reknown.gallery.templates import GalleryTemplates
from reknown.gallery.upgrades import require_upgrade
from reknown.storage.paging import batches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sqlalchemy import Connection

    from reknown.biometrics.templates import TemplateSpace

_CHUNK = 2000


def load_carried(
    connection: Connection, collection: str, chosen: Callable[[str | None, str], bool], limit: int
) -> tuple[GalleryTemplates, GalleryTemplates]:
    """At most `limit` carried faces in the former space and the target, `chosen` by user and id.

    Raises `NotFoundError`, `UpgradeError`.
    """
    upgrade = require_upgrade(connection, collection)
    spaces = upgrade.former, upgrade.target
    owner = require(connection, collection).id
    query = (
        select(*USER, faces.c.id, faces.c.face_id)
        .join_from(faces, users, users.c.id == faces.c.user_id, isouter=True)
        .where(faces.c.collection_id == owner, is_carried())
        .order_by(faces.c.id)
    )
    with connection.execute(query, execution_options={"yield_per": _CHUNK}) as found:
        rows = list(islice(_chosen(connection, found.partitions(), chosen), limit))
    place = {key: number for number, (key, _, _) in enumerate(rows)}
    old, new = (np.empty((len(rows), space.dimension), "<f4") for space in spaces)
    columns = upgrade_templates.c
    sealed = faces.c.face_id, faces.c.sealing_key
    templates = select(columns.face, columns.former_template, columns.target_template, *sealed)
    templates = templates.join_from(upgrade_templates, faces)
    for keys in batches(place):
        carried = connection.execute(templates.where(columns.face.in_(keys))).all()
        for number, (vectors, space) in enumerate(zip((old, new), spaces, strict=True), 1):
            contexts = [_context(owner, space, row.face_id) for row in carried]
            numbers, stored = [row.sealing_key for row in carried], [row[number] for row in carried]
            opened = open_parts(connection, RecordKind.FACE, numbers, stored, contexts)
            for row, template in zip(carried, opened, strict=True):
                vectors[place[row.face]] = np.frombuffer(template, "<f4") if template else 0
    face_ids, owners = [face_id for _, face_id, _ in rows], [owner for _, _, owner in rows]
    former, target = (
        GalleryTemplates(space, vectors, list(place), face_ids, owners)
        for space, vectors in zip(spaces, (old, new), strict=True)
    )
    return former, target


def _chosen(
    connection: Connection,
    portions: Iterable[Sequence[Any]],
    chosen: Callable[[str | None, str], bool],
) -> Iterator[tuple[int, str, str | None]]:
    """Key, id and user of the faces that are chosen."""
    for portion in portions:
        told = names_of_users(connection, portion)
        for row in portion:
            name = name_in(told, row.user_subject_id)
            if chosen(name, row.face_id):
                yield row.id, row.face_id, name


def _context(owner: int, space: TemplateSpace, face_id: str) -> bytes:
    return context(RecordKind.FACE, owner, space.fingerprint, face_id)
