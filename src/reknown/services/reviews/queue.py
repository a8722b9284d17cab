"""The queue of cases: listed, and emptied of what has expired."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.gallery.collections import require
from reknown.ledger import log, records
from reknown.review import cases
from reknown.storage.clock import now
from reknown.storage.database import reading

if TYPE_CHECKING:
    from datetime import datetime

    from reknown.review.cases import ReviewCase
    from reknown.review.states import CaseState
    from reknown.services.context import Context
    from reknown.services.galleries.pages import PageRequest
    from reknown.storage.database import Connection
    from reknown.storage.paging import Page


def list_cases(
    context: Context, collection: str, page: PageRequest, state: CaseState | None = None
) -> Page[ReviewCase]:
    """A page of the cases, or of those in this state; raises `NotFoundError`."""
    with context.database.begin() as connection:
        purge_cases(connection, context, now(connection))
        owner = require(connection, collection).id
        found = cases.list_cases(connection, owner, page.after, page.limit, state)
        record = records.ListCasesRecord(len(found.items))
        log.append(connection, context.actor, collection, record)
    return found


def count_waiting(context: Context, collection: str) -> int:
    """How many cases of the collection wait for people; raises `NotFoundError`."""
    with reading(context.database) as connection:
        return cases.count_waiting(connection, require(connection, collection).id)


def purge_cases(connection: Connection, context: Context, moment: datetime) -> int:
    """Deletes the cases whose time is over, with a record if there are any; how many."""
    gone = cases.purge_cases(connection, moment)
    if gone:
        log.append(connection, context.actor, None, records.PurgeCasesRecord(tuple(gone)))
    return len(gone)
