"""What a collection has kept for longer than it may, some of it at a time.

Keys ascend with time, so that only the oldest rows are read, however many there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, or_, select

from reknown.gallery.collections import require
from reknown.gallery.media import delete_chosen
from reknown.gallery.schema import collections, consents, faces, policies, sightings
from reknown.storage.clock import as_text

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Table

AT_ONCE = 500


def collections_to_sweep(connection: Connection) -> list[str]:
    """The names of the collections with rules of their own, or with consents that end."""
    ending = exists().where(
        consents.c.collection_id == collections.c.id, consents.c.expires_at.is_not(None)
    )
    ruled = exists().where(policies.c.collection == collections.c.id)
    query = select(collections.c.name).where(or_(ruled, ending)).order_by(collections.c.id)
    return list(connection.execute(query).scalars())


def faces_from_before(connection: Connection, collection: str, moment: datetime) -> list[str]:
    """The ids of some faces that were enrolled before then; raises `NotFoundError`."""
    rows = _oldest(connection, faces, "face_id", collection)
    return [name for _, name, at in rows if at < as_text(moment)]


def has_sightings_from_before(connection: Connection, collection: str, moment: datetime) -> bool:
    """Whether any sighting was kept before then; raises `NotFoundError`."""
    rows = _oldest(connection, sightings, "sighting_id", collection)
    return any(at < as_text(moment) for _, _, at in rows)


def delete_sightings_from_before(
    connection: Connection, collection: str, moment: datetime
) -> list[str]:
    """Deletes some of them; their ids. Raises `NotFoundError`."""
    rows = _oldest(connection, sightings, "sighting_id", collection)
    keys = [key for key, _, at in rows if at < as_text(moment)]
    return sorted(delete_chosen(connection, select(sightings.c.id).where(sightings.c.id.in_(keys))))


def _oldest(
    connection: Connection, table: Table, name: str, collection: str
) -> list[tuple[int, str, str]]:
    own = table.c.collection_id == require(connection, collection).id
    query = select(table.c.id, table.c[name], table.c.created_at).where(own)
    rows = connection.execute(query.order_by(table.c.id).limit(AT_ONCE))
    return [(row[0], row[1], row[2]) for row in rows]
