from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from contexts import make_context
from reknown.biometrics.errors import (
    AccessError,
    LimitError,
    NotFoundError,
    ObjectNotFoundError,
    TokenMismatchError,
    UncalibratedError,
    VideoTooLargeError,
)
from reknown.jobs import queue
from reknown.ledger.records import ReadVideoJobRecord, StartVideoJobRecord
from reknown.ledger.requests import RequestToken
from reknown.services.context import Actor, Context
from reknown.services.videos.job_records import JobRequest, ObjectPlace, Task
from reknown.services.videos.jobs import (
    MAX_BYTES,
    MAX_OPEN,
    ResultRequest,
    StartRequest,
    read_job,
    start_job,
)
from reknown.storage.database import reading
from unit.services.ledgers import events, last
from unit.services.videos.places import Objects, objects

if TYPE_CHECKING:
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine

__all__ = ["objects"]

_VIDEO = JobRequest(ObjectPlace("media", "a.mp4"))
_SEARCH = JobRequest(ObjectPlace("media", "a.mp4"), similarity=80)
_BOB = Actor("key:BOB")


@pytest.fixture
def ada(context: Context, objects: Objects) -> Context:
    return Context(replace(context.platform, objects=objects), Actor("key:ADA"))


def _start(context: Context, **changed: Any) -> str:
    request: dict[str, Any] = {"task": Task.FACES, "wanted": _VIDEO} | changed
    return start_job(context, StartRequest(**request))


def _count(database: Database) -> int:
    with reading(database) as connection:
        return queue.count_open(connection, "key:ADA")


def test_a_job_waits_in_the_queue_and_its_start_in_the_ledger(
    ada: Context, database: Database, collection: str
) -> None:
    job_id = _start(ada, task=Task.SEARCH, wanted=_SEARCH, collection=collection)
    with reading(database) as connection:
        job = queue.find(connection, job_id)
    assert job is not None
    assert (job.kind, job.collection, job.actor) == ("search", collection, "key:ADA")
    event = last(database)
    assert (event.actor, event.collection) == ("key:ADA", collection)
    assert event.record == StartVideoJobRecord(job_id, "search", 80)


def test_the_same_token_is_the_same_job(ada: Context, database: Database, objects: Objects) -> None:
    token = RequestToken("t", "digest")
    first = _start(ada, token=token)
    objects.sizes.clear()  # the video may be gone when the request comes again
    assert _start(ada, token=token) == first
    assert _count(database) == 1
    with pytest.raises(TokenMismatchError):
        _start(ada, token=RequestToken("t", "other"))
    assert [event.record for event in events(database)] == [
        StartVideoJobRecord(first, "faces", repeated=repeated) for repeated in (False, True)
    ]


def test_a_token_is_of_one_operation_and_one_caller(ada: Context) -> None:
    token = RequestToken("t", "digest")
    jobs = {
        _start(ada, token=token),
        _start(ada, token=token, task=Task.PERSONS),
        _start(ada.by(_BOB), token=token),
    }
    assert len(jobs) == 3


def test_what_is_not_there_or_too_large_is_not_started(
    ada: Context, database: Database, objects: Objects
) -> None:
    objects.sizes |= {"b.mp4": MAX_BYTES, "c.mp4": MAX_BYTES + 1}
    assert _start(ada, wanted=JobRequest(ObjectPlace("media", "b.mp4")))
    with pytest.raises(VideoTooLargeError):
        _start(ada, wanted=JobRequest(ObjectPlace("media", "c.mp4")))
    with pytest.raises(ObjectNotFoundError):
        _start(ada, wanted=JobRequest(ObjectPlace("media", "d.mp4")))
    with pytest.raises(NotFoundError):
        _start(ada, task=Task.SEARCH, wanted=_SEARCH, collection="nobody")
    assert _count(database) == 1
    assert len(events(database)) == 1


def test_a_pack_that_is_not_calibrated_is_not_searched_by_similarity(
    database: Database, objects: Objects, collection: str, engine: Engine
) -> None:
    plain = make_context(database, replace(engine, calibration=None), objects=objects)
    with pytest.raises(UncalibratedError):
        _start(plain, task=Task.SEARCH, wanted=_SEARCH, collection=collection)
    assert events(database, "start video job") == []


def test_only_so_many_jobs_are_open(ada: Context, database: Database) -> None:
    token = RequestToken("t", "digest")
    first = _start(ada, token=token)
    for _ in range(MAX_OPEN - 1):
        _start(ada)
    with pytest.raises(LimitError, match=r"^20 open Jobs for User ADA Maximum limit: 20$"):
        _start(ada)
    assert _start(ada, token=token) == first
    assert _start(ada.by(_BOB))
    assert _count(database) == MAX_OPEN


def test_a_job_in_work_has_no_results(ada: Context) -> None:
    job_id = _start(ada)
    found = read_job(ada, ResultRequest(Task.FACES, job_id, range(1000)), lambda _: True)
    assert (found.entries, found.more, found.info) == ((), False, None)
    assert found.wanted == _VIDEO
    for other in (
        ResultRequest(Task.PERSONS, job_id, range(9)),
        ResultRequest(Task.FACES, "f", range(9)),
    ):
        with pytest.raises(NotFoundError):
            read_job(ada, other, lambda _: True)


def test_results_are_read_on_the_record_by_those_who_may_see_the_collection(
    ada: Context, database: Database, collection: str
) -> None:
    job_id = _start(ada, task=Task.SEARCH, wanted=_SEARCH, collection=collection)
    request = ResultRequest(Task.SEARCH, job_id, range(9))
    with pytest.raises(AccessError):
        read_job(ada.by(_BOB), request, lambda name: name != collection)
    assert events(database, "read video job") == []
    read_job(ada.by(_BOB), request, lambda name: name == collection)
    event = last(database)
    assert (event.actor, event.collection) == ("key:BOB", collection)
    assert event.record == ReadVideoJobRecord(job_id)
