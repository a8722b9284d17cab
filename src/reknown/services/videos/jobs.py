"""Jobs on stored videos: started, and asked for what they found."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Generic, TypeVar

from reknown.biometrics.errors import (
    AccessError,
    LimitError,
    NotFoundError,
    VideoTooLargeError,
)
from reknown.biometrics.quality_filter import Objection
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.gallery.collections import get_collection, get_space
from reknown.gallery.faces import find_external_ids
from reknown.gallery.users import find_names
from reknown.jobs import queue, results
from reknown.jobs.queue import Job, State
from reknown.ledger import log
from reknown.ledger.records import ReadVideoJobRecord, StartVideoJobRecord, UploadRecord
from reknown.ledger.requests import find_answer, keep_answer
from reknown.services.extras import require_text_support
from reknown.services.policies.permits import AskedSearch, deciding, permit
from reknown.services.videos.job_records import (
    BY_TIME,
    MATCHES,
    REFUSALS,
    JobInfo,
    JobRequest,
    MatchedFace,
    SeenFace,
    SeenText,
    Task,
    info,
    request_of,
    write,
)
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reknown.objects.base import ObjectReader
    from reknown.services.context import Actor, Context, RequestToken
    from reknown.storage.database import Connection

__all__ = [
    "Job",
    "JobResults",
    "ResultRequest",
    "StartRequest",
    "State",
    "check_start",
    "read_entries",
    "read_job",
    "start_job",
]

# https://docs.aws.amazon.com/rekognition/latest/dg/limits.html
MAX_BYTES = 10 * 2**30
MAX_OPEN = 20


@dataclass(frozen=True, slots=True)
class StartRequest:
    """A request to start a job; `token` names a request that may be sent again.

    `upload` is what the ledger keeps of a video that came with it.
    """

    task: Task
    wanted: JobRequest
    collection: str | None = None
    token: RequestToken | None = None
    upload: UploadRecord | None = None


@dataclass(frozen=True, slots=True)
class ResultRequest:
    """A part of what a job found: the entries of `span` in this order."""

    task: Task
    job_id: str
    span: range
    ordering: str = BY_TIME


Entry = TypeVar("Entry", bound=SeenFace | SeenText)


@dataclass(frozen=True, slots=True)
class JobResults(Generic[Entry]):
    """A job and some of what it found: nothing unless it succeeded.

    `matches` has those of each track among the entries, `refusals` what speaks against the
    tracks among them that were not searched with; `more` says that others follow.
    """

    job: Job
    wanted: JobRequest
    info: JobInfo | None
    entries: tuple[Entry, ...]
    matches: Mapping[int, tuple[MatchedFace, ...]]
    more: bool
    refusals: Mapping[int, tuple[Objection, ...]] = field(default_factory=dict)


def start_job(context: Context, request: StartRequest) -> str:
    """A new job, or the one that the same request started before; its id.

    Raises `ObjectError`, `VideoTooLargeError`, `NotFoundError` for the collection,
    `UncalibratedError`, `TokenMismatchError`, `InputError` without the extra that the task needs,
    `PolicyError`, or `LimitError` with too many open jobs.
    """
    if request.task is Task.TEXT:
        require_text_support()
    with reading(context.database) as connection:
        known = _known(connection, context.actor, request)
    if known is None:
        _check_collection(context, request)
        # asked before the transaction: a store may take its time
        if request.wanted.upload is None:
            _check_video(context.platform.objects, request.wanted)
    with context.database.begin() as connection:
        queue.wait_for_turn(connection, context.actor.name)
        known = _known(connection, context.actor, request)
        job_id = known or _add(connection, context.actor, request)
        record = StartVideoJobRecord(
            job_id, request.task.value, request.wanted.similarity, known is not None
        )
        log.append(connection, context.actor, request.collection, record)
        if request.upload is not None:
            log.append(connection, context.actor, request.collection, request.upload)
    return job_id


def check_start(context: Context, request: StartRequest) -> None:
    """Raises what `start_job` would raise now, whatever the video is: before somebody sends it."""
    _check_collection(context, request)
    with reading(context.database) as connection:
        _check_open(connection, context.actor)


def read_job(
    context: Context, request: ResultRequest, permitted: Callable[[str], bool]
) -> JobResults[SeenFace]:
    """The job and the faces asked for; `permitted` says whether a collection may be seen.

    Raises as `read_entries`.
    """
    return read_entries(context, request, permitted, SeenFace)


def read_entries(
    context: Context, request: ResultRequest, permitted: Callable[[str], bool], kind: type[Entry]
) -> JobResults[Entry]:
    """The same of a job whose entries are of this kind.

    Raises `NotFoundError` for a job that is unknown, of another kind, or expired, and
    `AccessError`.
    """
    with context.database.begin() as connection:
        job = queue.find(connection, request.job_id)
        if job is None or job.kind != request.task.value:
            raise NotFoundError(
                "there is no such job: jobs are kept for 7 days after their end, and read with "
                "the operation that belongs to the one that started them"
            )
        if job.collection is not None and not permitted(job.collection):
            raise AccessError("this access key may not see the collection that the job searched")
        log.append(connection, context.actor, job.collection, ReadVideoJobRecord(job.job_id))
    with reading(context.database) as connection:
        return _results(connection, job, request, kind)


def _known(connection: Connection, actor: Actor, request: StartRequest) -> str | None:
    if request.token is None:
        return None
    return find_answer(connection, actor, _operation(request.task), request.token)


def _operation(task: Task) -> str:
    return f"start video {task.value}"


def _check_video(objects: ObjectReader, what: JobRequest) -> None:
    place = what.place
    size = objects.size(place.bucket, place.key, place.version)
    if size > MAX_BYTES:
        raise VideoTooLargeError(
            f"the video has {size:,} bytes and the limit is {MAX_BYTES:,}: cut it or compress it"
        )


def _check_collection(context: Context, request: StartRequest) -> None:
    """Whether it may be searched now: it is asked again when the search is made."""
    name, similarity = request.collection, request.wanted.similarity
    if name is None or similarity is None:
        return
    calibration = context.platform.engines.calibration_of(context.platform.space_of(name))
    threshold = ThresholdChoice(similarity).resolve(calibration)
    with deciding(context.database, context.actor) as connection:
        references = get_collection(connection, name).faces
        asked = AskedSearch(name, threshold, references, context.platform.governed)
        permit(connection, context.actor, asked)


def _add(connection: Connection, actor: Actor, request: StartRequest) -> str:
    if request.collection is not None:
        get_space(connection, request.collection)
    _check_open(connection, actor)
    wanted = replace(
        request.wanted,
        request_id=actor.request_id,
        purpose=actor.purpose,
        approval=actor.approval,
    )
    asked = write(wanted)
    new = queue.NewJob(request.task.value, actor.name, request.collection, asked)
    job_id = queue.add(connection, new)
    if request.token is not None:
        keep_answer(connection, actor, _operation(request.task), request.token, job_id)
    return job_id


def _check_open(connection: Connection, actor: Actor) -> None:
    count = queue.count_open(connection, actor.name)
    if count >= MAX_OPEN:
        # the words of Amazon
        name = actor.name.removeprefix("key:")
        raise LimitError(f"{count} open Jobs for User {name} Maximum limit: {MAX_OPEN}")


def _results(
    connection: Connection, job: Job, request: ResultRequest, kind: type[Entry]
) -> JobResults[Entry]:
    span = request.span
    one_more = range(span.start, span.stop + 1)
    found = results.read(connection, job, request.ordering, one_more, kind)
    entries = tuple(found[: len(span)])
    more = len(found) > len(span)
    if not request.task.searches:
        return JobResults(job, request_of(job), info(job), entries, {}, more)
    tracks = {entry.track for entry in entries if isinstance(entry, SeenFace)}
    kept = results.pick(connection, job, MATCHES, tracks, tuple[MatchedFace, ...])
    matches = _named(connection, kept)
    refusals = _refusals(connection, job, tracks)
    return JobResults(job, request_of(job), info(job), entries, matches, more, refusals)


def _named(
    connection: Connection, kept: Mapping[int, tuple[MatchedFace, ...]]
) -> dict[int, tuple[MatchedFace, ...]]:
    """With the names of those that are still there."""
    everyone = [match for matches in kept.values() for match in matches]
    users = find_names(connection, {match.subject_id for match in everyone if match.subject_id})
    external = find_external_ids(connection, {match.face_id for match in everyone})
    return {
        number: tuple(
            replace(
                match,
                user=users.get(match.subject_id or ""),
                external_id=external.get(match.face_id),
            )
            for match in matches
        )
        for number, matches in kept.items()
    }


def _refusals(
    connection: Connection, job: Job, tracks: set[int]
) -> dict[int, tuple[Objection, ...]]:
    """What speaks against those of the tracks that were not searched with.

    A job that an earlier release worked on has none of these: it searched with every track.
    """
    span = range(min(tracks, default=0), max(tracks, default=-1) + 1)
    found = results.read(connection, job, REFUSALS, span, tuple[Objection, ...])
    numbered = zip(span, found, strict=False)
    return {number: against for number, against in numbered if against and number in tracks}
