"""Jobs on stored videos: started, and asked for what they found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reknown.biometrics.errors import (
    AccessError,
    LimitError,
    NotFoundError,
    VideoTooLargeError,
)
from reknown.gallery.collections import get_space
from reknown.jobs import queue, results
from reknown.ledger import events
from reknown.ledger.requests import recall, remember
from reknown.services.decision import threshold_at_similarity
from reknown.services.video_records import (
    BY_TIME,
    MATCHES,
    JobInfo,
    MatchedFace,
    SeenFace,
    Task,
    Wanted,
    info,
    wanted,
    write,
)
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reknown.jobs.queue import Job
    from reknown.ledger.actor import Actor
    from reknown.ledger.requests import RequestToken
    from reknown.objects.base import ObjectReader
    from reknown.services.platform import Platform
    from reknown.storage.database import Connection, Database

# https://docs.aws.amazon.com/rekognition/latest/dg/limits.html
MAX_BYTES = 10 * 2**30
MAX_OPEN = 20
_STARTED, _READ = "start video job", "read video job"


@dataclass(frozen=True, slots=True)
class StartRequest:
    """Who wants what; `token` names a request that may be sent again."""

    task: Task
    wanted: Wanted
    actor: Actor
    collection: str | None = None
    token: RequestToken | None = None


@dataclass(frozen=True, slots=True)
class ResultRequest:
    """A part of what a job found: the entries of `span` in this order."""

    task: Task
    job_id: str
    span: range
    ordering: str = BY_TIME


@dataclass(frozen=True, slots=True)
class JobResults:
    """A job and some of what it found: nothing unless it succeeded.

    `matches` has those of each track among the entries; `more` says that others follow.
    """

    job: Job
    wanted: Wanted
    info: JobInfo | None
    entries: tuple[SeenFace, ...]
    matches: Mapping[int, tuple[MatchedFace, ...]]
    more: bool


def start_job(platform: Platform, objects: ObjectReader, request: StartRequest) -> str:
    """A new job, or the one that the same request started before; its id.

    Raises `ObjectError`, `VideoTooLargeError`, `NotFoundError` for the collection,
    `UncalibratedError`, `TokenMismatchError`, or `LimitError` with too many open jobs.
    """
    with reading(platform.database) as connection:
        known = _known(connection, request)
    if known is None:
        _check_collection(platform, request)
        # asked before the transaction: a store may take its time
        _check_video(objects, request.wanted)
    with platform.database.begin() as connection:
        queue.wait_for_turn(connection, request.actor.name)
        known = _known(connection, request)
        job_id = known or _add(connection, request)
        detail: dict[str, Any] = {
            "job": job_id,
            "task": request.task.value,
            "repeated": known is not None,
        }
        if request.wanted.similarity is not None:
            detail["threshold"] = request.wanted.similarity
        events.append(connection, request.actor, _STARTED, request.collection, detail)
    return job_id


def read_job(
    database: Database, request: ResultRequest, permitted: Callable[[str], bool], actor: Actor
) -> JobResults:
    """The job and the entries asked for; `permitted` says whether a collection may be seen.

    Raises `NotFoundError` for a job that is unknown, of another kind, or expired, and
    `AccessError`.
    """
    with database.begin() as connection:
        job = queue.find(connection, request.job_id)
        if job is None or job.kind != request.task.value:
            raise NotFoundError(
                "there is no such job: jobs are kept for 7 days after their end, and read with "
                "the operation that belongs to the one that started them"
            )
        if job.collection is not None and not permitted(job.collection):
            raise AccessError("this access key may not see the collection that the job searched")
        events.append(connection, actor, _READ, job.collection, {"job": job.job_id})
    with reading(database) as connection:
        return _results(connection, job, request)


def _known(connection: Connection, request: StartRequest) -> str | None:
    if request.token is None:
        return None
    return recall(connection, request.actor, _operation(request.task), request.token)


def _operation(task: Task) -> str:
    return f"start video {task.value}"


def _check_video(objects: ObjectReader, what: Wanted) -> None:
    place = what.place
    size = objects.size(place.bucket, place.key, place.version)
    if size > MAX_BYTES:
        raise VideoTooLargeError(
            f"the video has {size:,} bytes and the limit is {MAX_BYTES:,}: cut it or compress it"
        )


def _check_collection(platform: Platform, request: StartRequest) -> None:
    if request.collection is not None and request.wanted.similarity is not None:
        calibration = platform.engine_of(request.collection).calibration
        threshold_at_similarity(calibration, request.wanted.similarity)


def _add(connection: Connection, request: StartRequest) -> str:
    actor = request.actor
    if request.collection is not None:
        get_space(connection, request.collection)
    count = queue.count_open(connection, actor.name)
    if count >= MAX_OPEN:
        # the words of Amazon
        name = actor.name.removeprefix("key:")
        raise LimitError(f"{count} open Jobs for User {name} Maximum limit: {MAX_OPEN}")
    new = queue.NewJob(request.task.value, actor.name, request.collection, write(request.wanted))
    job_id = queue.add(connection, new)
    if request.token is not None:
        remember(connection, actor, _operation(request.task), request.token, job_id)
    return job_id


def _results(connection: Connection, job: Job, request: ResultRequest) -> JobResults:
    span = request.span
    one_more = range(span.start, span.stop + 1)
    found = results.read(connection, job, request.ordering, one_more, SeenFace)
    entries = tuple(found[: len(span)])
    matches: Mapping[int, tuple[MatchedFace, ...]] = {}
    if request.task is Task.SEARCH:
        tracks = (entry.track for entry in entries)
        matches = results.pick(connection, job, MATCHES, tracks, tuple[MatchedFace, ...])
    return JobResults(job, wanted(job), info(job), entries, matches, len(found) > len(span))
