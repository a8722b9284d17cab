"""Approvals of repeated searches: granted to others, withdrawn, and read. All is in the ledger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from reknown.biometrics.errors import AccessError, InputError
from reknown.biometrics.policy import is_actor, require_approval
from reknown.gallery import approvals
from reknown.gallery.approvals import Approval, NewApproval
from reknown.gallery.names import require_text
from reknown.ledger import log
from reknown.ledger.records import (
    GrantApprovalRecord,
    ListApprovalsRecord,
    WithdrawApprovalRecord,
)
from reknown.services.access import same_holder

if TYPE_CHECKING:
    from reknown.services.context import Context
    from reknown.services.galleries.pages import PageRequest
    from reknown.storage.paging import Page

__all__ = [
    "Approval",
    "NewApproval",
    "approval_for",
    "grant_approval",
    "list_approvals",
    "withdraw_approval",
]

MOST_SEARCHES = 1000
MOST_DAYS = 365


def approval_for(searcher: str, reason: str, searches: int = 1, days: int = 7) -> NewApproval:
    """So many searches by this actor in the next days; raises `InputError`."""
    if not is_actor(searcher):
        raise InputError(
            f"{searcher!r} searches nothing: name an account as the ledger does (cli:ada), or an "
            "access key (key:RK...)"
        )
    require_text("a reason", reason)
    if not 1 <= searches <= MOST_SEARCHES:
        raise InputError(f"approve of 1 to {MOST_SEARCHES:,} searches, not {searches}")
    if not 1 <= days <= MOST_DAYS:
        raise InputError(f"approve of searches for 1 to {MOST_DAYS} days, not {days}")
    return NewApproval(searcher, searches, datetime.now(UTC) + timedelta(days=days), reason)


def grant_approval(context: Context, collection: str, new: NewApproval) -> Approval:
    """Lets somebody search on; raises `NotFoundError`, `AccessError` for one's own searches."""
    if same_holder(context.database, new.searcher, context.actor.name):
        raise AccessError("nobody approves of their own searches: ask somebody else")
    with context.database.begin() as connection:
        made = approvals.add_approval(connection, collection, new, context.actor.name)
        record = GrantApprovalRecord(
            made.approval_id, made.searcher, made.searches_left, made.expires_at, made.reason
        )
        log.append(connection, context.actor, collection, record)
    return made


def withdraw_approval(context: Context, collection: str, approval_id: str) -> Approval:
    """Ends an approval before its time; raises `InputError`, `NotFoundError`."""
    require_approval("an approval to withdraw", approval_id)
    with context.database.begin() as connection:
        ended = approvals.withdraw_approval(connection, collection, approval_id)
        record = WithdrawApprovalRecord(ended.approval_id, ended.searches_left)
        log.append(connection, context.actor, collection, record)
    return ended


def list_approvals(context: Context, collection: str, page: PageRequest) -> Page[Approval]:
    """A page of the collection's approvals, also of those used up; raises `NotFoundError`."""
    with context.database.begin() as connection:
        found = approvals.list_approvals(connection, collection, page.after, page.limit)
        record = ListApprovalsRecord(len(found.items))
        log.append(connection, context.actor, collection, record)
    return found
