"""The queue of video jobs: each is processed by one worker at a time and finished once.

A worker that claims a job holds a lease on it until a moment that can be put off. A lease that has
run out does not end by itself: it ends when somebody else claims the job, and until then its
holder may still finish. So a job is finished by exactly one holder, whatever dies when.

Every function takes the connection whose transaction it becomes part of.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import delete, func, insert, or_, select, text, update

from reknown.jobs.schema import jobs, notices, parts
from reknown.storage.clock import as_text, now
from reknown.storage.erasure import erase
from reknown.storage.paging import fetch_page
from reknown.storage.unindexed import unindexed
from reknown.structs import resolved

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Row, Select

    from reknown.storage.paging import Page

# https://docs.aws.amazon.com/rekognition/latest/dg/api-video.html
RETENTION = timedelta(days=7)
PURGED_AT_ONCE = 100
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(:actor, 0))"


class State(Enum):
    """Where a job is."""

    OPEN = "IN_PROGRESS"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class NewJob:
    """A request for a job; its `kind` says how to read `request`."""

    kind: str
    actor: str
    collection: str | None
    request: str


@dataclass(frozen=True, slots=True)
class JobProgress:
    """How far the work is: `done` of `total` in units of its own, 0 where that is not known."""

    done: int
    total: int
    since: datetime

    @property
    def share(self) -> float | None:
        """From 0 to 1; None as long as nobody can tell."""
        return min(self.done / self.total, 1.0) if self.total > 0 else None

    def left(self, moment: datetime) -> timedelta | None:
        """How long the rest takes if it goes on as it did until then; None if nobody can tell."""
        share = self.share
        return (moment - self.since) * ((1 - share) / share) if share else None


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it is stored; `key` is the database's own, `job_id` 64 hexadecimal digits.

    `message` is for people, `info` what is known of the video, None while the job is open.
    `claimed` says that a worker has taken it, `progress` how far that one is. An open job with a
    message is to be stopped for that reason.
    """

    key: int
    job_id: str
    kind: str
    actor: str
    collection: str | None
    request: str
    state: State
    message: str | None
    info: str | None
    created_at: datetime
    finished_at: datetime | None
    claimed: bool = False
    progress: JobProgress | None = None

    @property
    def stopping(self) -> bool:
        """Whether the next worker ends it instead of working on it."""
        return self.state is State.OPEN and self.message is not None


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to process a job; `attempt` counts from 1."""

    job: Job
    holder: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job ends."""

    state: State
    message: str | None = None
    info: str | None = None


def wait_for_turn(connection: Connection, actor: str) -> None:
    """Others who want to add jobs for the same actor wait until this transaction ends."""
    # SQLite has one writer at a time anyway
    if connection.dialect.name == "postgresql":
        connection.execute(text(_LOCK), {"actor": f"video jobs of {actor}"})


def add(connection: Connection, job: NewJob) -> str:
    """A new job at the end of the queue; its id."""
    moment = now(connection)
    values = {
        "job_id": secrets.token_hex(32),
        "kind": job.kind,
        "actor": job.actor,
        "collection": job.collection,
        "request": job.request,
        "state": State.OPEN.value,
        "created_at": as_text(moment),
        "expires_at": as_text(moment + RETENTION),
    }
    connection.execute(insert(jobs).values(values))
    return str(values["job_id"])


def find(connection: Connection, job_id: str) -> Job | None:
    """The job, None if there is none or its results have expired."""
    row = connection.execute(select(jobs).where(jobs.c.job_id == job_id)).one_or_none()
    if row is None:
        return None
    gone = row.finished_at is not None and row.expires_at <= as_text(now(connection))
    return None if gone else _job(row)


def list_newest(
    connection: Connection,
    kind: str | None,
    collection: str | None,
    after: str | None,
    limit: int,
) -> Page[Job]:
    """A page of the jobs of this kind on the collection, the newest first; None for any."""
    query = select(jobs).where(
        or_(jobs.c.finished_at.is_(None), jobs.c.expires_at > as_text(now(connection)))
    )
    if kind is not None:
        query = query.where(jobs.c.kind == kind)
    if collection is not None:
        query = query.where(jobs.c.collection == collection)
    return fetch_page(connection, query, jobs.c.id, after, limit, _job, newest_first=True)


def list_open(connection: Connection) -> list[Job]:
    """All that have not ended, of which there are few."""
    return [
        _job(row) for row in connection.execute(select(jobs).where(jobs.c.finished_at.is_(None)))
    ]


def count_open(connection: Connection, actor: str) -> int:
    """How many jobs of this actor have not ended."""
    query = select(func.count()).where(jobs.c.finished_at.is_(None), jobs.c.actor == actor)
    return int(connection.execute(query).scalar_one())


def count_by_state(connection: Connection) -> Mapping[State, int]:
    """How many jobs there are in each state, expired ones that are still stored included."""
    query = select(jobs.c.state, func.count().label("jobs")).group_by(jobs.c.state)
    found = {row.state: int(row.jobs) for row in connection.execute(query)}
    return {state: found.get(state.value, 0) for state in State}


def has_work(connection: Connection) -> bool:
    """Whether a job waits for a worker."""
    query = select(jobs.c.id).where(_claimable(connection)).limit(1)
    return connection.execute(query).one_or_none() is not None


def is_free(connection: Connection, job: Job) -> bool:
    """Whether the job waits for somebody, or for somebody else than who has claimed it."""
    query = select(jobs.c.id).where(jobs.c.id == job.key, _claimable(connection))
    return connection.execute(query).one_or_none() is not None


