"""Searches stopped and resumed, on one collection or all, for every server of the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.gallery import stops
from reknown.gallery.names import require_text
from reknown.ledger import log
from reknown.ledger.records import ResumeSearchesRecord, StopSearchesRecord
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reknown.services.context import Context


def stop_searches(context: Context, collection: str | None, reason: str) -> None:
    """From now on no search of the collection is answered; of any, where none is named.

    Raises `NotFoundError`, `InputError` for a reason that cannot be stored.
    """
    require_text("a reason", reason)
    with context.database.begin() as connection:
        stops.stop_searches(connection, collection, reason)
        log.append(connection, context.actor, collection, StopSearchesRecord(reason))


def resume_searches(context: Context, collection: str | None) -> bool:
    """Takes back the stop of that collection, or that of all; whether there was one."""
    with context.database.begin() as connection:
        stopped = stops.resume_searches(connection, collection)
        log.append(connection, context.actor, collection, ResumeSearchesRecord(stopped))
    return stopped


def list_stops(
    context: Context, visible: Callable[[str], bool] = lambda _: True
) -> Mapping[str | None, str]:
    """Why searches are stopped, by collection; that of all searches is None's."""
    with reading(context.database) as connection:
        found = stops.list_stops(connection)
    return {where: why for where, why in found.items() if where is None or visible(where)}
