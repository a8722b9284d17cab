"""How long a collection keeps what, what was deleted for that last, and what is due next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from reknown.gallery import retention
from reknown.gallery.policies import policy_of
from reknown.jobs import queue
from reknown.ledger import expiry, log
from reknown.ledger.log import Choice
from reknown.ledger.records import (
    DeleteExpiredJobsRecord,
    ExpireRecordsRecord,
    PurgeFacesRecord,
    PurgeSightingsRecord,
)
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.ledger.records.parts import Record
    from reknown.services.context import Context
    from reknown.storage.database import Connection

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class KeptKind:
    """How long one kind of data is kept.

    `days` is None where nothing ends it, `due` says whether any of it goes within a day, `deleted`
    is when some was deleted last.
    """

    what: str
    days: int | None
    due: bool
    deleted: datetime | None


def read_keeping(context: Context, collection: str) -> Sequence[KeptKind]:
    """What the collection's policy says of each kind; raises `NotFoundError`."""
    soon = datetime.now(UTC) + _DAY
    with reading(context.database) as connection:
        policy = policy_of(connection, collection)

        def before(days: int) -> datetime:
            return soon - timedelta(days=days)

        def kind(what: str, days: int | None, record: type[Record], due: object) -> KeptKind:
            deleted = _last(connection, collection, record.OPERATION)
            return KeptKind(what, days, bool(due), deleted)

        faces, seen, ended, kept = (
            policy.keep_faces, policy.keep_sightings, policy.keep_jobs, policy.keep_records,
        )  # fmt: skip
        return (
            kind(
                "faces",
                faces,
                PurgeFacesRecord,
                faces and retention.faces_from_before(connection, collection, before(faces)),
            ),
            kind(
                "sightings",
                seen,
                PurgeSightingsRecord,
                seen and retention.has_sightings_from_before(connection, collection, before(seen)),
            ),
            kind(
                "searches of films",
                ended,
                DeleteExpiredJobsRecord,
                ended and queue.ended_before(connection, collection, before(ended)),
            ),
            kind(
                "records of the ledger",
                kept,
                ExpireRecordsRecord,
                kept and expiry.has_expired(connection, before(kept), collection),
            ),
        )


def _last(connection: Connection, collection: str, operation: str) -> datetime | None:
    choice = Choice(operation=operation, collection=collection)
    found = log.read(connection, choice, log.newest(connection, choice, 1), 1)
    return found[0].at if found else None
