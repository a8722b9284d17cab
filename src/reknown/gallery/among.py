"""The faces that a search is limited to, looked up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import bindparam, select

from reknown.biometrics.errors import InputError
from reknown.gallery.collections import require
from reknown.gallery.schema import faces, users
from reknown.gallery.users import keys_of_users
from reknown.gallery.vectors.choosing import RowChoice
from reknown.storage.paging import batches
from reknown.storage.rows import among
from reknown.storage.unindexed import unindexed

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray
    from sqlalchemy import BindParameter, Connection, Select

    from reknown.biometrics.among import Among

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, eq=False)
class SearchLimits:
    """The faces of an `Among`, and the subject ids of its users, None without a limit."""

    choice: RowChoice
    subject_ids: frozenset[str] | None = None


def find_limits(connection: Connection, collection: str, wish: Among) -> SearchLimits:
    """Looks up users and faces, in a time that depends on them alone.

    Raises `NotFoundError` for the collection or a user, `InputError` for an unknown face.
    """
    owner = require(connection, collection).id
    keys, subject_ids = None, None
    if wish.users is not None:
        keys, subject_ids = _of_users(connection, collection, wish.users)
    if wish.face_ids is not None:
        named = _of_ids(connection, collection, owner, set(wish.face_ids))
        keys = named if keys is None else np.intersect1d(keys, named, assume_unique=True)
    return SearchLimits(RowChoice(keys, _ticks(wish.since), _ticks(wish.until)), subject_ids)


def _of_users(
    connection: Connection, collection: str, names: Collection[str]
) -> tuple[NDArray[np.int64], frozenset[str]]:
    keys: list[int] = []
    subject_ids: set[str] = set()
    for batch in batches(keys_of_users(connection, collection, names).values()):
        wanted = {"wanted": batch}
        subject_ids.update(connection.execute(_subjects(), wanted).scalars())
        # a user's faces are of its own collection
        keys.extend(connection.execute(_faces_of(), wanted).scalars())
    return _sorted(keys), frozenset(subject_ids)


def _of_ids(
    connection: Connection, collection: str, owner: int, face_ids: set[str]
) -> NDArray[np.int64]:
    query = select(faces.c.face_id, faces.c.id).where(unindexed(faces.c.collection_id) == owner)
    found = connection.execute(query.where(among(connection, faces.c.face_id, face_ids))).all()
    if len(found) < len(face_ids):
        missing = face_ids - {face_id for face_id, _ in found}
        raise InputError(
            f"{len(missing):,} of {len(face_ids):,} face ids are not in {collection!r}, such as "
            f"{min(missing)!r}: leave them out"
        )
    return _sorted([key for _, key in found])


def _sorted(keys: list[int]) -> NDArray[np.int64]:
    return np.sort(np.array(keys, np.int64))


def _ticks(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _EPOCH) // _TICK


@cache
def _subjects() -> Select[Any]:
    wanted: BindParameter[int] = bindparam("wanted", expanding=True)
    return select(users.c.subject_id).where(users.c.id.in_(wanted))


@cache
def _faces_of() -> Select[Any]:
    wanted: BindParameter[int] = bindparam("wanted", expanding=True)
    return select(faces.c.id).where(faces.c.user_id.in_(wanted))
