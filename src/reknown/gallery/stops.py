"""Where nobody searches for now, and why; an empty scope stands for all collections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, insert, select

from reknown.gallery.collections import require
from reknown.gallery.schema import search_stops
from reknown.storage.clock import now_text

if TYPE_CHECKING:
    from sqlalchemy import Connection

_EVERYWHERE = ""
# Made once: every search asks, and to build a statement takes longer than to run it.
_FIND = (
    select(search_stops.c.reason)
    .where(search_stops.c.scope.in_((bindparam("everywhere"), bindparam("wanted"))))
    .order_by(search_stops.c.scope)
    .limit(1)
)


def stop_searches(connection: Connection, collection: str | None, reason: str) -> None:
    """From this transaction on nobody searches the collection, or any; raises `NotFoundError`."""
    if collection is not None:
        require(connection, collection)
    resume_searches(connection, collection)
    values = {"scope": collection or _EVERYWHERE, "reason": reason, "stopped_at": now_text()}
    connection.execute(insert(search_stops).values(values))


def resume_searches(connection: Connection, collection: str | None) -> bool:
    """Takes back that stop alone; whether there was one."""
    own = search_stops.c.scope == (collection or _EVERYWHERE)
    return connection.execute(delete(search_stops).where(own)).rowcount > 0


def list_stops(connection: Connection) -> dict[str | None, str]:
    """Why, by the collections that are stopped; that of all searches is None's."""
    query = select(search_stops.c.scope, search_stops.c.reason).order_by(search_stops.c.scope)
    return {row.scope or None: row.reason for row in connection.execute(query)}


def stopped_because(connection: Connection, collection: str) -> str | None:
    """Why the collection is not searched now, None where it may be."""
    wanted = {"everywhere": _EVERYWHERE, "wanted": collection}
    reason: str | None = connection.execute(_FIND, wanted).scalar_one_or_none()
    return reason
