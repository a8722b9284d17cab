"""References as they leave a gallery, by column."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import func, select

from reknown.biometrics.moved import MovedFaces, MovedImages
from reknown.biometrics.records import KnownGender, Profile
from reknown.gallery.collections import require, space_of
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
_FACE = ("face_id", *_SEEN, "external_id", "template")
_IMAGE = ("sha256", "name", "width", "height")


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
        select(*(faces.c[name] for name in _FACE))
        .add_columns(*(images.c[name].label(f"image_{name}") for name in _IMAGE))
        .add_columns(users.c.name.label("user_name"), users.c.urls, users.c.known_gender)
        .add_columns(faces.c.sealing_key)
        .join_from(faces, images)
        .outerjoin(users, faces.c.user_id == users.c.id)
        .where(*_chosen(connection, collection, of))
    )
    order = unindexed(faces.c.id) if of else faces.c.id
    page = fetch_page(connection, query, order, after, limit, lambda found: found)
    found, templates = open_rows(connection, RecordKind.FACE, row, page.items)
    return _moved(found, templates, space_of(row)), page.next


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
    rows: Sequence[Row[Any]], templates: Sequence[bytes], space: TemplateSpace
) -> MovedFaces:
    width = len(_FACE) + len(_IMAGE)
    columns = list(zip(*rows, strict=True)) or [()] * (width + 5)
    face = dict(zip(_FACE, columns, strict=False))
    sha256s, names, widths, heights, owners, urls, genders, _, _ = columns[len(_FACE) :]
    told = {
        owner: _profile(its, gender)
        for owner, its, gender in zip(owners, urls, genders, strict=True)
        if its or gender
    }
    return MovedFaces(
        space,
        face["face_id"],
        np.frombuffer(b"".join(templates), "<f4").reshape(-1, space.dimension),
        np.array([face[name] for name in _SEEN[:4]], np.float64).T.reshape(-1, 4),
        np.array(face["confidence"], np.float64),
        np.array(face["quality"], np.int64),
        np.array(face["magnitude"], np.float64),
        face["external_id"],
        owners,
        MovedImages(sha256s, names, np.array([widths, heights], np.int64).T.reshape(-1, 2)),
        told,
    )


def _profile(urls: str | None, gender: str | None) -> Profile:
    known = None if gender is None else KnownGender(gender)
    return Profile(tuple(json.loads(urls or "[]")), known)
