"""A collection's templates in memory, ready to be searched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import func, select

from reknown.biometrics.errors import NotFoundError
from reknown.biometrics.templates import Template
from reknown.gallery.collections import require, space_of
from reknown.gallery.schema import faces, users

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from sqlalchemy import Connection, Select

    from reknown.biometrics.templates import TemplateSpace

_CHUNK = 2000


@dataclass(frozen=True, slots=True, eq=False)
class GalleryTemplates:
    """References in order of enrolment, n of them.

    `vectors` (n, dimension) float32; `face_ids` and `users` of each, None for no user;
    `subjects` (n,) numbers the subjects from 0 in the order of their first reference, a
    reference without user being a subject of its own.
    """

    space: TemplateSpace
    vectors: NDArray[np.float32]
    face_ids: tuple[str, ...]
    users: tuple[str | None, ...]
    subjects: NDArray[np.intp]

    @property
    def subject_count(self) -> int:
        """How many subjects the references belong to."""
        return int(self.subjects.max(initial=-1)) + 1


def gather_templates(
    space: TemplateSpace,
    vectors: NDArray[np.float32],
    face_ids: Sequence[str],
    users: Sequence[str | None],
) -> GalleryTemplates:
    """Numbers the subjects of the references."""
    numbers: dict[str, int] = {}
    subjects = np.fromiter(
        (
            # a user and a face may have the same name
            numbers.setdefault(f"face {face_id}" if user is None else f"user {user}", len(numbers))
            for face_id, user in zip(face_ids, users, strict=True)
        ),
        np.intp,
        len(face_ids),
    )
    return GalleryTemplates(space, vectors, tuple(face_ids), tuple(users), subjects)


def load_templates(connection: Connection, collection: str) -> GalleryTemplates:
    """All templates of the collection, streamed into one matrix; raises `NotFoundError`."""
    row = require(connection, collection)
    own = faces.c.collection_id == row.id
    count = connection.execute(select(func.count()).select_from(faces).where(own)).scalar_one()
    vectors = np.empty((count, row.dimension), "<f4")
    face_ids: list[str] = []
    owners: list[str | None] = []
    # faces may come or go between two statements: never more than there is room for
    query = _templates().where(own).order_by(faces.c.id).limit(count)
    with connection.execute(query, execution_options={"yield_per": _CHUNK}) as result:
        for chunk in result.partitions():
            joined = np.frombuffer(b"".join(line.template for line in chunk), "<f4")
            start = len(face_ids)
            vectors[start : start + len(chunk)] = joined.reshape(len(chunk), row.dimension)
            face_ids.extend(line.face_id for line in chunk)
            owners.extend(line.name for line in chunk)
    return gather_templates(space_of(row), vectors[: len(face_ids)], face_ids, owners)


def get_template(connection: Connection, collection: str, face_id: str) -> Template:
    """The template of one face; raises `NotFoundError`."""
    row = require(connection, collection)
    query = _templates().where(faces.c.collection_id == row.id, faces.c.face_id == face_id)
    found = connection.execute(query).one_or_none()
    if found is None:
        raise NotFoundError(
            f"there is no face {face_id!r} in {collection!r}: list its faces to see them all"
        )
    return Template(np.frombuffer(found.template, "<f4"), space_of(row))


def revision(connection: Connection, collection: str) -> tuple[int, int]:
    """Equal as long as nothing in the collection has changed; raises `NotFoundError`."""
    row = require(connection, collection)
    return (row.id, row.revision)


def _templates() -> Select[Any]:
    query = select(faces.c.face_id, faces.c.template, users.c.name)
    return query.outerjoin_from(faces, users, faces.c.user_id == users.c.id)
