"""What an index holds, and what the database does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import func, select

from reknown.gallery.collections import require, space_of
from reknown.gallery.faces import faces_of_keys
from reknown.gallery.living import IndexView
from reknown.gallery.schema import faces, users
from reknown.gallery.sealed import RecordKind, open_rows
from reknown.gallery.vectors.slabs import Slab
from reknown.storage.database import reading

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sqlalchemy import Connection, Engine

    from reknown.gallery.cache import IndexCache


def state(view: IndexView) -> tuple[Any, ...]:
    """The key, the user's, the time and the codes of each reference, and how many there are."""
    rows: list[tuple[int, int, int, bytes]] = []
    for slab in view.slabs:
        for row in range(slab.rows):
            if slab.errors[row] >= 0:
                codes = slab.codes[row // 16, :, row % 16].tobytes()
                key, user, created = (
                    int(column[row]) for column in (slab.keys, slab.users, slab.created)
                )
                rows.append((key, user, created, codes))
    return view.space, rows, view.references, view.owned, view.users


def stored(connection: Connection, name: str) -> tuple[Any, ...]:
    """The same, of what the database holds."""
    row = require(connection, name)
    sealed = faces.c.template, faces.c.sealing_key, faces.c.face_id
    columns = select(faces.c.id, faces.c.user_id, *sealed, faces.c.created_at)
    columns = columns.order_by(faces.c.id)
    found = connection.execute(columns.where(faces.c.collection_id == row.id)).all()
    slab = Slab(row.dimension, max(1, len(found)))
    if found:
        _, templates = open_rows(connection, RecordKind.FACE, row, found)
        vectors = np.frombuffer(b"".join(templates), "<f4")
        keys, users = (np.array([face[n] or 0 for face in found], np.int64) for n in (0, 1))
        slab.append(
            keys, users, ticks([face.created_at for face in found]), vectors.reshape(len(found), -1)
        )
    owners = {face.user_id for face in found} - {None}
    owned = sum(face.user_id is not None for face in found)
    view = IndexView(space_of(row), (slab.view(0),), len(found), owned, len(owners))
    assert (row.face_count, row.user_count) == (len(found), count_of(connection, row.id))
    return state(view)


def ticks(times: list[str]) -> NDArray[np.int64]:
    """Microseconds since 1970."""
    since = (datetime.fromisoformat(time) - datetime(1970, 1, 1, tzinfo=UTC) for time in times)
    return np.array([each // timedelta(microseconds=1) for each in since], np.int64)


def count_of(connection: Connection, owner: int) -> int:
    query = select(func.count()).select_from(users).where(users.c.collection_id == owner)
    return int(connection.execute(query).scalar_one())


def ids(connection: Connection, name: str, view: IndexView) -> set[str]:
    keys = [key for key, *_ in state(view)[1]]
    return {face.face_id for face in faces_of_keys(connection, keys).values()}


def look(cache: IndexCache, engine: Engine, name: str) -> IndexView:
    """What the cache has, which is what the database has."""
    with reading(engine) as connection:
        found = cache.current(connection, name)
        assert state(found) == stored(connection, name)
    return found
