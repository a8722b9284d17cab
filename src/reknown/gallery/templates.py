"""A collection's templates, ready to be searched."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import bindparam, func, select

from reknown.gallery.collections import newest_face, require, space_of
from reknown.gallery.schema import faces, users
from reknown.gallery.users import spelled, user_key
from reknown.storage.paging import batches
from reknown.storage.unindexed import unindexed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray
    from sqlalchemy import BindParameter, Connection, Row, Select

    from reknown.biometrics.templates import TemplateSpace

_CHUNK = 2000


@dataclass(frozen=True, slots=True, eq=False)
class GalleryTemplates:
    """Some references in order of enrolment, n of them.

    `vectors` (n, dimension) float32; `keys` in the database, `face_ids` and `users` of each, None
    for no user.
    """

    space: TemplateSpace
    vectors: NDArray[np.float32]
    keys: Sequence[int]
    face_ids: Sequence[str]
    users: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class StoredTemplates:
    """The templates of faces as a connection sees them, of so many values each."""

    connection: Connection
    dimension: int

    def fetch(self, keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Those of these keys that are there, ascending, and their templates (n, dimension)."""
        found: dict[int, bytes] = {}
        for batch in batches(keys.tolist()):
            found.update(self.connection.execute(_of_keys(), {"wanted": batch}).all())
        size = 4 * self.dimension  # those of another space may have come meanwhile
        there = sorted(key for key, template in found.items() if len(template) == size)
        joined = np.frombuffer(b"".join(found[key] for key in there), "<f4")
        return np.array(there, np.int64), joined.reshape(len(there), self.dimension)


def load_templates(connection: Connection, collection: str) -> GalleryTemplates:
    """All templates of the collection; raises `NotFoundError`."""
    row = require(connection, collection)
    query = _templates().where(faces.c.collection_id == row.id).order_by(faces.c.id)
    return _gathered(connection.execute(query).all(), space_of(row))


def pick_templates(
    connection: Connection, collection: str, face_ids: Iterable[str]
) -> GalleryTemplates:
    """Those of these faces that are there; raises `NotFoundError` for the collection."""
    row = require(connection, collection)
    found: list[Row[Any]] = []
    for batch in batches(face_ids):
        own = unindexed(faces.c.collection_id) == row.id
        found.extend(connection.execute(_templates().where(own, faces.c.face_id.in_(batch))))
    found.sort(key=lambda line: line.id)
    return _gathered(found, space_of(row))


def draw_templates(connection: Connection, collection: str, count: int) -> GalleryTemplates:
    """At most so many faces drawn at random; raises `NotFoundError`.

    Those behind faces that were deleted come up more often than others.
    """
    row = require(connection, collection)
    own = faces.c.collection_id == row.id
    first = connection.execute(select(faces.c.id).where(own).order_by(faces.c.id).limit(1)).scalar()
    if first is None:
        return _gathered([], space_of(row))
    last = newest_face(connection, row.id)
    next_one = select(faces.c.id).where(own, faces.c.id >= bindparam("key"))
    next_one = next_one.order_by(faces.c.id).limit(1)
    places = {first + secrets.randbelow(last - first + 1) for _ in range(count)}
    keys = {connection.execute(next_one, {"key": place}).scalar_one() for place in places}
    found = connection.execute(_templates().where(faces.c.id.in_(keys)))
    return _gathered(sorted(found.all(), key=lambda line: line.id), space_of(row))


def templates_of_user(connection: Connection, collection: str, user: str) -> GalleryTemplates:
    """Those of one user, none if there is no such user; raises `NotFoundError`."""
    row = require(connection, collection)
    # a user's faces are of its own collection
    key = user_key(row.id, spelled(connection, row.id, user))
    own = faces.c.user_id == key.scalar_subquery()
    query = _templates().where(own).order_by(unindexed(faces.c.id))
    return _gathered(connection.execute(query).all(), space_of(row))


def stream_changes(
    connection: Connection, owner: int, dimension: int, since: int | None
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]]:
    """Faces of a collection in order of enrolment: their keys, those of their users, templates.

    All of them, or those that are new or have another user since that revision. The key of no
    user is 0. In portions.
    """
    owner_of = func.coalesce(faces.c.user_id, 0)
    query = select(faces.c.id, owner_of, faces.c.template).where(faces.c.collection_id == owner)
    if since is None:
        query = query.order_by(faces.c.id)
    else:
        # few as a rule, and to sort them takes less than to look for them in their order
        query = query.where(faces.c.revision > since).order_by(unindexed(faces.c.id))
    with connection.execute(query, execution_options={"yield_per": _CHUNK}) as result:
        for chunk in result.partitions():
            keys, users, templates = zip(*chunk, strict=True)
            joined = np.frombuffer(b"".join(templates), "<f4")
            vectors = joined.reshape(len(keys), dimension)
            yield np.array(keys, np.int64), np.array(users, np.int64), vectors


def faces_present(connection: Connection, owner: int) -> NDArray[np.int64]:
    """The keys of all faces of the collection of this key."""
    query = select(faces.c.id).where(faces.c.collection_id == owner)
    return np.fromiter(connection.execute(query).scalars(), np.int64)


def stream_templates(
    connection: Connection, query: Select[Any], dimension: int
) -> Iterator[tuple[Sequence[Row[Any]], NDArray[np.float32]]]:
    """The rows of such a query in portions, each with its vectors as one matrix."""
    with connection.execute(query, execution_options={"yield_per": _CHUNK}) as result:
        for chunk in result.partitions():
            yield chunk, _matrix(chunk, dimension)


@cache
def _of_keys() -> Select[Any]:
    wanted: BindParameter[int] = bindparam("wanted", expanding=True)
    return select(faces.c.id, faces.c.template).where(faces.c.id.in_(wanted))


def _templates() -> Select[Any]:
    query = select(faces.c.id, faces.c.face_id, faces.c.template, users.c.name.label("user_name"))
    return query.outerjoin_from(faces, users, faces.c.user_id == users.c.id)


def _matrix(rows: Sequence[Row[Any]], dimension: int) -> NDArray[np.float32]:
    joined = np.frombuffer(b"".join(row.template for row in rows), "<f4")
    return joined.reshape(len(rows), dimension)


def _gathered(rows: Sequence[Row[Any]], space: TemplateSpace) -> GalleryTemplates:
    return GalleryTemplates(
        space,
        _matrix(rows, space.dimension),
        [row.id for row in rows],
        [row.face_id for row in rows],
        [row.user_name for row in rows],
    )
