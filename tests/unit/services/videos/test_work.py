from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from reknown.biometrics.errors import AccessError, DatabaseError, InvalidVideoError, ModelFileError
from reknown.biometrics.templates import TemplateSpace
from reknown.jobs.queue import State
from reknown.ledger.records import DetectRecord, Failure, RefuseSearchRecord
from reknown.services.galleries.collections import delete_collection
from reknown.services.policies.stops import stop_searches
from reknown.services.videos.job_records import BY_PERSON, Task
from reknown.services.videos.leases import LeaseLostError
from reknown.services.videos.work import MAX_ATTEMPTS, work
from unit.services.ledgers import events
from unit.services.videos.places import QUIET, analyst, objects, worker_context
from unit.services.videos.working import (
    ADA,
    VIDEO,
    add_job,
    claim,
    notices,
    read,
    vector,
    work_on_next,
)
from video_findings import INFO, analysis, track

if TYPE_CHECKING:
    from reknown.services.context import Context
    from reknown.services.videos.work import WorkerContext
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine
    from unit.services.videos.places import Analyst, Objects

__all__ = ["analyst", "objects", "worker_context"]


def test_faces_come_by_time(
    worker_context: WorkerContext,
    context: Context,
    database: Database,
    analyst: Analyst,
    engine: Engine,
) -> None:
    tracks = (
        track(0, [0, 400, 800], [vector(engine, 0)]),
        track(1, [200, 400, 600], [vector(engine, 1)]),
    )
    analyst.answer = analysis(engine.space, *tracks)
    job_id = add_job(database, Task.FACES, request_id="the request")
    outcome = work_on_next(worker_context)
    assert (outcome.ending.state, outcome.tracks, outcome.trouble) == (State.SUCCEEDED, 2, None)
    found = read(context, Task.FACES, job_id)
    assert [(seen.time_ms, seen.person) for seen in found.entries] == [
        (0, 0),
        (200, 1),
        (400, 0),
        (400, 1),
        (600, 1),
        (800, 0),
    ]
    assert found.entries[0].face == tracks[0].observations[0].face
    assert found.info is not None
    assert found.info.video == INFO
    assert not found.matches
    assert analyst.asked == ["opencv"]
    (event,) = events(database, "detect")
    assert (event.actor, event.request_id, event.collection) == (ADA, "the request", None)
    assert event.record == DetectRecord(VIDEO, "video", "opencv", 2, job_id)


def test_people_come_by_time_or_one_after_the_other(
    worker_context: WorkerContext,
    context: Context,
    database: Database,
    analyst: Analyst,
    engine: Engine,
) -> None:
    one, two = (track(n, [0, 400], [vector(engine, n)]) for n in (1, 0))
    dim = replace(one.observations[0].face, confidence=0.5)
    one = replace(one, observations=(replace(one.observations[0], face=dim), one.observations[1]))
    analyst.answer = analysis(engine.space, one, two)
    job_id = add_job(database, Task.PERSONS)
    work_on_next(worker_context)
    by_person = read(context, Task.PERSONS, job_id, BY_PERSON).entries
    assert [(seen.person, seen.time_ms) for seen in by_person] == [
        (0, 0),
        (0, 400),
        (1, 400),
        (1, 0),
    ]
    assert len(read(context, Task.PERSONS, job_id).entries) == 4


def test_warnings_are_told_although_it_succeeded(
    worker_context: WorkerContext,
    context: Context,
    database: Database,
    analyst: Analyst,
    engine: Engine,
) -> None:
    analyst.answer = analysis(engine.space, warnings=("broken at 3 s", "and\0 at 5 s"))
    job_id = add_job(database, Task.FACES)
    work_on_next(worker_context)
    job = read(context, Task.FACES, job_id).job
    assert (job.state, job.message) == (State.SUCCEEDED, "broken at 3 s; and at 5 s")


class _Private_Error(Exception):  # noqa: N801 - the ledger takes letters and digits alone
    """As libraries call them that did not mean anybody to see them."""


