"""Jobs of all kinds, whoever started them: seen on their way, and stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.errors import AccessError, InputError, NotFoundError
from reknown.gallery.collections import require
from reknown.jobs import queue
from reknown.jobs.queue import Job, JobProgress, State
from reknown.ledger import log
from reknown.ledger.records import ListJobsRecord, StopJobRecord
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.services.context import Context
    from reknown.services.galleries.pages import PageRequest
    from reknown.storage.paging import Page

__all__ = ["Job", "JobProgress", "State", "list_jobs", "see_job", "stop_job"]

_ABSENT = "there is no such job: `reknown jobs list` shows those there are"


def list_jobs(
    context: Context, page: PageRequest, kind: str | None = None, collection: str | None = None
) -> Page[Job]:
    """A page of the jobs of this kind on this collection, the newest first; None for any.

    Raises `NotFoundError` for the collection.
    """
    with context.database.begin() as connection:
        if collection is not None:
            require(connection, collection)
        found = queue.list_newest(connection, kind, collection, page.after, page.limit)
        log.append(connection, context.actor, collection, ListJobsRecord(len(found.items)))
    return found


def see_job(context: Context, job_id: str, collection: str, kind: str) -> Job:
    """A job of that kind on this collection, without what it has found; raises `NotFoundError`."""
    with reading(context.database) as connection:
        job = queue.find(connection, job_id)
    if job is None or (job.collection, job.kind) != (collection, kind):
        raise NotFoundError(_ABSENT)
    return job


def stop_job(context: Context, job_id: str, permitted: Callable[[str], bool]) -> Job:
    """Has a job ended that has not ended; it fails with the name of who stopped it.

    The next free worker writes that down, so that whoever waits for a notice gets it.
    `permitted` says whether a collection may be seen. Raises `NotFoundError`, `AccessError`, and
    `InputError` for a job that has ended.
    """
    with context.database.begin() as connection:
        job = queue.find(connection, job_id)
        if job is None:
            raise NotFoundError(_ABSENT)
        if job.collection is not None and not permitted(job.collection):
            raise AccessError("you may not see the collection of this job: ask an operator")
        asked = job.stopping or queue.ask_to_stop(
            connection, job, f"stopped by {context.actor.name}"
        )
        if not asked:
            raise InputError("this job has ended: there is nothing to stop")
        log.append(connection, context.actor, job.collection, StopJobRecord(job.job_id))
    return job
