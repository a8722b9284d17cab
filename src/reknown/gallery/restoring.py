"""References of one gallery read, and stored in another under the ids that they had, by column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from reknown.biometrics.errors import AlreadyExistsError
from reknown.gallery.collections import claim, space_of
from reknown.gallery.consents import require_consents
from reknown.gallery.keys import keyring_of
from reknown.gallery.names import require_texts
from reknown.gallery.naming import FaceNames, encoded
from reknown.gallery.schema import faces as faces_table
from reknown.gallery.schema import images
from reknown.gallery.sealed import NAMES, RecordKind, seal_new
from reknown.gallery.users import ensure_users
from reknown.storage.clock import now_text
from reknown.storage.rows import Columns, among, insert_rows
from reknown.storage.unindexed import unindexed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from reknown.biometrics.moved import MovedFaces, MovedImages

_TAKEN = "one of these faces is held already, by another collection"


def check_moved(moved: MovedFaces) -> None:
    """Raises `InputError` for what no collection of their space can store."""
    moved.require_templates(moved.space)
    require_texts("a face's id", moved.face_ids)
    require_texts("an external id", [text for text in moved.external_ids if text is not None])
    require_texts("a user's name", {user for user in moved.users if user is not None})
    require_texts("an image's sha256", moved.images.sha256s)
    require_texts("an image's name", moved.images.names, shortest=0, longest=4096)


def restore_faces(connection: Connection, collection: str, moved: MovedFaces) -> MovedFaces:
    """Stores references under the ids that they had elsewhere, and makes users that are missing.

    Those that the collection has already are passed over, and each is stored once; returns the
    new ones. What `check_moved` would refuse must not come here. Raises `NotFoundError`,
    `SpaceMismatchError`, or `AlreadyExistsError` for a face of another collection.
    """
    row = claim(connection, collection)
    space_of(row).require(moved.space)
    new = _unheld(connection, row.id, moved)
    if not len(new):
        return new
    image_ids = _image_ids(connection, row.id, new.images)
    owners = ensure_users(connection, row.id, {user for user in new.users if user is not None})
    known = [None if user is None else owners[user] for user in set(new.users)]
    require_consents(connection, row, known)
    common = {"collection_id": row.id, "created_at": now_text(), "revision": row.revision}
    seen = _seen(new)
    names = [*map(FaceNames, new.external_ids, new.images.names)]
    parts = {row.fingerprint: seen.pop("template"), NAMES: encoded(names)}
    keys, (templates, told) = seal_new(connection, row.id, RecordKind.FACE, new.face_ids, parts)
    plain = keyring_of(connection) is None
    nothing = [None] * len(new)
    own = {
        "face_id": new.face_ids,
        "image_id": [image_ids[sha256] for sha256 in new.images.sha256s],
        "user_id": [None if user is None else owners[user] for user in new.users],
        **seen,
        "sealing_key": keys,
        "template": templates,
        "external_id": new.external_ids if plain else nothing,
        "sealed_names": nothing if plain else told,
    }
    try:
        insert_rows(connection, faces_table, Columns(common, own))
    except IntegrityError as error:  # another collection got it meanwhile
        raise AlreadyExistsError(_TAKEN) from error
    return new


def _unheld(connection: Connection, owner: int, moved: MovedFaces) -> MovedFaces:
    """Each face once, without those that are there."""
    query = select(faces_table.c.face_id, faces_table.c.collection_id)
    wanted = among(connection, faces_table.c.face_id, moved.face_ids)
    seen = set()
    for face_id, its_owner in connection.execute(query.where(wanted)).all():
        if its_owner != owner:
            raise AlreadyExistsError(_TAKEN)
        seen.add(face_id)
    if not seen and len(set(moved.face_ids)) == len(moved):
        return moved
    wanted_ones = []
    for face_id in moved.face_ids:
        wanted_ones.append(face_id not in seen)
        seen.add(face_id)
    return moved.kept(wanted_ones)


def _seen(moved: MovedFaces) -> dict[str, Sequence[Any]]:
    """What was measured of the faces, in the drivers' terms."""
    places = dict(zip(("left", "top", "width", "height"), moved.boxes.T, strict=True))
    magnitudes: Sequence[float | None] = moved.magnitudes.tolist()
    if np.isnan(moved.magnitudes).any():
        magnitudes = [None if value != value else value for value in magnitudes]  # noqa: PLR0124
    data, size = moved.vectors.astype("<f4").tobytes(), 4 * moved.space.dimension
    return {
        **{f"box_{side}": values.tolist() for side, values in places.items()},
        "confidence": moved.confidences.tolist(),
        "quality": moved.qualities.tolist(),
        "magnitude": magnitudes,
        "template": [data[start : start + size] for start in range(0, len(data), size)],
    }


def _image_ids(connection: Connection, owner: int, wanted: MovedImages) -> dict[str, int]:
    """The keys of images in the claimed collection by their digest, made if missing."""
    backwards = range(len(wanted.sha256s) - 1, -1, -1)
    first = dict(zip(reversed(wanted.sha256s), backwards, strict=True))
    # in the order of their index, which is written page by page then
    sha256s = sorted(first)
    places = [first[sha256] for sha256 in sha256s]
    widths, heights = wanted.sizes[places].T
    plain = keyring_of(connection) is None  # else each face has the name of its image
    own = {
        "sha256": sha256s,
        "name": [wanted.names[place] if plain else "" for place in places],
        "width": widths.tolist(),
        "height": heights.tolist(),
    }
    newest = connection.execute(select(func.max(images.c.id))).scalar() or 0
    insert_rows(connection, images, Columns({"collection_id": owner}, own), new_only=True)
    made = images.c.id > newest, unindexed(images.c.collection_id) == owner
    query = select(images.c.id).where(*made).order_by(images.c.id)
    keys = connection.execute(query).scalars().all()
    if len(keys) == len(sha256s):  # all are new, and keys ascend as they were given
        return dict(zip(sha256s, keys, strict=True))
    its = images.c.collection_id == owner
    wanted_ones = among(connection, images.c.sha256, sha256s)
    rows = connection.execute(select(images.c.sha256, images.c.id).where(its, wanted_ones))
    return {row.sha256: row.id for row in rows}
