"""What a worker does with one job: look, search, and write down the end of it.

Results, state, event and notices are written in one transaction, and only by the one who still
holds the lease: a job ends once, whatever dies when.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import (
    CollectionNotFoundError,
    DatabaseError,
    ObjectError,
    ObjectNotFoundError,
    PolicyError,
    SpaceMismatchError,
    UncalibratedError,
    VideoError,
)
from reknown.biometrics.text import printable
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.gallery.faces import faces_of_keys
from reknown.jobs import outbox, queue, results
from reknown.jobs.queue import Ending, State
from reknown.ledger import log
from reknown.ledger.records import (
    DetectRecord,
    Failure,
    IdentifyRecord,
    ReadTextRecord,
    Record,
    RefuseSearchRecord,
)
from reknown.services.context import Actor, Context
from reknown.services.galleries.spaces import in_one_space
from reknown.services.policies.permits import find_admitted
from reknown.services.searches.search import Query, Unit, conclude, look_up
from reknown.services.videos.findings import matches, result_parts
from reknown.services.videos.identification import track_probes
from reknown.services.videos.job_records import (
    MATCHES,
    REFUSALS,
    JobInfo,
    SearchSummary,
    Task,
    request_of,
    write,
)
from reknown.services.videos.jobs import MAX_BYTES
from reknown.services.videos.leases import LeaseLostError
from reknown.services.videos.text import TextSeen, see_text
from reknown.shortages import shortage
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from typing import BinaryIO

    from reknown.biometrics.tracks import VideoAnalysis
    from reknown.jobs.queue import Job, Lease
    from reknown.jobs.results import ResultPart
    from reknown.ledger.codec import Entry
    from reknown.services.context import Platform
    from reknown.services.searches.search import Scores, Searched
    from reknown.services.videos.identification import TrackProbes
    from reknown.services.videos.job_records import JobRequest
    from reknown.storage.database import Connection

MAX_ATTEMPTS = 3
# A track that resembles more references than this resembles anybody.
MAX_MATCHES = 20
# Of a celebrity's faces the best one speaks for all.
_WANTED = {Task.SEARCH: (MAX_MATCHES, Unit.REFERENCES), Task.CELEBRITIES: (1, Unit.USERS)}
SNS, WEBHOOK = "sns", "webhook"
_LONGEST_MESSAGE = 2000
_BREAKDOWNS = "video analysis crashed three times; giving up"
_OURS = "Something failed on the server: its log tells more."
_ACTIONS: Mapping[Task, type[Record]] = {
    Task.SEARCH: IdentifyRecord,
    Task.CELEBRITIES: IdentifyRecord,
    Task.TEXT: ReadTextRecord,
}


class JobStoppedError(Exception):
    """Somebody wanted it ended."""


# What a caller can do something about, or is to know.
_EXPLAINED = (
    VideoError,
    ObjectError,
    PolicyError,
    SpaceMismatchError,
    UncalibratedError,
    JobStoppedError,
)


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """What a worker has.

    `notice` makes the text of the notices, `webhook` says that one is told.
    """

    platform: Platform
    notice: Callable[[Job, State], str]
    webhook: bool = False


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """How a job ended; `trouble` is for the operator alone."""

    ending: Ending
    tracks: int = 0
    trouble: Exception | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """Watches over the work.

    `alive` is called every now and then during the analysis and may raise `LeaseLostError`;
    only within `interruptible` may anything else be raised from outside. `told` takes how much is
    done, of how much.
    """

    alive: Callable[[], None]
    interruptible: Callable[[], AbstractContextManager[None]]
    told: Callable[[int, int], None] = lambda _done, _total: None

    def progress(self, done: int, total: int, _frames: int = 0) -> None:
        """What is called with how far the work is."""
        self.told(done, total)
        self.alive()


@dataclass(frozen=True, slots=True)
class _Findings:
    """What there is to write down: how it ended, and what was seen and found, or the error."""

    outcome: JobOutcome
    seen: VideoAnalysis | TextSeen | None = None
    scores: Scores | None = None
    chosen: TrackProbes | None = None
    error: Exception | None = None


def work(worker: WorkerContext, lease: Lease, watch: Watch) -> JobOutcome | None:
    """Carries the job out and ends it; None when it was taken over by another worker.

    Raises `DatabaseError`, and what says that the machine has run out of something, which is not
    the job's fault: its lease is left to run out.
    """

    def carry_out() -> JobOutcome | None:
        return _finish(worker, lease, _look(worker.platform, lease, watch))

    try:
        # the collection searched may be switched to another model pack meanwhile
        return in_one_space(worker.platform.database, lease.job.collection, carry_out)
    except DatabaseError:
        raise
    except LeaseLostError:
        return None
    except Exception as error:  # a fault of ours ends the job too, or it would come again
        if shortage(error) is not None:
            raise  # unless another worker, or this one later, can do it
        return _finish(worker, lease, _failure(error, lease.job))


def _look(platform: Platform, lease: Lease, watch: Watch) -> _Findings:
    job = lease.job
    if job.message is not None:
        raise JobStoppedError(job.message)
    if lease.attempt > MAX_ATTEMPTS:
        raise VideoError(_BREAKDOWNS)
    what = request_of(job)
    if Task(job.kind) is Task.TEXT:
        return _look_for_text(platform, what, watch)
    pack = platform.engines.default_pack
    if job.collection is not None:
        pack = find_admitted(Context(platform, _actor(job)), job.collection).pack
    with watch.interruptible(), _opened(platform, what) as file:
        seen = platform.executor.analyse(file, pack, watch.progress, attributes=what.attributes)
    chosen, scores = None, None
    if job.collection is not None:
        threshold = ThresholdChoice(what.similarity)
        query = Query(job.collection, threshold, *_WANTED[Task(job.kind)])
        chosen = track_probes(seen)
        scores = look_up(platform, query, chosen.probes)
    summary = None if scores is None else _summary(scores.searched)
    message = _storable("; ".join(seen.warnings)) or None
    ending = Ending(State.SUCCEEDED, message, write(JobInfo(seen.info, summary)))
    return _Findings(JobOutcome(ending, len(seen.tracks)), seen, scores, chosen)


def _look_for_text(platform: Platform, what: JobRequest, watch: Watch) -> _Findings:
    with watch.interruptible(), _opened(platform, what) as file:
        seen = see_text(platform, file, what, watch.progress)
    reading = seen.reading
    message = _storable("; ".join(reading.warnings)) or None
    known = write(JobInfo(reading.info, text_model=reading.model))
    return _Findings(JobOutcome(Ending(State.SUCCEEDED, message, known)), seen)


def _opened(platform: Platform, what: JobRequest) -> BinaryIO:
    stored = what.place
    if what.upload is not None:
        if platform.uploads is None:
            raise ObjectNotFoundError("this worker has no --uploads, where the video lies")
        return platform.uploads.open(what.upload)
    return platform.objects.open(stored.bucket, stored.key, stored.version, MAX_BYTES)


def _summary(searched: Searched) -> SearchSummary:
    return SearchSummary(
        space=searched.space,
        similarity=searched.threshold.similarity or 0.0,
        false_match_rate=searched.threshold.false_match_rate,
        references=searched.references,
        gallery_size=searched.gallery_size if searched.unit is Unit.USERS else None,
        expected_false_candidates=searched.expected_false_candidates,
        caution=searched.caution,
    )


def _failure(error: Exception, job: Job) -> _Findings:
    trouble: Exception | None = None
    if isinstance(error, CollectionNotFoundError):
        message = f"The collection id: {printable(job.collection or '')} does not exist"
    elif isinstance(error, _EXPLAINED):
        message = _storable(str(error))
    else:
        message, trouble = _OURS, error
    outcome = JobOutcome(Ending(State.FAILED, message), 0, trouble)
    return _Findings(outcome, error=error)


def _end(job: Job, error: Exception | None) -> Entry:
    """What the ledger says of a job that ended without results: refused, or tried in vain."""
    if isinstance(error, PolicyError):
        return RefuseSearchRecord(error.reason, job.job_id)
    action = _ACTIONS.get(Task(job.kind), DetectRecord)
    # the name of its class in letters and digits, as the ledger takes it
    code = "".join(re.findall("[A-Za-z0-9]", type(error).__name__))
    return Failure(action.OPERATION, job.job_id, code)


def _finish(worker: WorkerContext, lease: Lease, findings: _Findings) -> JobOutcome | None:
    job, ending = lease.job, findings.outcome.ending
    topic = request_of(job).topic
    body = worker.notice(job, ending.state)
    # packed while nobody has to wait for this transaction
    parts = _parts(worker.platform, Task(job.kind), findings)
    with worker.platform.database.begin() as connection:
        if not queue.finish(connection, lease, ending):
            return None
        _write(connection, job, findings, parts)
        if topic is not None:
            outbox.add(connection, job.job_id, SNS, topic, body)
        if worker.webhook:
            outbox.add(connection, job.job_id, WEBHOOK, "", body)
    _forget_upload(worker.platform, job)
    return findings.outcome


def _forget_upload(platform: Platform, job: Job) -> None:
    upload = request_of(job).upload
    if upload is not None and platform.uploads is not None:
        platform.uploads.delete(upload)


def _parts(platform: Platform, task: Task, findings: _Findings) -> list[ResultPart]:
    seen = findings.seen
    if seen is None:
        return []
    if isinstance(seen, TextSeen):
        return seen.parts()
    known = _known(platform, findings) if task is Task.CELEBRITIES else None
    return result_parts(task, seen.tracks, known)


def _write(
    connection: Connection, job: Job, findings: _Findings, parts: Sequence[ResultPart]
) -> None:
    """Results and event of a job, in the transaction that ends it."""
    actor, seen = _actor(job), findings.seen
    if seen is None:
        log.append(connection, actor, job.collection, _end(job, findings.error))
        return
    results.store(connection, job, parts)
    if isinstance(seen, TextSeen):
        log.append(connection, actor, None, seen.record(job.job_id))
        return
    if findings.scores is None or findings.chosen is None:
        count = len(seen.tracks)
        seen_record = DetectRecord(seen.sha256, "video", seen.space.pack, count, job.job_id)
        log.append(connection, actor, None, seen_record)
    else:
        found = conclude(connection, actor, findings.scores, job.job_id)
        rows = findings.chosen.spread(map(tuple, matches(found)))
        results.store(connection, job, results.pack(MATCHES, rows))
        results.store(connection, job, results.pack(REFUSALS, findings.chosen.objections))


def _actor(job: Job) -> Actor:
    """Who asked for the job, and what for."""
    asked = request_of(job)
    return Actor(job.actor, asked.request_id, purpose=asked.purpose, approval=asked.approval)


def _known(platform: Platform, findings: _Findings) -> dict[int, str]:
    """The subjects that tracks resemble, by the tracks' numbers."""
    scores, chosen = findings.scores, findings.chosen
    if scores is None or chosen is None:
        return {}
    rows = chosen.spread(map(tuple, scores.rows))
    best = {number: row[0].face for number, row in enumerate(rows) if row}
    with reading(platform.database) as connection:
        faces = faces_of_keys(connection, best.values())
    found = ((number, faces.get(key)) for number, key in best.items())
    return {number: face.subject_id for number, face in found if face and face.subject_id}


def _storable(text: str) -> str:
    """What came from a process that a video may have taken over, as every database takes it."""
    return text.replace("\0", "")[:_LONGEST_MESSAGE]
