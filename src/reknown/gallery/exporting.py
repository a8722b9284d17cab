"""References as they leave a gallery, by column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import func, select

from reknown.biometrics.moved import MovedFaces, MovedImages
from reknown.gallery.collections import require, space_of
from reknown.gallery.naming import FACE, USER, name_in, names_of
from reknown.gallery.schema import faces, images, users
from reknown.gallery.sealed import RecordKind, open_rows
from reknown.gallery.users import keys_of_users
from reknown.storage.paging import fetch_page
from reknown.storage.unindexed import unindexed

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import ColumnElement, Connection, Row

    from reknown.biometrics.templates import TemplateSpace

_SEEN = ("box_left", "box_top", "box_width", "box_height", "confidence", "quality", "magnitude")


def leaving_faces(
    connection: Connection,
    collection: str,
    after: str | None = None,
    limit: int = 1000,
    of: Collection[str] = (),
) -> tuple[MovedFaces, str | None]:
    """A page of the references in order of enrolment, and where the next one begins.

    Those of all, or of these users. Raises `NotFoundError` also for a user that is not there.
    """
    row = require(connection, collection)
    query = (
        select(*USER, *FACE, *(faces.c[name] for name in _SEEN), faces.c.template)
        .add_columns(images.c.sha256, images.c.width, images.c.height)
        .join_from(faces, images)
        .outerjoin(users, faces.c.user_id == users.c.id)
        .where(*_chosen(connection, collection, of))
    )
    order = unindexed(faces.c.id) if of else faces.c.id
    page = fetch_page(connection, query, order, after, limit, lambda found: found)
    found, templates = open_rows(connection, RecordKind.FACE, row, page.items)
    return _moved(connection, found, templates, space_of(row)), page.next


def count_leaving(connection: Connection, collection: str, of: Collection[str] = ()) -> int:
    """How many references all these pages have together; raises as they do."""
    query = select(func.count()).select_from(faces)
    return int(connection.execute(query.where(*_chosen(connection, collection, of))).scalar_one())


def _chosen(
    connection: Connection, collection: str, of: Collection[str]
) -> list[ColumnElement[bool]]:
    if not of:
        return [faces.c.collection_id == require(connection, collection).id]
    keys = keys_of_users(connection, collection, of)
    # a user's faces are of its own collection
    return [faces.c.user_id.in_(sorted(set(keys.values())))]


def _moved(
    connection: Connection,
    rows: Sequence[Row[Any]],
    templates: Sequence[bytes],
    space: TemplateSpace,
) -> MovedFaces:
    owners, named = names_of(connection, rows)
    there = [
        (row, template, names)
        for row, template, names in zip(rows, templates, named, strict=True)
        if names is not None
    ]
    seen = {name: [getattr(row, name) for row, _, _ in there] for name in _SEEN}
    sizes = np.array([(row.width, row.height) for row, _, _ in there], np.int64)
    return MovedFaces(
        space,
        [row.face_id for row, _, _ in there],
        np.frombuffer(b"".join(template for _, template, _ in there), "<f4").reshape(
            -1, space.dimension
        ),
        np.array([seen[name] for name in _SEEN[:4]], np.float64).T.reshape(-1, 4),
        np.array(seen["confidence"], np.float64),
        np.array(seen["quality"], np.int64),
        np.array(seen["magnitude"], np.float64),
        [names.external_id for _, _, names in there],
        [name_in(owners, row.user_subject_id) for row, _, _ in there],
        MovedImages(
            [row.sha256 for row, _, _ in there],
            [names.image for _, _, names in there],
            sizes.reshape(-1, 2),
        ),
        {its.name: its.profile for its in owners.values() if its.urls or its.known_gender},
    )
