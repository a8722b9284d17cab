"""Faces: the references of a collection, and the images that they came from."""

from __future__ import annotations

import math
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import bindparam, case, delete, false, insert, or_, select, update

from reknown.biometrics.errors import AlreadyExistsError, InputError
from reknown.biometrics.geometry import BoundingBox, pair_boxes
from reknown.biometrics.records import FaceRecord, ImageRecord
from reknown.biometrics.templates import UNIT_TOLERANCE
from reknown.gallery.collections import claim, require, space_of
from reknown.gallery.consents import require_consents
from reknown.gallery.deletions import forget_deleted
from reknown.gallery.keys import keyring_of
from reknown.gallery.names import require_text
from reknown.gallery.naming import (
    FACE,
    USER,
    FaceNames,
    changed_faces,
    encoded,
    names_of,
    names_of_faces,
    origin_keys,
)
from reknown.gallery.schema import NOTES, collections, images, upgrade_templates, users
from reknown.gallery.schema import faces as faces_table
from reknown.gallery.sealed import NAMES, RecordKind, seal_new
from reknown.gallery.snapshots import remove_from_snapshots
from reknown.gallery.users import ensure_user, find_user_key
from reknown.storage.clock import now_text
from reknown.storage.erasure import erase
from reknown.storage.paging import Page, batches, fetch_lines
from reknown.storage.rows import among_wanted, as_wanted, driver_rows
from reknown.storage.unindexed import unindexed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection, Row, ScalarSelect, Select

    from reknown.biometrics.records import NewFace
    from reknown.biometrics.templates import TemplateSpace
    from reknown.gallery.naming import UserNames

_SAME_PLACE = 0.5
_FACE_ID, _NAMED = len(USER), len(USER) + len(FACE)


def add_faces(
    connection: Connection,
    collection: str,
    image: ImageRecord,
    faces: Sequence[NewFace],
    user: str | None = None,
) -> list[FaceRecord]:
    """Stores the faces of an image in this order; makes the user if it is missing.

    Raises `NotFoundError`, `SpaceMismatchError`, `AlreadyExistsError` when the collection
    holds this image, or `InputError` for no faces, for templates that are not unit vectors
    and for names that cannot be stored.
    """
    row = claim(connection, collection)
    if not faces:
        raise InputError("an image without faces cannot be stored")
    check_faces(faces, space_of(row))
    if known_images(connection, collection, [image.sha256]):
        raise AlreadyExistsError(
            f"{collection!r} holds the image {image.name!r} already: delete its faces first"
        )
    _insert(connection, row, image, faces, user)
    return find_image(connection, collection, image.sha256)


def add_named_faces(
    connection: Connection,
    collection: str,
    image: ImageRecord,
    faces: Sequence[tuple[str, NewFace]],
) -> list[FaceRecord]:
    """Stores faces of one image, each for the user named with it, beside those that are there.

    Makes users that are missing. Raises as `add_faces`, but not for an image that is known.
    """
    row = claim(connection, collection)
    check_faces([face for _, face in faces], space_of(row))
    if not faces:
        return []
    owners = {user: ensure_user(connection, row.id, user) for user, _ in faces}
    require_consents(connection, row, list(owners.values()))
    common = {
        "collection_id": row.id,
        "image_id": _image_id(connection, row.id, image),
        "created_at": now_text(),
        "revision": row.revision,
    }
    values = [common | {"user_id": owners[user]} | face_values(face) for user, face in faces]
    _store(connection, row, image, values)
    face_ids = [value["face_id"] for value in values]
    stored = find_faces(connection, collection, face_ids)
    return [stored[face_id] for face_id in face_ids]


def merge_faces(
    connection: Connection, collection: str, image: ImageRecord, faces: Sequence[NewFace]
) -> list[FaceRecord]:
    """Stores those faces of an image that are not stored yet; all of them in this order.

    A face is stored already when the collection holds one from the same image, with the
    same external id, at the same place.

    Raises `NotFoundError`, `SpaceMismatchError`, or `InputError` as `add_faces` does.
    """
    row = claim(connection, collection)
    check_faces(faces, space_of(row))
    known = find_image(connection, collection, image.sha256)
    records = _same_faces(faces, known)
    new = [face for face, record in zip(faces, records, strict=True) if record is None]
    if not new:
        return [record for record in records if record is not None]
    face_ids = _insert(connection, row, image, new, None)
    made = find_faces(connection, collection, face_ids)
    added = iter(made[face_id] for face_id in face_ids)
    return [next(added) if record is None else record for record in records]


