from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from reknown.services.engines import Engines
from reknown.services.platform import Platform
from reknown.services.video_jobs import (
    MAX_BYTES,
    MAX_OPEN,
    ResultRequest,
    StartRequest,
    read_job,
    start_job,
)
from reknown.services.video_records import ObjectPlace, Task, Wanted
from unit.services.video_places import Objects, objects

from reknown.biometrics.errors import (
    LimitError,
    NotFoundError,
    ObjectNotFoundError,
    TokenMismatchError,
    VideoTooLargeError,
)
from reknown.gallery.cache import TemplateCache
from reknown.jobs import queue
from reknown.ledger import events
from reknown.ledger.actor import Actor
from reknown.ledger.requests import RequestToken
from reknown.storage.database import reading

if TYPE_CHECKING:
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine

__all__ = ["objects"]

_ADA = Actor("key:ADA")
_VIDEO = Wanted(ObjectPlace("media", "a.mp4"))
_SEARCH = Wanted(ObjectPlace("media", "a.mp4"), similarity=80)


@pytest.fixture
def platform(database: Database, engine: Engine) -> Platform:
    return Platform(Engines(lambda _: engine, engine.space.pack), database, TemplateCache(2**20))


def _start(platform: Platform, objects: Objects, **changed: Any) -> str:
    request: dict[str, Any] = {"task": Task.FACES, "wanted": _VIDEO, "actor": _ADA} | changed
    return start_job(platform, objects, StartRequest(**request))


def _count(platform: Platform) -> int:
    with reading(platform.database) as connection:
        return queue.count_open(connection, _ADA.name)


def test_a_job_waits_in_the_queue_and_its_start_in_the_ledger(
    platform: Platform, objects: Objects, collection: str
) -> None:
    job_id = _start(platform, objects, task=Task.SEARCH, wanted=_SEARCH, collection=collection)
    with reading(platform.database) as connection:
        job = queue.find(connection, job_id)
        *_, event = events.read(connection)
    assert job is not None
    assert (job.kind, job.collection, job.actor) == ("search", collection, "key:ADA")
    assert (event.operation, event.actor, event.collection) == (
        "start video job",
        "key:ADA",
        collection,
    )
    assert event.detail == {"job": job_id, "task": "search", "repeated": False, "threshold": 80}


def test_the_same_token_is_the_same_job(platform: Platform, objects: Objects) -> None:
    token = RequestToken("t", "digest")
    first = _start(platform, objects, token=token)
    objects.sizes.clear()  # the video may be gone when the request comes again
    assert _start(platform, objects, token=token) == first
    assert _count(platform) == 1
    with pytest.raises(TokenMismatchError):
        _start(platform, objects, token=RequestToken("t", "other"))
    with reading(platform.database) as connection:
        repeated = [event.detail["repeated"] for event in events.read(connection)]
    assert repeated == [False, True]


def test_a_token_is_of_one_operation_and_one_caller(platform: Platform, objects: Objects) -> None:
    token = RequestToken("t", "digest")
    jobs = {
        _start(platform, objects, token=token),
        _start(platform, objects, token=token, task=Task.PERSONS),
        _start(platform, objects, token=token, actor=Actor("key:BOB")),
    }
    assert len(jobs) == 3


def test_what_is_not_there_or_too_large_is_not_started(
    platform: Platform, objects: Objects
) -> None:
    objects.sizes |= {"b.mp4": MAX_BYTES, "c.mp4": MAX_BYTES + 1}
    assert _start(platform, objects, wanted=Wanted(ObjectPlace("media", "b.mp4")))
    with pytest.raises(VideoTooLargeError):
        _start(platform, objects, wanted=Wanted(ObjectPlace("media", "c.mp4")))
    with pytest.raises(ObjectNotFoundError):
        _start(platform, objects, wanted=Wanted(ObjectPlace("media", "d.mp4")))
    with pytest.raises(NotFoundError):
        _start(platform, objects, task=Task.SEARCH, wanted=_SEARCH, collection="nobody")
    assert _count(platform) == 1


def test_only_so_many_jobs_are_open(platform: Platform, objects: Objects) -> None:
    token = RequestToken("t", "digest")
    first = _start(platform, objects, token=token)
    for _ in range(MAX_OPEN - 1):
        _start(platform, objects)
    with pytest.raises(LimitError, match=r"^20 open Jobs for User ADA Maximum limit: 20$"):
        _start(platform, objects)
    assert _start(platform, objects, token=token) == first
    assert _start(platform, objects, actor=Actor("key:BOB"))
    assert _count(platform) == MAX_OPEN


def test_a_job_in_work_has_no_results(platform: Platform, objects: Objects) -> None:
    job_id = _start(platform, objects)
    request = ResultRequest(Task.FACES, job_id, range(1000))
    found = read_job(platform.database, request, lambda _: True, _ADA)
    assert (found.entries, found.more, found.info) == ((), False, None)
    assert found.wanted == _VIDEO
    for other in (
        ResultRequest(Task.PERSONS, job_id, range(9)),
        ResultRequest(Task.FACES, "f", range(9)),
    ):
        with pytest.raises(NotFoundError):
            read_job(platform.database, other, lambda _: True, _ADA)
