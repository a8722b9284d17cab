"""Who may review: added, trained again, removed, listed. Every change is in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.ledger import log, records
from reknown.review import reviewers

if TYPE_CHECKING:
    from reknown.review.reviewers import Reviewer
    from reknown.services.context import Context


def add_reviewer(context: Context, reviewer: Reviewer) -> None:
    """From now on they may review; raises `AlreadyExistsError`."""
    with context.database.begin() as connection:
        reviewers.add_reviewer(connection, reviewer)
        record = records.AddReviewerRecord(
            reviewer.actor, reviewer.trained_until, reviewer.collections
        )
        log.append(connection, context.actor, None, record)


def renew_reviewer(context: Context, reviewer: Reviewer) -> None:
    """They were trained again; raises `NotFoundError`."""
    with context.database.begin() as connection:
        reviewers.renew_reviewer(connection, reviewer)
        record = records.RenewReviewerRecord(
            reviewer.actor, reviewer.trained_until, reviewer.collections
        )
        log.append(connection, context.actor, None, record)


def remove_reviewer(context: Context, actor: str) -> None:
    """They may review no more; what they have said stays. Raises `NotFoundError`."""
    with context.database.begin() as connection:
        reviewers.remove_reviewer(connection, actor)
        log.append(connection, context.actor, None, records.RemoveReviewerRecord(actor))


def list_reviewers(context: Context) -> list[Reviewer]:
    """All of them, also those whose training is over."""
    with context.database.begin() as connection:
        found = reviewers.list_reviewers(connection)
        log.append(connection, context.actor, None, records.ListReviewersRecord(len(found)))
    return found
