"""Faces: the references of a collection, and the pictures that they came from."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
from sqlalchemy import delete, exists, insert, select

from reknown.biometrics.errors import AlreadyExistsError, InputError
from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.records import FaceRecord, ImageRecord
from reknown.gallery.collections import claim, now, require, space_of
from reknown.gallery.names import require_text
from reknown.gallery.paging import Page, batches, fetch_page
from reknown.gallery.schema import faces as faces_table
from reknown.gallery.schema import images, users
from reknown.gallery.users import ensure_user

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Row, Select

    from reknown.biometrics.records import NewFace
    from reknown.biometrics.templates import TemplateSpace

_UNIT_TOLERANCE = 1e-3


def add_faces(
    connection: Connection,
    collection: str,
    image: ImageRecord,
    faces: Sequence[NewFace],
    user: str | None = None,
) -> list[FaceRecord]:
    """Stores the faces of a picture in this order; makes the user if it is missing.

    Raises `NotFoundError`, `SpaceMismatchError`, `AlreadyExistsError` when the collection
    holds this picture, or `InputError` for no faces, for templates that are no unit vectors
    and for names that cannot be stored.
    """
    row = claim(connection, collection)
    if not faces:
        raise InputError("a picture without faces cannot be stored")
    _check_faces(faces, space_of(row))
    image_id = _add_image(connection, collection, row.id, image)
    owners = {
        "collection_id": row.id,
        "image_id": image_id,
        "user_id": None if user is None else ensure_user(connection, row.id, user),
        "created_at": now(),
    }
    connection.execute(insert(faces_table), [owners | _values(face) for face in faces])
    return find_image(connection, collection, image.sha256)


def find_image(connection: Connection, collection: str, sha256: str) -> list[FaceRecord]:
    """The faces stored from this picture, none if it is unknown; raises `NotFoundError`."""
    query = _faces(require(connection, collection).id).where(images.c.sha256 == sha256)
    return [_face(row) for row in connection.execute(query.order_by(faces_table.c.id))]


def known_images(connection: Connection, collection: str, sha256s: Iterable[str]) -> set[str]:
    """Which of these pictures the collection holds; raises `NotFoundError`."""
    known: set[str] = set()
    query = select(images.c.sha256).where(
        images.c.collection_id == require(connection, collection).id
    )
    for batch in batches(sha256s):
        known.update(connection.execute(query.where(images.c.sha256.in_(batch))).scalars())
    return known


def list_faces(
    connection: Connection,
    collection: str,
    after: str | None = None,
    limit: int = 1000,
    user: str | None = None,
) -> Page[FaceRecord]:
    """A page of the faces, of all or of one user, in order of enrolment.

    Raises `NotFoundError` for a missing collection; a missing user has no faces.
    """
    query = _faces(require(connection, collection).id)
    if user is not None:
        query = query.where(users.c.name == user)
    return fetch_page(connection, query, faces_table.c.id, after, limit, _face)


def find_faces(
    connection: Connection, collection: str, face_ids: Iterable[str]
) -> dict[str, FaceRecord]:
    """By id those of these faces that are there; raises `NotFoundError`."""
    query = _faces(require(connection, collection).id)
    found: dict[str, FaceRecord] = {}
    for batch in batches(face_ids):
        rows = connection.execute(query.where(faces_table.c.face_id.in_(batch)))
        found.update((row.face_id, _face(row)) for row in rows)
    return found


def delete_faces(connection: Connection, collection: str, face_ids: Iterable[str]) -> set[str]:
    """Deletes the faces; returns those that were there. Raises `NotFoundError`.

    A picture is forgotten with its last face and may then be enrolled again.
    """
    own = faces_table.c.collection_id == claim(connection, collection).id
    gone: set[str] = set()
    for batch in batches(face_ids):
        statement = delete(faces_table).where(own, faces_table.c.face_id.in_(batch))
        rows = connection.execute(
            statement.returning(faces_table.c.face_id, faces_table.c.image_id)
        ).all()
        gone.update(row.face_id for row in rows)
        bare = ~exists().where(faces_table.c.image_id == images.c.id)
        affected = images.c.id.in_({row.image_id for row in rows})
        connection.execute(delete(images).where(affected, bare))
    return gone


def _check_faces(faces: Sequence[NewFace], space: TemplateSpace) -> None:
    for face in faces:
        space.require(face.template.space)
        vector = face.template.vector
        if vector.shape != (space.dimension,):
            raise InputError(f"a template has shape {vector.shape}, not ({space.dimension},)")
        # negated, so that a NaN fails too
        if not abs(float(np.linalg.norm(vector)) - 1) <= _UNIT_TOLERANCE:
            raise InputError("a template is not a unit vector")
        if face.external_id is not None:
            require_text("an external id", face.external_id)


def _add_image(connection: Connection, collection: str, owner: int, image: ImageRecord) -> int:
    require_text("a picture's sha256", image.sha256)
    require_text("a picture's name", image.name, shortest=0, longest=4096)
    if known_images(connection, collection, [image.sha256]):
        raise AlreadyExistsError(
            f"{collection!r} holds the picture {image.name!r} already: delete its faces first"
        )
    values = {
        "collection_id": owner,
        "sha256": image.sha256,
        "name": image.name,
        "width": image.width,
        "height": image.height,
    }
    statement = insert(images).values(values).returning(images.c.id)
    return int(connection.execute(statement).scalar_one())


def _values(face: NewFace) -> dict[str, Any]:
    # numpy scalars are no numbers to the database drivers
    return {
        "face_id": str(uuid4()),
        "box_left": float(face.box.left),
        "box_top": float(face.box.top),
        "box_width": float(face.box.width),
        "box_height": float(face.box.height),
        "confidence": float(face.confidence),
        "quality": int(face.quality),
        "external_id": face.external_id,
        "template": face.template.vector.astype("<f4").tobytes(),
    }


def _faces(owner: int) -> Select[Any]:
    columns = [column for column in faces_table.c if column.name != "template"]
    picture = [images.c.sha256, images.c.name, images.c.width, images.c.height]
    return (
        select(*columns, *picture, users.c.name.label("user_name"))
        .join_from(faces_table, images)
        .outerjoin(users, faces_table.c.user_id == users.c.id)
        .where(faces_table.c.collection_id == owner)
    )


def _face(row: Row[Any]) -> FaceRecord:
    return FaceRecord(
        face_id=row.face_id,
        image=ImageRecord(row.sha256, row.name, row.width, row.height),
        box=BoundingBox(row.box_left, row.box_top, row.box_width, row.box_height),
        confidence=row.confidence,
        quality=row.quality,
        external_id=row.external_id,
        user=row.user_name,
        created_at=datetime.fromisoformat(row.created_at),
    )
