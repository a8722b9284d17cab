from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contexts import events
from reknown.biometrics.errors import InputError, InvalidVideoError, NotFoundError
from reknown.biometrics.word_filter import WordFilter
from reknown.jobs.queue import State
from reknown.ledger.records import Failure, ReadTextRecord, StartVideoJobRecord
from reknown.services import extras
from reknown.services.context import Actor
from reknown.services.videos.job_records import BY_TIME, JobRequest, ObjectPlace, SeenText, Task
from reknown.services.videos.jobs import (
    ResultRequest,
    StartRequest,
    read_entries,
    read_job,
    start_job,
)
from unit.services.videos.places import analyst, objects, worker_context
from unit.services.videos.working import add_job, notices, work_on_next
from video_findings import INFO

if TYPE_CHECKING:
    from reknown.services.context import Context
    from reknown.services.videos.jobs import JobResults
    from reknown.services.videos.work import WorkerContext
    from reknown.storage.database import Database
    from unit.services.videos.places import Analyst

__all__ = ["analyst", "objects", "worker_context"]


def read(context: Context, job_id: str, span: range = range(1000)) -> JobResults[SeenText]:
    request = ResultRequest(Task.TEXT, job_id, span, BY_TIME)
    return read_entries(context.by(Actor("bob")), request, lambda _: True, SeenText)


def shown(found: JobResults[SeenText]) -> list[tuple[int, int, int | None, str]]:
    return [
        (seen.time_ms, seen.found.number, seen.found.line, seen.found.text.text)
        for seen in found.entries
    ]


def test_lines_and_words_come_by_time_and_are_numbered_in_each_frame(
    worker_context: WorkerContext, context: Context, database: Database, analyst: Analyst
) -> None:
    job_id = add_job(database, Task.TEXT, topic="arn:topic", request_id="the request")
    outcome = work_on_next(worker_context)
    assert (outcome.ending.state, outcome.trouble) == (State.SUCCEEDED, None)
    assert analyst.asked == ["text"]
    found = read(context, job_id)
    sign = [(0, None, "Fire exit"), (1, 0, "Fire"), (2, 0, "exit")]
    both = [(0, None, "Fire exit"), (1, None, "B4"), (2, 0, "Fire"), (3, 0, "exit"), (4, 1, "B4")]
    assert shown(found) == [(0, *entry) for entry in sign] + [(500, *entry) for entry in both]
    assert found.info is not None
    assert (found.info.video, found.info.text_model) == (INFO, "ef" * 32)
    (event,) = events(context, "read text")
    assert event.record == ReadTextRecord("cd" * 32, "video", "text", "ef" * 32, 5, job_id)
    assert event.actor == "key:ADA"
    assert [body for _, _, body in notices(database)] == ["text SUCCEEDED"] * 2


def test_only_words_that_were_asked_for_are_kept(
    worker_context: WorkerContext, context: Context, database: Database
) -> None:
    wanted = WordFilter(confidence=0.95, most=100)
    job_id = add_job(database, Task.TEXT, words=wanted)
    work_on_next(worker_context)
    found = read(context, job_id)
    assert found.wanted.words == wanted
    assert [entry[1:] for entry in shown(found)] == [(0, None, "Fire"), (1, 0, "Fire")] * 2


def test_pages_are_parts_of_the_whole(
    worker_context: WorkerContext, context: Context, database: Database
) -> None:
    job_id = add_job(database, Task.TEXT)
    work_on_next(worker_context)
    pages = [read(context, job_id, range(start, start + 3)) for start in (0, 3, 6)]
    assert [len(page.entries) for page in pages] == [3, 3, 2]
    assert [page.more for page in pages] == [True, True, False]
    assert [entry for page in pages for entry in shown(page)] == shown(read(context, job_id))


def test_a_job_of_text_is_not_read_as_one_of_faces(
    worker_context: WorkerContext, context: Context, database: Database
) -> None:
    job_id = add_job(database, Task.TEXT)
    work_on_next(worker_context)
    with pytest.raises(NotFoundError):
        read_job(context, ResultRequest(Task.FACES, job_id, range(10)), lambda _: True)


def test_a_video_that_cannot_be_read_fails_as_a_reading(
    worker_context: WorkerContext, context: Context, database: Database, analyst: Analyst
) -> None:
    def broken() -> None:
        raise InvalidVideoError("no video")

    analyst.before = broken
    job_id = add_job(database, Task.TEXT)
    work_on_next(worker_context)
    found = read(context, job_id)
    assert (found.job.state, found.job.message, found.entries) == (State.FAILED, "no video", ())
    (event,) = events(context, "read text")
    assert event.record == Failure("read text", job_id, "InvalidVideoError")


def test_without_the_extra_no_job_is_started(
    worker_context: WorkerContext, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = type(context)(worker_context.platform, Actor("key:ADA"))
    request = StartRequest(Task.TEXT, JobRequest(ObjectPlace("media", "a.mp4")))
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'reknown\[text\]'"):
        start_job(asking, request)
    assert events(context, StartVideoJobRecord.OPERATION) == []
    monkeypatch.undo()
    assert start_job(asking, request)
