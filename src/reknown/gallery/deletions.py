"""Which faces were deleted lately, so that an index need not look at all that are left.

Triggers write it down, whoever deletes; a face is told by its key, which says nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from reknown.gallery.schema import deleted_faces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row

_REMEMBERED = 10_000


def faces_deleted(connection: Connection, row: Row[Any], since: int) -> Sequence[int] | None:
    """The keys of faces of the collection of this row that were deleted since that revision.

    None where that is too long ago to be told.
    """
    if since < row.revision - _REMEMBERED:
        return None
    own = deleted_faces.c.collection_id == row.id, deleted_faces.c.revision > since
    return connection.execute(select(deleted_faces.c.face).where(*own)).scalars().all()


def forget_deleted(connection: Connection, row: Row[Any]) -> None:
    """Forgets what was deleted long before the claimed row's revision."""
    old = deleted_faces.c.revision < row.revision - _REMEMBERED
    own = deleted_faces.c.collection_id == row.id
    connection.execute(delete(deleted_faces).where(own, old))
