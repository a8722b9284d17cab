"""What has been kept for as long as policies allow is deleted, some of it at a time.

The clock of a face is its enrolment, of a sighting and of a record the moment it was written,
of a job its end, of a consent the moment until which it was given. Several servers may do this at
once: each portion is found and deleted in a transaction that has claimed the collection, so it is
deleted and recorded once.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from reknown.biometrics.errors import DatabaseError, NotFoundError
from reknown.gallery import consents, faces, repeats, retention
from reknown.gallery.collections import claim
from reknown.gallery.policies import policy_of
from reknown.jobs import queue
from reknown.ledger import expiry, log
from reknown.ledger.records import (
    DeleteExpiredJobsRecord,
    PurgeFacesRecord,
    PurgeSightingsRecord,
)
from reknown.services.policies.consents import withdraw_ended
from reknown.services.reviews.queue import purge_cases
from reknown.storage import clock
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.services.context import Context
    from reknown.storage.database import Connection


@dataclass(frozen=True, slots=True)
class Swept:
    """How much was deleted of a collection; `people` are those whose consents had ended."""

    collection: str
    faces: int
    sightings: int
    jobs: int
    records: int
    people: int = 0

    @property
    def total(self) -> int:
        """All of it together."""
        return self.faces + self.sightings + self.jobs + self.records + self.people


@dataclass(frozen=True, slots=True)
class _Kind:
    """What is deleted after so many days: whether any is due, and `at_once` of it at the most."""

    days: int | None
    at_once: int
    due: Callable[[Connection, datetime], object]
    delete: Callable[[Connection, datetime], int]


def sweep(context: Context, now: datetime | None = None) -> list[Swept]:
    """Deletes what is over at `now`, by the database's clock unless told; how much of each.

    Raises `DatabaseError` for a policy that cannot be read, when all others have been followed.
    """
    with reading(context.database) as connection:
        moment = now or clock.now(connection)
        names = retention.collections_to_sweep(connection)
    with context.database.begin() as connection:
        purge_cases(connection, context, moment)
    _forget_searches(context, moment)
    swept, faults = [], []
    for name in names:
        try:
            with suppress(NotFoundError):  # deleted meanwhile, with all that it had
                swept.append(_sweep(context, name, moment))
        except DatabaseError as error:
            faults.append(error)
    swept += _sweep_deleted(context, moment)
    if faults:
        raise faults[0]
    return [each for each in swept if each.total]


def _forget_searches(context: Context, now: datetime) -> None:
    more = True
    while more:
        with context.database.begin() as connection:
            more = repeats.forget_searches(connection, now) == repeats.FORGOTTEN_AT_ONCE


def _sweep(context: Context, name: str, now: datetime) -> Swept:
    with reading(context.database) as connection:
        policy = policy_of(connection, name)
    counts = (
        _delete_due(context, name, now, kind)
        for kind in (
            _faces(context, name, policy.keep_faces),
            _sightings(context, name, policy.keep_sightings),
            _jobs(context, name, policy.keep_jobs),
            _records(context, name, policy.keep_records),
            _people(context, name),
        )
    )
    return Swept(name, *counts)


def _sweep_deleted(context: Context, now: datetime) -> list[Swept]:
    """Records of collections that are gone expire as their policies said."""
    with reading(context.database) as connection:
        gone = expiry.with_expired(connection, expiry.deleted_collections(connection), now)
    swept = []
    for each in gone:
        records = _records(context, each.name, each.days, each.deletion)
        count = _delete_due(context, None, now, records)
        swept.append(Swept(each.name, 0, 0, 0, count))
    return swept


def _delete_due(context: Context, name: str | None, now: datetime, kind: _Kind) -> int:
    if kind.days is None:
        return 0
    before, total, more = now - timedelta(days=kind.days), 0, True
    while more:
        with reading(context.database) as connection:
            if not kind.due(connection, before):
                break  # as a rule nothing is, and nobody has to wait for a lock
        with context.database.begin() as connection:
            if name is not None:
                claim(connection, name)
            count = kind.delete(connection, before)
        total, more = total + count, count >= kind.at_once
    return total


def _faces(context: Context, name: str, days: int | None) -> _Kind:
    def due(connection: Connection, before: datetime) -> object:
        return retention.faces_from_before(connection, name, before)

    def delete(connection: Connection, before: datetime) -> int:
        wanted = retention.faces_from_before(connection, name, before)
        gone = faces.delete_faces(connection, name, wanted)
        if gone:
            record = PurgeFacesRecord(tuple(sorted(gone)), days or 0)
            log.append(connection, context.actor, name, record)
        return len(gone)

    return _Kind(days, retention.AT_ONCE, due, delete)


def _sightings(context: Context, name: str, days: int | None) -> _Kind:
    def due(connection: Connection, before: datetime) -> object:
        return retention.has_sightings_from_before(connection, name, before)

    def delete(connection: Connection, before: datetime) -> int:
        gone = retention.delete_sightings_from_before(connection, name, before)
        if gone:
            log.append(connection, context.actor, name, PurgeSightingsRecord(tuple(gone)))
        return len(gone)

    return _Kind(days, retention.AT_ONCE, due, delete)


def _jobs(context: Context, name: str, days: int | None) -> _Kind:
    def due(connection: Connection, before: datetime) -> object:
        return queue.ended_before(connection, name, before)

    def delete(connection: Connection, before: datetime) -> int:
        count = queue.delete_ended_before(connection, name, before)
        if count:
            log.append(connection, context.actor, name, DeleteExpiredJobsRecord(count))
        return count

    return _Kind(days, queue.PURGED_AT_ONCE, due, delete)


def _people(context: Context, name: str) -> _Kind:
    def due(connection: Connection, now: datetime) -> object:
        return consents.people_to_erase(connection, name, now)

    def delete(connection: Connection, now: datetime) -> int:
        return withdraw_ended(connection, context, name, now)

    return _Kind(0, 1, due, delete)  # asked again until there is nobody left


def _records(context: Context, name: str, days: int | None, deletion: int | None = None) -> _Kind:
    def due(connection: Connection, before: datetime) -> object:
        return expiry.has_expired(connection, before, name, deletion)

    def delete(connection: Connection, before: datetime) -> int:
        return expiry.expire_records(connection, context.actor, before, name, deletion)

    return _Kind(days, expiry.AT_ONCE, due, delete)