def find_image(connection: Connection, collection: str, sha256: str) -> list[FaceRecord]:
    """The faces stored from this image, none if it is unknown; raises `NotFoundError`."""
    # an image's faces are of its own collection
    own = images.c.collection_id == require(connection, collection).id
    query = _faces().where(own, images.c.sha256 == sha256).order_by(faces_table.c.id)
    return _told(connection, driver_rows(connection.execute(query)))


def find_images(
    connection: Connection, collection: str, sha256s: Iterable[str]
) -> list[FaceRecord]:
    """The faces stored from these images; raises `NotFoundError`."""
    own = images.c.collection_id == require(connection, collection).id
    found: list[FaceRecord] = []
    for batch in batches(sha256s):
        query = _faces().where(own, images.c.sha256.in_(batch))
        found.extend(_told(connection, driver_rows(connection.execute(query))))
    return found


def faces_from(connection: Connection, collection: str, origin: str) -> list[FaceRecord]:
    """The faces of images that were enrolled from this folder; raises `NotFoundError`."""
    owner = require(connection, collection).id
    own = images.c.collection_id == owner
    hashed = images.c.origin_key == origin_keys(connection, owner, [origin]).get(origin, "")
    query = _faces().where(own, or_(images.c.origin == origin, hashed))
    query = query.order_by(unindexed(faces_table.c.id))
    return _told(connection, driver_rows(connection.execute(query)))


def set_origin(
    connection: Connection, collection: str, sha256s: Iterable[str], origin: str
) -> None:
    """From now on these images count as enrolled from this folder; raises `NotFoundError`."""
    owner = claim(connection, collection).id
    key = origin_keys(connection, owner, [origin], make=True).get(origin)
    for batch in batches(sha256s):
        own = images.c.collection_id == owner, images.c.sha256.in_(batch)
        if key is None:
            connection.execute(update(images).where(*own).values(origin=origin))
            continue
        plain = case((_plain_face().exists(), origin), else_=None)
        connection.execute(update(images).where(*own).values(origin=plain, origin_key=key))
        sealed = _faces().where(*own, faces_table.c.sealed_names.is_not(None))
        _set_origins(connection, connection.execute(sealed).all(), origin)
    erase(connection, images, faces_table)


def known_images(connection: Connection, collection: str, sha256s: Iterable[str]) -> set[str]:
    """Which of these images the collection holds; raises `NotFoundError`."""
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
    face_ids: Sequence[str] | None = None,
) -> Page[FaceRecord]:
    """A page of the faces, of all, of one user or of these `face_ids`, in order of enrolment.

    Raises `NotFoundError` for a missing collection; a missing user has no faces.
    """
    owner = require(connection, collection).id
    own, order = faces_table.c.collection_id, faces_table.c.id
    if user is None and face_ids is None:
        return _page(connection, _faces().where(own == owner), order, after, limit)
    query = _faces().where(unindexed(own) == owner)
    if user is not None:
        key = find_user_key(connection, owner, user)
        query = query.where(false() if key is None else faces_table.c.user_id == key)
    if face_ids is not None:
        query = query.where(faces_table.c.face_id.in_(face_ids))
    return _page(connection, query, unindexed(order), after, limit)


def find_faces(
    connection: Connection, collection: str, face_ids: Iterable[str]
) -> dict[str, FaceRecord]:
    """By id those of these faces that are there; raises `NotFoundError`."""
    owner = require(connection, collection).id
    found: dict[str, FaceRecord] = {}
    for batch in batches(face_ids):
        values = {"owner": owner, "wanted": as_wanted(connection, batch)}
        lines = driver_rows(connection.execute(_picked(connection.dialect.name), values))
        found.update((face.face_id, face) for face in _told(connection, lines))
    return found


def faces_of_keys(connection: Connection, keys: Iterable[int]) -> dict[int, FaceRecord]:
    """By key those of these faces that are there: keys are never given twice."""
    found: dict[int, FaceRecord] = {}
    for batch in batches(keys):
        values = {"wanted": as_wanted(connection, batch)}
        lines = driver_rows(connection.execute(_keyed(connection.dialect.name), values))
        key_of = {line[_FACE_ID]: line[-1] for line in lines}
        found.update((key_of[face.face_id], face) for face in _told(connection, lines))
    return found


def hold_faces(connection: Connection, keys: Iterable[int]) -> set[int]:
    """The keys of those of these faces that are there, and stay until this transaction ends."""
    query = (
        select(faces_table.c.id)
        .order_by(faces_table.c.id)
        .with_for_update(read=True, key_share=True)
    )
    held: set[int] = set()
    for batch in batches(sorted(keys)):
        held.update(connection.execute(query.where(faces_table.c.id.in_(batch))).scalars())
    return held


