"""The queue of cases: listed, and emptied of what has expired."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.gallery.collections import require
from reknown.ledger import log, records
from reknown.review import cases

if TYPE_CHECKING:
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
        purge_cases(connection, context)
        owner = require(connection, collection).id
        found = cases.list_cases(connection, owner, page.after, page.limit, state)
        record = records.ListCasesRecord(len(found.items))
        log.append(connection, context.actor, collection, record)
    return found


def purge_cases(connection: Connection, context: Context) -> int:
    """Deletes the cases whose time is over, with a record if there are any; how many."""
    gone = cases.purge_cases(connection)
    if gone:
        log.append(connection, context.actor, None, records.PurgeCasesRecord(tuple(gone)))
    return len(gone)
