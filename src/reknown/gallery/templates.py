"""A collection's templates, ready to be searched."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import bindparam, func, select

from reknown.gallery.collections import newest_face, require, space_of
from reknown.gallery.naming import USER, name_in, names_of_users
from reknown.gallery.schema import collections, faces, users
from reknown.gallery.sealed import RecordKind, context, open_parts, open_rows, open_templates
from reknown.gallery.users import find_user_key
from reknown.storage.paging import batches
from reknown.storage.rows import among_wanted, as_wanted, driver_rows, stream_rows
from reknown.storage.unindexed import unindexed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray
    from sqlalchemy import BindParameter, Connection, Row, Select

    from reknown.biometrics.templates import TemplateSpace

_CHUNK = 2000
# So many characters of a time come before its offset.
_NAIVE = 26


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
            query = _of_keys(self.connection.dialect.name)
            values = {"wanted": as_wanted(self.connection, batch)}
            rows = driver_rows(self.connection.execute(query, values))
            contexts = [context(RecordKind.FACE, row[3], row[4], row[5]) for row in rows]
            numbers, stored = [row[1] for row in rows], [row[2] for row in rows]
            opened = open_parts(self.connection, RecordKind.FACE, numbers, stored, contexts)
            pairs = zip(rows, opened, strict=True)
            found.update((row[0], template) for row, template in pairs if template is not None)
        size = 4 * self.dimension  # those of another space may have come meanwhile
        there = sorted(key for key, template in found.items() if len(template) == size)
        joined = np.frombuffer(b"".join(found[key] for key in there), "<f4")
        return np.array(there, np.int64), joined.reshape(len(there), self.dimension)


def load_templates(connection: Connection, collection: str) -> GalleryTemplates:
    """All templates of the collection; raises `NotFoundError`."""
    row = require(connection, collection)
    query = _templates().where(faces.c.collection_id == row.id).order_by(faces.c.id)
    return _gathered(connection, connection.execute(query).all(), row)


def pick_templates(
    connection: Connection, collection: str, face_ids: Iterable[str]
) -> GalleryTemplates:
    """Those of these faces that are there; raises `NotFoundError` for the collection."""
    row = require(connection, collection)
    found: list[Row[Any]] = []
    for batch in batches(face_ids):
        found.extend(connection.execute(_of_ids(), {"owner": row.id, "wanted": batch}))
    found.sort(key=lambda line: line.id)
    return _gathered(connection, found, row)


def draw_templates(connection: Connection, collection: str, count: int) -> GalleryTemplates:
    """At most so many faces drawn at random; raises `NotFoundError`.

    Those behind faces that were deleted come up more often than others.
    """
    row = require(connection, collection)
    own = faces.c.collection_id == row.id
    first = connection.execute(select(faces.c.id).where(own).order_by(faces.c.id).limit(1)).scalar()
    if first is None:
        return _gathered(connection, [], row)
    last = newest_face(connection, row.id)
    next_one = select(faces.c.id).where(own, faces.c.id >= bindparam("key"))
    next_one = next_one.order_by(faces.c.id).limit(1)
    places = {first + secrets.randbelow(last - first + 1) for _ in range(count)}
    keys = {connection.execute(next_one, {"key": place}).scalar_one() for place in places}
    found = connection.execute(_templates().where(faces.c.id.in_(keys)))
    return _gathered(connection, sorted(found.all(), key=lambda line: line.id), row)


def templates_of_user(connection: Connection, collection: str, user: str) -> GalleryTemplates:
    """Those of one user, none if there is no such user; raises `NotFoundError`."""
    row = require(connection, collection)
    # a user's faces are of its own collection
    key = find_user_key(connection, row.id, user)
    if key is None:
        return _gathered(connection, [], row)
    query = _templates().where(faces.c.user_id == key).order_by(unindexed(faces.c.id))
    return _gathered(connection, connection.execute(query).all(), row)


def stream_changes(
    connection: Connection, row: Row[Any], since: int | None
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]]:
    """Faces of the row's collection in order of enrolment: keys, of users, times, templates.

    All of them, or those that are new or have another user since that revision. The key of no
    user is 0, times are microseconds since 1970. In portions.
    """
    owner_of = func.coalesce(faces.c.user_id, 0)
    sealed = faces.c.template, faces.c.sealing_key, faces.c.face_id
    columns = (faces.c.id, owner_of, faces.c.created_at, *sealed)
    query = select(*columns).where(faces.c.collection_id == row.id)
    if since is None:
        query = query.order_by(faces.c.id)
    else:
        # few as a rule, and to sort them takes less than to look for them in their order
        query = query.where(faces.c.revision > since).order_by(unindexed(faces.c.id))
    for lines in stream_rows(connection, query, _CHUNK):
        keys, owners, created, stored, numbers, ids = zip(*lines, strict=True)
        opened = open_templates(connection, RecordKind.FACE, row, ids, numbers, stored)
        there = [template for template in opened if template is not None]
        vectors = np.frombuffer(b"".join(there), "<f4").reshape(-1, row.dimension)
        told = np.array([keys, owners, _microseconds(created)], np.int64)
        if len(there) < len(lines):  # some have been deleted meanwhile
            told = told[:, [template is not None for template in opened]]
        yield told[0], told[1], told[2], vectors


def faces_present(connection: Connection, owner: int) -> NDArray[np.int64]:
    """The keys of all faces of the collection of this key."""
    query = select(faces.c.id).where(faces.c.collection_id == owner)
    return np.fromiter(connection.execute(query).scalars(), np.int64)


def stream_templates(
    connection: Connection,
    query: Select[Any],
    row: Row[Any],
    kind: RecordKind = RecordKind.SIGHTING,
) -> Iterator[tuple[Sequence[Row[Any]], NDArray[np.float32]]]:
    """The records of such a query in portions, each with its vectors as one matrix.

    All are in the present space of the row's collection.
    """
    with connection.execute(query, execution_options={"yield_per": _CHUNK}) as result:
        for chunk in result.partitions():
            yield _opened(connection, kind, row, chunk)


def _microseconds(times: Sequence[str]) -> NDArray[np.int64]:
    """Times as the tables keep them, in UTC, since 1970."""
    return np.array([time[:_NAIVE] for time in times], "datetime64[us]").astype(np.int64)


@cache
def _of_keys(dialect: str) -> Select[Any]:
    sealed = faces.c.sealing_key, faces.c.template, faces.c.collection_id
    query = select(faces.c.id, *sealed, collections.c.fingerprint, faces.c.face_id)
    return query.join_from(faces, collections).where(among_wanted(dialect, faces.c.id))


@cache
def _of_ids() -> Select[Any]:
    wanted: BindParameter[str] = bindparam("wanted", expanding=True)
    own = unindexed(faces.c.collection_id) == bindparam("owner")
    return _templates().where(own, faces.c.face_id.in_(wanted))


def _templates() -> Select[Any]:
    sealed = faces.c.template, faces.c.sealing_key
    query = select(*USER, faces.c.id, faces.c.face_id, *sealed)
    return query.outerjoin_from(faces, users, faces.c.user_id == users.c.id)


def _opened(
    connection: Connection, kind: RecordKind, row: Row[Any], rows: Sequence[Any]
) -> tuple[Sequence[Any], NDArray[np.float32]]:
    """Those that are still there, and their vectors."""
    found, templates = open_rows(connection, kind, row, rows)
    joined = np.frombuffer(b"".join(templates), "<f4")
    return found, joined.reshape(len(found), row.dimension)


def _gathered(
    connection: Connection, rows: Sequence[Row[Any]], collection: Row[Any]
) -> GalleryTemplates:
    found, vectors = _opened(connection, RecordKind.FACE, collection, rows)
    told = names_of_users(connection, found)
    return GalleryTemplates(
        space_of(collection),
        vectors,
        [row.id for row in found],
        [row.face_id for row in found],
        [name_in(told, row.user_subject_id) for row in found],
    )