def find_external_ids(connection: Connection, face_ids: Iterable[str]) -> Mapping[str, str | None]:
    """What their owners call those of these faces that are still there."""
    found: dict[str, str | None] = {}
    for batch in batches(face_ids):
        rows = connection.execute(_faces().where(faces_table.c.face_id.in_(batch))).all()
        named = zip(rows, names_of_faces(connection, rows), strict=True)
        found.update((row.face_id, names.external_id) for row, names in named if names)
    return found


def delete_faces(connection: Connection, collection: str, face_ids: Iterable[str]) -> set[str]:
    """Deletes the faces; returns those that were there. Raises `NotFoundError`.

    An image is forgotten with its last face and may then be enrolled again.
    """
    row = claim(connection, collection)
    own = unindexed(faces_table.c.collection_id) == row.id
    gone: dict[str, int] = {}
    for batch in batches(face_ids):
        statement = delete(faces_table).where(own, faces_table.c.face_id.in_(batch))
        columns = (faces_table.c.id, faces_table.c.face_id, faces_table.c.image_id)
        deleted = connection.execute(statement.returning(*columns)).all()
        gone.update((face.face_id, face.id) for face in deleted)
        affected = images.c.id.in_({face.image_id for face in deleted})
        connection.execute(delete(images).where(affected, _any_face().is_(None)))
    if gone:
        pruned = update(collections).where(collections.c.id == row.id)
        connection.execute(pruned.values(pruned=row.revision))
        forget_deleted(connection, row)
        remove_from_snapshots(connection, row, gone.values())
        erase(connection, faces_table, images, upgrade_templates, *NOTES)
    return set(gone)


def check_faces(faces: Sequence[NewFace], space: TemplateSpace) -> None:
    """Raises `SpaceMismatchError` or `InputError` for what cannot be stored in that space."""
    for face in faces:
        space.require(face.template.space)
        vector = face.template.vector
        if vector.shape != (space.dimension,):
            raise InputError(f"a template has shape {vector.shape}, not ({space.dimension},)")
        # negated, so that a NaN fails too
        if not abs(math.sqrt(vector @ vector) - 1) <= UNIT_TOLERANCE:
            raise InputError("a template is not a unit vector")
        face.box.require_plausible()
        if face.external_id is not None:
            require_text("an external id", face.external_id)


def _insert(
    connection: Connection,
    row: Row[Any],
    image: ImageRecord,
    faces: Sequence[NewFace],
    user: str | None,
) -> list[str]:
    """Stores the faces in the claimed collection of this row; returns their ids."""
    owner = None if user is None else ensure_user(connection, row.id, user)
    require_consents(connection, row, [owner])
    owners = {
        "collection_id": row.id,
        "image_id": _image_id(connection, row.id, image),
        "user_id": owner,
        "created_at": now_text(),
        "revision": row.revision,
    }
    values = [owners | face_values(face) for face in faces]
    _store(connection, row, image, values)
    return [value["face_id"] for value in values]


def _store(
    connection: Connection, row: Row[Any], image: ImageRecord, values: Sequence[dict[str, Any]]
) -> None:
    """Stores faces of an image in the claimed collection of this row, sealed."""
    names = [FaceNames(value["external_id"], image.name, image.origin) for value in values]
    ids = [value["face_id"] for value in values]
    parts = {row.fingerprint: [value["template"] for value in values], NAMES: encoded(names)}
    numbers, (templates, told) = seal_new(connection, row.id, RecordKind.FACE, ids, parts)
    for value, number, template, its in zip(values, numbers, templates, told, strict=True):
        if number is not None:
            value |= {"external_id": None, "sealing_key": number, "template": template}
            value |= {"sealed_names": its}
    connection.execute(insert(faces_table), list(values))


def _set_origins(connection: Connection, rows: Sequence[Row[Any]], origin: str) -> None:
    """Of faces whose names are sealed."""
    named = zip(rows, names_of_faces(connection, rows), strict=True)
    there = [(row, names) for row, names in named if names is not None]
    told = [FaceNames(names.external_id, names.image, origin) for _, names in there]
    kept = [row for row, _ in there]
    sealed = changed_faces(connection, kept, told)
    values = [{"face": row.id, "sealed": its} for row, its in zip(kept, sealed, strict=True)]
    if values:
        changed = update(faces_table).where(faces_table.c.id == bindparam("face"))
        connection.execute(changed.values(sealed_names=bindparam("sealed")), values)


def _same_faces(faces: Sequence[NewFace], known: Sequence[FaceRecord]) -> list[FaceRecord | None]:
    """For each of the `faces` the one known already: the closest first, none for two of them."""
    found = pair_boxes(
        [face.box for face in faces],
        [record.box for record in known],
        _SAME_PLACE,
        lambda number, place: faces[number].external_id == known[place].external_id,
    )
    return [known[found[number]] if number in found else None for number in range(len(faces))]


