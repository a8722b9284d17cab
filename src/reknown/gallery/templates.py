"""A collection's templates, ready to be searched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import func, select

from reknown.gallery.collections import require, space_of
from reknown.gallery.schema import faces, users
from reknown.gallery.subjects import SubjectRoll
from reknown.gallery.users import spelled, user_key
from reknown.storage.paging import batches
from reknown.storage.unindexed import unindexed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray
    from sqlalchemy import Connection, Row, Select

    from reknown.biometrics.templates import TemplateSpace

_CHUNK = 2000


@dataclass(frozen=True, eq=False)
class GalleryTemplates:
    """References in order of enrolment, n of them.

    `vectors` (n, dimension) float32; `face_ids` and `users` of each, None for no user.
    `subjects` (n,) numbers the subject of each: a reference without user is one of its own.
    There are `subject_count` subjects, and `owned` users with so many of the references.
    """

    space: TemplateSpace
    vectors: NDArray[np.float32]
    face_ids: Sequence[str]
    users: Sequence[str | None]
    subjects: NDArray[np.int64]
    subject_count: int
    owned: tuple[int, int]

    @classmethod
    def of(
        cls,
        space: TemplateSpace,
        vectors: NDArray[np.float32],
        face_ids: Sequence[str],
        users: Sequence[str | None],
    ) -> GalleryTemplates:
        """The same with its subjects numbered from 0 in the order of enrolment."""
        roll = SubjectRoll()
        subjects = np.fromiter(map(roll.add, users), np.int64, len(users))
        return cls(space, vectors, face_ids, users, subjects, roll.count, roll.owned)


def load_templates(connection: Connection, collection: str) -> GalleryTemplates:
    """All templates of the collection, streamed into one matrix; raises `NotFoundError`."""
    row = require(connection, collection)
    count = count_templates(connection, row.id)
    vectors = np.empty((count, row.dimension), "<f4")
    face_ids: list[str] = []
    owners: list[str | None] = []
    # faces may come or go between two statements: never more than there is room for
    query = select_templates(row.id).limit(count)
    for lines, part in stream_templates(connection, query, row.dimension):
        vectors[len(face_ids) : len(face_ids) + len(lines)] = part
        face_ids.extend(line.face_id for line in lines)
        owners.extend(line.user_name for line in lines)
    return GalleryTemplates.of(space_of(row), vectors[: len(face_ids)], face_ids, owners)


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


def templates_of_user(connection: Connection, collection: str, user: str) -> GalleryTemplates:
    """Those of one user, none if there is no such user; raises `NotFoundError`."""
    row = require(connection, collection)
    # a user's faces are of its own collection
    key = user_key(row.id, spelled(connection, row.id, user))
    own = faces.c.user_id == key.scalar_subquery()
    query = _templates().where(own).order_by(unindexed(faces.c.id))
    return _gathered(connection.execute(query).all(), space_of(row))


def count_templates(connection: Connection, owner: int) -> int:
    """How many there are in the collection of this key."""
    query = select(func.count()).select_from(faces).where(faces.c.collection_id == owner)
    return int(connection.execute(query).scalar_one())


def select_templates(owner: int, since: int | None = None) -> Select[Any]:
    """The rows of a collection's templates in order of enrolment, each with its user's name.

    All of them, or those that have changed since that revision.
    """
    query = _templates().where(faces.c.collection_id == owner)
    if since is None:
        return query.order_by(faces.c.id)
    # few as a rule, and to sort them takes less than to look for them in their order
    return query.where(faces.c.revision > since).order_by(unindexed(faces.c.id))


def stream_templates(
    connection: Connection, query: Select[Any], dimension: int
) -> Iterator[tuple[Sequence[Row[Any]], NDArray[np.float32]]]:
    """The rows of such a query in portions, each with its vectors as one matrix."""
    with connection.execute(query, execution_options={"yield_per": _CHUNK}) as result:
        for chunk in result.partitions():
            yield chunk, _matrix(chunk, dimension)


def _templates() -> Select[Any]:
    query = select(faces.c.id, faces.c.face_id, faces.c.template, users.c.name.label("user_name"))
    return query.outerjoin_from(faces, users, faces.c.user_id == users.c.id)


def _matrix(rows: Sequence[Row[Any]], dimension: int) -> NDArray[np.float32]:
    joined = np.frombuffer(b"".join(row.template for row in rows), "<f4")
    return joined.reshape(len(rows), dimension)


def _gathered(rows: Sequence[Row[Any]], space: TemplateSpace) -> GalleryTemplates:
    return GalleryTemplates.of(
        space,
        _matrix(rows, space.dimension),
        [row.face_id for row in rows],
        [row.user_name for row in rows],
    )
