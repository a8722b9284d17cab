from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reknown.biometrics.errors import AccessError, InputError, NotFoundError
from reknown.jobs.queue import State
from reknown.ledger.records import Failure, ListJobsRecord, StopJobRecord
from reknown.services.galleries.collections import create_collection
from reknown.services.galleries.pages import PageRequest
from reknown.services.videos.job_records import Task
from reknown.services.videos.stopping import list_jobs, stop_job
from reknown.services.videos.work import work
from unit.services.ledgers import events
from unit.services.videos.places import QUIET, analyst, objects, worker_context
from unit.services.videos.working import add_job, claim, notices, read, work_on_next

if TYPE_CHECKING:
    from reknown.services.context import Context
    from reknown.services.videos.work import WorkerContext
    from reknown.storage.database import Database
    from unit.services.videos.places import Analyst

__all__ = ["analyst", "objects", "worker_context"]


def _stop(context: Context, job_id: str) -> None:
    stop_job(context, job_id, lambda _: True)


def test_a_job_that_waits_is_ended_without_being_worked_on(
    worker_context: WorkerContext, context: Context, database: Database, analyst: Analyst
) -> None:
    job_id = add_job(database, Task.FACES, topic="arn:t")
    _stop(context, job_id)
    (event,) = events(database, "stop job")
    assert event.record == StopJobRecord(job_id)
    work_on_next(worker_context)
    job = read(context, Task.FACES, job_id).job
    assert (job.state, job.message) == (State.FAILED, f"stopped by {context.actor.name}")
    assert analyst.asked == []
    (event,) = events(database, "detect")
    assert event.record == Failure("detect", job_id, "JobStoppedError")
    # whoever waits for a notice gets one
    assert [body for _, _, body in notices(database)] == ["faces FAILED", "faces FAILED"]


def test_what_is_found_of_a_job_that_was_stopped_is_not_kept(
    worker_context: WorkerContext, context: Context, database: Database, analyst: Analyst
) -> None:
    job_id = add_job(database, Task.FACES)
    analyst.before = lambda: _stop(context, job_id)
    assert work(worker_context, claim(database), QUIET) is None
    assert events(database, "detect") == []
    work_on_next(worker_context)
    assert read(context, Task.FACES, job_id).job.state is State.FAILED


def test_stopping_twice_is_stopping_once(
    worker_context: WorkerContext, context: Context, database: Database
) -> None:
    job_id = add_job(database, Task.FACES)
    _stop(context, job_id)
    other = replace(context, actor=replace(context.actor, name="cli:late"))
    _stop(other, job_id)
    # both have asked for it, and each request has its record
    assert len(events(database, "stop job")) == 2
    work_on_next(worker_context)
    assert read(context, Task.FACES, job_id).job.message == f"stopped by {context.actor.name}"


def test_only_what_goes_on_can_be_stopped_and_by_those_who_may_see_it(
    worker_context: WorkerContext, context: Context, database: Database
) -> None:
    with pytest.raises(NotFoundError):
        _stop(context, "0" * 64)
    create_collection(context, "friends")
    hidden = add_job(database, Task.SEARCH, "friends", similarity=80.0)
    with pytest.raises(AccessError):
        stop_job(context, hidden, lambda name: name != "friends")
    work_on_next(worker_context)
    with pytest.raises(InputError, match="has ended"):
        _stop(context, hidden)
    assert events(database, "stop job") == []


def test_jobs_of_all_kinds_are_listed_the_newest_first(
    context: Context, database: Database
) -> None:
    create_collection(context, "friends")
    first = add_job(database, Task.FACES)
    second = add_job(database, Task.SEARCH, "friends", similarity=80.0)
    page = PageRequest(None, 10)
    assert [each.job_id for each in list_jobs(context, page).items] == [second, first]
    of_friends = list_jobs(context, page, collection="friends")
    assert [each.job_id for each in of_friends.items] == [second]
    assert [each.record for each in events(database, "list jobs")] == [
        ListJobsRecord(2),
        ListJobsRecord(1),
    ]
    with pytest.raises(NotFoundError, match="strangers"):
        list_jobs(context, page, collection="strangers")