def _image_id(connection: Connection, owner: int, image: ImageRecord) -> int:
    """The key of this image in the claimed collection, made if missing."""
    require_text("an image's sha256", image.sha256)
    require_text("an image's name", image.name, shortest=0, longest=4096)
    own = images.c.collection_id == owner
    query = select(images.c.id).where(own, images.c.sha256 == image.sha256)
    found = connection.execute(query).scalar_one_or_none()
    if found is not None:
        return int(found)
    values = {
        "collection_id": owner,
        "sha256": image.sha256,
        "width": image.width,
        "height": image.height,
        **_image_names(connection, owner, image.name, image.origin),
    }
    made = insert(images).values(values).returning(images.c.id)
    return int(connection.execute(made).scalar_one())


def _image_names(
    connection: Connection, owner: int, name: str, origin: str | None = None
) -> dict[str, Any]:
    """What a new image of the claimed collection is called, as columns; sealed with its faces."""
    if keyring_of(connection) is None:
        return {"name": name, "origin": origin}
    if origin is None:
        return {"name": ""}
    return {"name": "", "origin_key": origin_keys(connection, owner, [origin], make=True)[origin]}


def _plain_face() -> Select[Any]:
    """Faces of the image whose names are not sealed."""
    own = faces_table.c.image_id == images.c.id
    return select(faces_table.c.id).where(own, faces_table.c.sealed_names.is_(None))


def _any_face() -> ScalarSelect[int]:
    """A face of the image, NULL without one: asked image by image, never as a join."""
    left = select(faces_table.c.id).where(faces_table.c.image_id == images.c.id)
    return left.limit(1).scalar_subquery()


def face_values(face: NewFace) -> dict[str, Any]:
    """The face as columns of its table."""
    # numpy scalars are no numbers to the database drivers
    return {
        "face_id": face.face_id or str(uuid4()),
        "box_left": float(face.box.left),
        "box_top": float(face.box.top),
        "box_width": float(face.box.width),
        "box_height": float(face.box.height),
        "confidence": float(face.confidence),
        "quality": int(face.quality),
        "magnitude": face.template.magnitude,
        "external_id": face.external_id,
        "template": face.template.vector.astype("<f4").tobytes(),
    }


@cache
def _picked(dialect: str) -> Select[Any]:
    """The faces `wanted` of `owner`; made once, as every search asks for its candidates."""
    own = unindexed(faces_table.c.collection_id) == bindparam("owner")
    return _faces().where(own, among_wanted(dialect, faces_table.c.face_id))


@cache
def _keyed(dialect: str) -> Select[Any]:
    return _faces().where(among_wanted(dialect, faces_table.c.id))


def _faces() -> Select[Any]:
    """Faces as columns in the order of `_face`; the key is there for those who look up by it."""
    face, image = faces_table.c, images.c
    columns = (
        *(*USER, *FACE),
        *(face.confidence, face.quality, face.magnitude, face.created_at),
        *(face.box_left, face.box_top, face.box_width, face.box_height),
        *(image.sha256, image.width, image.height),
        face.id,
    )
    query = select(*columns).join_from(faces_table, images)
    return query.outerjoin(users, faces_table.c.user_id == users.c.id)


def _page(
    connection: Connection, query: Select[Any], order: Any, after: str | None, limit: int
) -> Page[FaceRecord]:
    page = fetch_lines(connection, query, order, after, limit)
    return Page(tuple(_told(connection, page.items)), page.next)


def _told(connection: Connection, lines: Sequence[tuple[Any, ...]]) -> list[FaceRecord]:
    """Those that are still there."""
    owners, named = names_of(connection, lines)
    return [
        _face(line, names, owners.get(line[0]))
        for line, names in zip(lines, named, strict=True)
        if names is not None
    ]


def _face(line: tuple[Any, ...], names: FaceNames, user: UserNames | None) -> FaceRecord:
    # by their places: to look up each name takes as long as all the rest
    # fmt: off
    (
        confidence, quality, magnitude, created_at,
        left, top, width, height, sha256, image_width, image_height, *_,
    ) = line[_NAMED:]
    # fmt: on
    return FaceRecord(
        line[_FACE_ID],
        ImageRecord(sha256, names.image, image_width, image_height, names.origin),
        BoundingBox(left, top, width, height),
        confidence,
        quality,
        magnitude,
        names.external_id,
        None if user is None else user.name,
        datetime.fromisoformat(created_at),
        None if user is None else line[0],
    )
