"""What was done, read back from the ledger; names of people are looked up now."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import UNSET

from reknown.gallery.users import find_names
from reknown.ledger import log
from reknown.ledger.log import Choice, Event
from reknown.ledger.records import BackUpRecord
from reknown.ledger.subjects import subjects_of
from reknown.ledger.summary import summarise
from reknown.ledger.tree import read_head
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from reknown.services.context import Context
    from reknown.storage.database import Database

__all__ = [
    "Choice",
    "Event",
    "HistoryPage",
    "MadeBackup",
    "count_records",
    "last_backup",
    "list_backups",
    "read_history",
    "summarise",
]

_POLL_SECONDS = 0.5
_MOST_BACKUPS = 100
_BACKED_UP = Choice(operation=BackUpRecord.OPERATION)


@dataclass(frozen=True, slots=True)
class MadeBackup:
    """A backup as the ledger has it; name and size of the file are not known of older ones."""

    at: datetime
    actor: str
    taken_at: datetime
    file: str | None
    size: int | None
    master_key: bool


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Some events, oldest first, and the names of their subjects that are still known."""

    events: Sequence[Event]
    names: Mapping[str, str]


def read_history(
    context: Context, choice: Choice = Choice(), *, newest: int | None = None, follow: bool = False
) -> Iterator[HistoryPage]:
    """The events chosen page by page, oldest first, in constant memory.

    Only the `newest` of them if wanted; with `follow` it goes on with new ones as they come.
    """
    database, after = context.database, 0
    if newest is not None:
        with reading(database) as connection:
            after = log.newest(connection, choice, newest)
    if follow:
        pages = log.follow(database, choice, after, lambda: time.sleep(_POLL_SECONDS))
    else:
        pages = log.pages(database, choice, after)
    for events in pages:
        yield HistoryPage(events, _names(context, events))


def last_backup(database: Database) -> datetime | None:
    """When everything was last copied into a backup, None where the ledger knows of none."""
    with reading(database) as connection:
        found = log.read(connection, _BACKED_UP, log.newest(connection, _BACKED_UP, 1), 1)
    return found[0].at if found else None


def list_backups(database: Database) -> Sequence[MadeBackup]:
    """The newest backups that the ledger knows of, the newest first; 100 at most.

    Whether their files are still there, it does not say.
    """
    with reading(database) as connection:
        after = log.newest(connection, _BACKED_UP, _MOST_BACKUPS)
        found = log.read(connection, _BACKED_UP, after, _MOST_BACKUPS)
    records = ((event, event.record) for event in reversed(found))
    return [_made(event, each) for event, each in records if isinstance(each, BackUpRecord)]


def _made(event: Event, record: BackUpRecord) -> MadeBackup:
    file = None if record.file is UNSET else record.file
    size = None if record.size is UNSET else record.size
    return MadeBackup(event.at, event.actor, record.taken_at, file, size, record.master_key)


def count_records(database: Database) -> int:
    """How many records the ledger has had, those that have expired since among them."""
    with reading(database) as connection:
        return read_head(connection).size


def _names(context: Context, events: Sequence[Event]) -> Mapping[str, str]:
    subjects = {subject for event in events for subject in subjects_of(event.record)}
    if not subjects:
        return {}
    with reading(context.database) as connection:
        return find_names(connection, sorted(subjects))
