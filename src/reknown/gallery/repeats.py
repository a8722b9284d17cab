"""How often the same was searched for: the same probe, or the same person among what was found.

A target is a digest or an opaque id; neither names nor templates are kept here.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select

from reknown.gallery.collections import require
from reknown.gallery.schema import search_targets
from reknown.storage.clock import as_text
from reknown.storage.paging import batches

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection

FORGOTTEN_AT_ONCE = 5000


def lock_counts(connection: Connection, collection: str) -> None:
    """Others who count searches of the collection wait until this transaction ends.

    SQLite has one writer at a time anyway.
    """
    if connection.dialect.name == "postgresql":
        name = func.hashtextextended(f"searches of {collection}", 0)
        connection.execute(select(func.pg_advisory_xact_lock(name)))


def reached(
    connection: Connection, collection: str, targets: Collection[str], since: datetime, most: int
) -> bool:
    """Whether one of these was searched for so often after `since`; raises `NotFoundError`."""
    owner = require(connection, collection).id
    for batch in batches(targets):
        query = (
            select(search_targets.c.target)
            .where(
                search_targets.c.collection_id == owner,
                search_targets.c.target.in_(batch),
                search_targets.c.searched_at > as_text(since),
            )
            .group_by(search_targets.c.target)
            .having(func.count() >= most)
            .limit(1)
        )
        if connection.execute(query).one_or_none() is not None:
            return True
    return False


def count_search(
    connection: Connection, collection: str, targets: Collection[str], at: datetime, days: int
) -> None:
    """One more search of each of these, to be forgotten after so many days."""
    owner = require(connection, collection).id
    times = {"searched_at": as_text(at), "expires_at": as_text(at + timedelta(days=days))}
    rows = [{"collection_id": owner, "target": target, **times} for target in set(targets)]
    if rows:
        connection.execute(insert(search_targets), rows)


def forget_searches(connection: Connection, now: datetime) -> int:
    """Deletes what counts no more, some of it; how much."""
    over = (
        select(search_targets.c.id)
        .where(search_targets.c.expires_at <= as_text(now))
        .order_by(search_targets.c.expires_at)
        .limit(FORGOTTEN_AT_ONCE)
    )
    return connection.execute(delete(search_targets).where(search_targets.c.id.in_(over))).rowcount