def claim(connection: Connection, lease_time: timedelta, kind: str | None = None) -> Lease | None:
    """The oldest job that no worker holds, or whose lease has run out; None if there is none.

    Of that kind, if it is given.
    """
    # few jobs are open, and many that have ended lie before them
    query = select(jobs).where(_claimable(connection)).order_by(unindexed(jobs.c.id)).limit(1)
    if kind is not None:
        query = query.where(unindexed(jobs.c.kind) == kind)
    row = connection.execute(query.with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return None
    holder = secrets.token_hex(16)
    values = {
        "lease": holder,
        "leased_until": as_text(now(connection) + lease_time),
        "attempts": row.attempts + 1,
    }
    connection.execute(update(jobs).where(jobs.c.id == row.id).values(values))
    return Lease(_job(row), holder, row.attempts + 1)


def renew(
    connection: Connection, lease: Lease, lease_time: timedelta, progress: JobProgress | None = None
) -> bool:
    """Puts off the end of the lease; False when somebody else has the job, or it is to be stopped.

    What is known of how far the work is stays with the job until it ends.
    """
    values = {"leased_until": as_text(now(connection) + lease_time)}
    if progress is not None:
        values["info"] = msgspec.json.encode(progress).decode()
    return _change(connection, lease, values)


def ask_to_stop(connection: Connection, job: Job, reason: str) -> bool:
    """Has an open job ended for that reason by whichever worker claims it next.

    Whoever works on it loses the lease, so that what it finds is not kept. False for one that has
    ended, or is to be stopped already.
    """
    values = {"message": reason, "lease": None, "leased_until": None}
    open_one = jobs.c.finished_at.is_(None) & jobs.c.message.is_(None)
    done = connection.execute(update(jobs).where((jobs.c.id == job.key) & open_one).values(values))
    return done.rowcount == 1


def release(connection: Connection, lease: Lease) -> bool:
    """Gives the job back as if it had not been claimed; False when it was taken over."""
    values = {"lease": None, "leased_until": None, "attempts": lease.attempt - 1}
    return _change(connection, lease, values)


def finish(connection: Connection, lease: Lease, ending: Ending) -> bool:
    """Ends the job; does nothing and is False unless the lease is still held.

    What else belongs to the end goes into the same transaction, which is to be rolled back
    on False.
    """
    moment = now(connection)
    values = {
        "state": ending.state.value,
        "message": ending.message,
        "info": ending.info,
        "lease": None,
        "leased_until": None,
        "finished_at": as_text(moment),
        "expires_at": as_text(moment + RETENTION),
    }
    return _change(connection, lease, values)


def purge(connection: Connection) -> int:
    """Deletes some jobs that have expired, with results and notices; how many."""
    moment = as_text(now(connection))
    expired = (
        select(jobs.c.id, jobs.c.job_id)
        .where(jobs.c.finished_at.is_not(None), jobs.c.expires_at <= moment)
        .order_by(jobs.c.expires_at)
        .limit(PURGED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    return _delete(connection, connection.execute(expired).all())


def has_expired(connection: Connection) -> bool:
    """Whether `purge` would find anything."""
    moment = as_text(now(connection))
    expired = jobs.c.finished_at.is_not(None) & (jobs.c.expires_at <= moment)
    # in this order nobody reads on where the first has not expired
    query = select(jobs.c.id).where(expired).order_by(jobs.c.expires_at).limit(1)
    return connection.execute(query).one_or_none() is not None


def ended_before(connection: Connection, collection: str, before: datetime) -> bool:
    """Whether a job that searched the collection ended before then."""
    return connection.execute(_ended(collection, before).limit(1)).one_or_none() is not None


def delete_ended_before(connection: Connection, collection: str, before: datetime) -> int:
    """Deletes some of them with results and notices; how many."""
    due = _ended(collection, before).limit(PURGED_AT_ONCE).with_for_update(skip_locked=True)
    return _delete(connection, connection.execute(due).all())


def _ended(collection: str, before: datetime) -> Select[Any]:
    ended = jobs.c.finished_at.is_not(None) & (jobs.c.finished_at < as_text(before))
    query = select(jobs.c.id, jobs.c.job_id).where(ended, jobs.c.collection == collection)
    return query.order_by(jobs.c.id)


def _delete(connection: Connection, rows: Sequence[Any]) -> int:
    if rows:
        own = notices.c.job_id.in_([row.job_id for row in rows])
        connection.execute(delete(notices).where(own))
        connection.execute(delete(jobs).where(jobs.c.id.in_([row.id for row in rows])))
        erase(connection, jobs, parts, notices)
    return len(rows)


def _claimable(connection: Connection) -> ColumnElement[bool]:
    free = or_(jobs.c.leased_until.is_(None), jobs.c.leased_until <= as_text(now(connection)))
    return jobs.c.finished_at.is_(None) & free


def _change(connection: Connection, lease: Lease, values: Mapping[str, Any]) -> bool:
    held = (jobs.c.id == lease.job.key) & (jobs.c.lease == lease.holder)
    return connection.execute(update(jobs).where(held).values(values)).rowcount == 1


def _job(row: Row[Any]) -> Job:
    ended = row.finished_at is not None
    return Job(
        key=row.id,
        job_id=row.job_id,
        kind=row.kind,
        actor=row.actor,
        collection=row.collection,
        request=row.request,
        state=State(row.state),
        message=row.message,
        info=row.info if ended else None,
        created_at=datetime.fromisoformat(row.created_at),
        finished_at=row.finished_at and datetime.fromisoformat(row.finished_at),
        claimed=row.lease is not None,
        progress=None if ended or row.info is None else _progress(row.info),
    )


def _progress(text: str) -> JobProgress:
    return msgspec.json.decode(text, type=resolved(JobProgress))
