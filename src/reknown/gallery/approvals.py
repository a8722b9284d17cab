"""Approvals to search on: granted, used, withdrawn, and listed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import case, insert, select, update

from reknown.biometrics.errors import NotFoundError
from reknown.gallery.collections import require
from reknown.gallery.schema import search_approvals
from reknown.storage.clock import as_text, now
from reknown.storage.paging import Page, fetch_page
from reknown.storage.unindexed import unindexed

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row


@dataclass(frozen=True, slots=True)
class NewApproval:
    """So many more `searches` of the same by `searcher`, until `expires_at`, and why."""

    searcher: str
    searches: int
    expires_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval as it is kept. Times are in UTC."""

    approval_id: str
    searcher: str
    granted_by: str
    granted_at: datetime
    expires_at: datetime
    searches_left: int
    reason: str


def add_approval(
    connection: Connection, collection: str, new: NewApproval, granter: str
) -> Approval:
    """Stores an approval by this actor; raises `NotFoundError`."""
    values = {
        "approval_id": str(uuid4()),
        "collection_id": require(connection, collection).id,
        "searcher": new.searcher,
        "granted_by": granter,
        "granted_at": as_text(now(connection)),
        "expires_at": as_text(new.expires_at),
        "searches_left": new.searches,
        "reason": new.reason,
    }
    made = insert(search_approvals).values(values).returning(search_approvals)
    return _approval(connection.execute(made).one())


def use_approval(
    connection: Connection, collection: str, approval_id: str, searcher: str
) -> int | None:
    """Takes one search off it; how many are left, None where it does not hold for this one."""
    held = (
        search_approvals.c.approval_id == approval_id,
        unindexed(search_approvals.c.collection_id) == require(connection, collection).id,
        search_approvals.c.searcher == searcher,
        search_approvals.c.searches_left > 0,
        search_approvals.c.expires_at > as_text(now(connection)),
    )
    fewer = update(search_approvals).where(*held)
    fewer = fewer.values(searches_left=search_approvals.c.searches_left - 1)
    left = connection.execute(fewer.returning(search_approvals.c.searches_left))
    found: int | None = left.scalar_one_or_none()
    return found


def withdraw_approval(connection: Connection, collection: str, approval_id: str) -> Approval:
    """Ends an approval now, if it has not ended before; raises `NotFoundError`."""
    moment = as_text(now(connection))
    asked = (
        search_approvals.c.approval_id == approval_id,
        unindexed(search_approvals.c.collection_id) == require(connection, collection).id,
    )
    end = case(
        (search_approvals.c.expires_at < moment, search_approvals.c.expires_at), else_=moment
    )
    ended = update(search_approvals).where(*asked).values(expires_at=end)
    row = connection.execute(ended.returning(search_approvals)).one_or_none()
    if row is None:
        raise NotFoundError(
            f"{collection!r} has no approval {approval_id}: `reknown approvals list` shows all"
        )
    return _approval(row)


def list_approvals(
    connection: Connection, collection: str, after: str | None = None, limit: int = 1000
) -> Page[Approval]:
    """A page of a collection's approvals in the order of granting; raises `NotFoundError`."""
    own = search_approvals.c.collection_id == require(connection, collection).id
    query = select(search_approvals).where(own)
    return fetch_page(connection, query, search_approvals.c.id, after, limit, _approval)


def _approval(row: Row[Any]) -> Approval:
    return Approval(
        row.approval_id,
        row.searcher,
        row.granted_by,
        datetime.fromisoformat(row.granted_at),
        datetime.fromisoformat(row.expires_at),
        row.searches_left,
        row.reason,
    )