@pytest.mark.parametrize(
    ("error", "message", "trouble"),
    [
        (InvalidVideoError("not a video: give another"), "not a video: give another", False),
        (ModelFileError("/srv/cache/x is damaged"), "Something failed on the server", True),
        (ZeroDivisionError("/srv/secret"), "Something failed on the server", True),
        (_Private_Error("/srv/secret"), "Something failed on the server", True),
        (AccessError("/srv/secret"), "Something failed on the server", True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_failure_ends_the_job_and_tells_what_concerns_the_caller(
    worker_context: WorkerContext,
    context: Context,
    database: Database,
    analyst: Analyst,
    error: Exception,
    message: str,
    trouble: bool,
) -> None:
    analyst.answer = error
    job_id = add_job(database, Task.FACES)
    assert work_on_next(worker_context).trouble is (error if trouble else None)
    job = read(context, Task.FACES, job_id).job
    assert job.state is State.FAILED
    assert job.message is not None
    assert job.message.startswith(message)
    assert "/srv" not in job.message
    (event,) = events(database, "detect")
    name = type(error).__name__.replace("_", "")
    assert (event.actor, event.kind) == (ADA, "failed")
    assert event.record == Failure("detect", job_id, name)
    assert notices(database) == [("webhook", "", "faces FAILED")]


def test_a_job_may_lose_its_video_its_collection_or_its_space(
    worker_context: WorkerContext,
    context: Context,
    database: Database,
    objects: Objects,
    analyst: Analyst,
    collection: str,
) -> None:
    jobs = [add_job(database, Task.SEARCH, collection, similarity=80.0) for _ in range(3)]
    analyst.answer = analysis(TemplateSpace("other", "cd" * 32, 4))
    work_on_next(worker_context)
    objects.sizes.clear()
    work_on_next(worker_context)
    delete_collection(context, collection)
    work_on_next(worker_context)
    messages = [read(context, Task.SEARCH, job_id).job.message for job_id in jobs]
    assert all(messages)
    assert "cannot be compared" in (messages[0] or "")
    assert "no such object" in (messages[1] or "")
    assert messages[2] == f"The collection id: {collection} does not exist"
    failures = events(database, "identify")
    assert {event.collection for event in failures} == {collection}
    names = ("SpaceMismatchError", "ObjectNotFoundError", "CollectionNotFoundError")
    assert [event.record for event in failures] == [
        Failure("identify", job_id, name) for job_id, name in zip(jobs, names, strict=True)
    ]


def test_a_job_whose_search_is_refused_is_one_record(
    worker_context: WorkerContext,
    context: Context,
    database: Database,
    analyst: Analyst,
    engine: Engine,
    collection: str,
) -> None:
    analyst.answer = analysis(engine.space, track(0, [0], [vector(engine, 0)]))
    job_id = add_job(database, Task.SEARCH, collection, similarity=80.0, request_id="the request")
    stop_searches(context, collection, "under review")
    before = len(events(database))
    assert work_on_next(worker_context).ending.state is State.FAILED
    (event,) = events(database)[before:]
    assert event.record == RefuseSearchRecord("SearchesStopped", job_id)
    assert (event.actor, event.request_id, event.collection) == (ADA, "the request", collection)
    assert "under review" in (read(context, Task.SEARCH, job_id).job.message or "")


def test_topics_are_told_in_the_same_transaction(
    worker_context: WorkerContext, database: Database
) -> None:
    add_job(database, Task.FACES, topic="arn:aws:sns:x:000000000000:t")
    work_on_next(worker_context)
    assert sorted(notices(database)) == [
        ("sns", "arn:aws:sns:x:000000000000:t", "faces SUCCEEDED"),
        ("webhook", "", "faces SUCCEEDED"),
    ]


def test_whoever_lost_the_lease_writes_nothing(
    worker_context: WorkerContext,
    context: Context,
    database: Database,
    analyst: Analyst,
    engine: Engine,
) -> None:
    job_id = add_job(database, Task.FACES)
    late = claim(database, timedelta(0))
    # while the first one is at work, another takes over and finishes
    other: list[object] = []

    def take_over() -> None:
        analyst.before = lambda: None
        analyst.answer = analysis(engine.space, track(0, [7], [vector(engine, 0)]))
        other.append(work_on_next(worker_context))

    analyst.before = take_over
    assert work(worker_context, late, QUIET) is None
    assert len(other) == 1
    assert [seen.time_ms for seen in read(context, Task.FACES, job_id).entries] == [7]
    assert len(events(database, "detect")) == 1
    assert len(notices(database)) == 1


def test_a_lost_lease_ends_the_analysis(worker_context: WorkerContext, database: Database) -> None:
    add_job(database, Task.FACES)

    def lost() -> None:
        raise LeaseLostError

    assert work(worker_context, claim(database), replace(QUIET, alive=lost)) is None
    assert events(database, "detect") == []


def test_a_video_that_breaks_its_worker_down_is_not_tried_for_ever(
    worker_context: WorkerContext, context: Context, database: Database, analyst: Analyst
) -> None:
    job_id = add_job(database, Task.FACES)
    for _ in range(MAX_ATTEMPTS):
        claim(database, timedelta(0))  # and dies
    work_on_next(worker_context)
    job = read(context, Task.FACES, job_id).job
    assert (job.state, job.message) == (
        State.FAILED,
        "video analysis crashed three times; giving up",
    )
    assert analyst.asked == []


def test_trouble_with_the_database_is_not_the_jobs_fault(
    worker_context: WorkerContext, context: Context, database: Database, analyst: Analyst
) -> None:
    job_id = add_job(database, Task.FACES)
    analyst.answer = DatabaseError("the disk is full")
    with pytest.raises(DatabaseError):
        work_on_next(worker_context)
    assert read(context, Task.FACES, job_id).job.state is State.OPEN
