"""What a worker does with one job: look, search, and write down the end of it.

Results, state, event and notices are written in one transaction, and only by the one who still
holds the lease: a job ends once, whatever dies when.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from reknown.biometrics.errors import (
    CollectionNotFoundError,
    DatabaseError,
    SpaceMismatchError,
    UncalibratedError,
    VideoError,
)
from reknown.gallery.collections import get_space
from reknown.gallery.faces import find_faces
from reknown.gallery.search import search_references
from reknown.gallery.templates import load_templates
from reknown.jobs import outbox, queue, results
from reknown.jobs.queue import Ending, State
from reknown.ledger import events
from reknown.ledger.actor import Actor
from reknown.objects.errors import ObjectError
from reknown.services.decision import caution, threshold_at_similarity
from reknown.services.spaces import in_one_space
from reknown.services.video_jobs import MAX_BYTES
from reknown.services.video_records import (
    BY_PERSON,
    BY_TIME,
    MATCHES,
    JobInfo,
    MatchedFace,
    SearchSummary,
    SeenFace,
    Task,
    wanted,
    write,
)
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from typing import BinaryIO

    from reknown.biometrics.calibration import Calibration
    from reknown.biometrics.records import FaceRecord
    from reknown.biometrics.templates import TemplateSpace
    from reknown.biometrics.tracks import Track, VideoAnalysis
    from reknown.gallery.search import SubjectScore
    from reknown.gallery.templates import GalleryTemplates
    from reknown.jobs.queue import Job, Lease
    from reknown.jobs.results import Part
    from reknown.objects.base import ObjectReader
    from reknown.services.decision import Threshold
    from reknown.services.video_records import Wanted
    from reknown.storage.database import Database

MAX_ATTEMPTS = 3
# A track that resembles more references than this resembles anybody.
MAX_MATCHES = 20
SNS, WEBHOOK = "sns", "webhook"
_LONGEST_MESSAGE = 2000
_BREAKDOWNS = "the video made the process that analysed it break down three times"
_OURS = "Something failed on the server: its log tells more."
# What a caller can do something about, or is to know.
_TOLD = (VideoError, ObjectError, SpaceMismatchError, UncalibratedError)


@dataclass(frozen=True, slots=True)
class Packs:
    """How a video is looked at: `analyse` with a pack, and what a pack's scores mean."""

    default: str
    analyse: Callable[[BinaryIO, str, Callable[[], None]], VideoAnalysis]
    calibration: Callable[[str], Calibration | None]


@dataclass(frozen=True, slots=True)
class Workplace:
    """What a worker has: `tell` makes the text of the notices, `webhook` says that one is told."""

    database: Database
    objects: ObjectReader
    packs: Packs
    tell: Callable[[Job, State], str]
    webhook: bool = False


@dataclass(frozen=True, slots=True)
class Worked:
    """How a job ended; `trouble` is for the operator alone."""

    ending: Ending
    tracks: int = 0
    trouble: Exception | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """What is to be written down in the end; `space` is the one searched, if one was."""

    worked: Worked
    parts: Sequence[Part]
    detail: dict[str, Any]
    space: TemplateSpace | None = None


class LeaseLostError(Exception):
    """Another worker has the job by now."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Whoever watches over the work.

    `alive` is called every now and then during the analysis and may raise `LeaseLostError`;
    only within `interruptible` may anything else be raised from outside.
    """

    alive: Callable[[], None]
    interruptible: Callable[[], AbstractContextManager[None]]


def work(place: Workplace, lease: Lease, watch: Watch) -> Worked | None:
    """Carries the job out and ends it; None when it was taken over by another worker.

    Raises `DatabaseError`, which is not the job's fault: its lease is left to run out.
    """

    def carry_out() -> Worked | None:
        return _finish(place, lease, _look(place, lease, watch))

    try:
        # whoever is searched may be switched to another model pack meanwhile
        return in_one_space(place.database, lease.job.collection, carry_out)
    except DatabaseError:
        raise
    except LeaseLostError:
        return None
    except Exception as error:  # a fault of ours ends the job too, or it would come again
        return _finish(place, lease, _failure(error, lease.job))


def _look(place: Workplace, lease: Lease, watch: Watch) -> _Found:
    job = lease.job
    if lease.attempt > MAX_ATTEMPTS:
        raise VideoError(_BREAKDOWNS)
    what = wanted(job)
    pack = place.packs.default
    if job.collection is not None:
        with reading(place.database) as connection:
            pack = get_space(connection, job.collection).pack
    with watch.interruptible(), _opened(place, what) as file:
        seen = place.packs.analyse(file, pack, watch.alive)
    if Task(job.kind) is Task.SEARCH:
        return _searched(place, job, what, seen)
    parts = results.pack(BY_TIME, _by_time(seen.tracks))
    if Task(job.kind) is Task.PERSONS:
        # the clearest view of each comes first
        parts += results.pack(BY_PERSON, _by_person(seen.tracks, clearest=True))
    return _found(seen, JobInfo(seen.info), parts, {})


def _opened(place: Workplace, what: Wanted) -> BinaryIO:
    stored = what.place
    return place.objects.open(stored.bucket, stored.key, stored.version, MAX_BYTES)


def _searched(place: Workplace, job: Job, what: Wanted, seen: VideoAnalysis) -> _Found:
    assert job.collection is not None
    assert what.similarity is not None
    threshold = threshold_at_similarity(place.packs.calibration(seen.space.pack), what.similarity)
    with reading(place.database) as connection:
        templates = load_templates(connection, job.collection)
        seen.space.require(templates.space)
        rows = _search(templates, seen.tracks, threshold)
        ids = {hit.face_id for row in rows for hit in row}
        records = find_faces(connection, job.collection, ids)
    count = len(templates.face_ids)
    matches = [[_matched(hit, records[hit.face_id], threshold) for hit in row] for row in rows]
    parts = results.pack(BY_TIME, _by_time(seen.tracks))
    parts += results.pack(BY_PERSON, _by_person(seen.tracks, clearest=False))
    parts += results.pack(MATCHES, matches)
    summary = _summary(seen, what.similarity, threshold, count)
    detail = {"threshold": what.similarity, "references": count, "faces": sorted(ids)}
    found = _found(seen, JobInfo(seen.info, summary), parts, detail)
    return replace(found, space=templates.space)


def _search(
    templates: GalleryTemplates, tracks: Sequence[Track], threshold: Threshold
) -> list[list[SubjectScore]]:
    if not tracks:
        return []
    # no unit vectors: their products are the means of the scores of all shots
    probes = np.stack([track.template for track in tracks])
    return search_references(templates, probes, threshold.score, MAX_MATCHES)


def _matched(hit: SubjectScore, record: FaceRecord, threshold: Threshold) -> MatchedFace:
    judged = threshold.judge(hit.score)
    return MatchedFace(
        face_id=record.face_id,
        image_sha256=record.image.sha256,
        external_id=record.external_id,
        user=record.user,
        box=record.box,
        confidence=record.confidence,
        similarity=judged.similarity,
        false_match_rate=judged.false_match_rate,
    )


def _summary(
    seen: VideoAnalysis, similarity: float, threshold: Threshold, count: int
) -> SearchSummary:
    expected = threshold.expected_false_candidates(count)
    return SearchSummary(
        space=seen.space,
        similarity=similarity,
        false_match_rate=threshold.false_match_rate,
        references=count,
        expected_false_candidates=expected,
        caution=caution(expected),
    )


def _faces(tracks: Sequence[Track]) -> list[SeenFace]:
    return [
        SeenFace(seen.time_ms, track.person, number, seen.face)
        for number, track in enumerate(tracks)
        for seen in track.observations
    ]


def _by_time(tracks: Sequence[Track]) -> list[SeenFace]:
    return sorted(_faces(tracks), key=lambda seen: (seen.time_ms, seen.person))


def _by_person(tracks: Sequence[Track], *, clearest: bool) -> list[SeenFace]:
    if clearest:
        return sorted(
            _faces(tracks), key=lambda seen: (seen.person, -seen.face.confidence, seen.time_ms)
        )
    return sorted(_faces(tracks), key=lambda seen: (seen.person, seen.time_ms))


def _found(
    seen: VideoAnalysis, known: JobInfo, parts: Sequence[Part], detail: dict[str, Any]
) -> _Found:
    message = _storable("; ".join(seen.warnings)) or None
    ending = Ending(State.SUCCEEDED, message, write(known))
    tracks = len(seen.tracks)
    detail = {"video": seen.sha256, "tracks": tracks} | detail
    return _Found(Worked(ending, tracks), parts, detail)


def _failure(error: Exception, job: Job) -> _Found:
    trouble: Exception | None = None
    if isinstance(error, CollectionNotFoundError):
        message = f"The collection id: {job.collection} does not exist"
    elif isinstance(error, _TOLD):
        message = _storable(str(error))
    else:
        message, trouble = _OURS, error
    ending = Ending(State.FAILED, message)
    return _Found(Worked(ending, 0, trouble), (), {"failed": message})


def _finish(place: Workplace, lease: Lease, found: _Found) -> Worked | None:
    job, ending = lease.job, found.worked.ending
    deed = "identify" if Task(job.kind) is Task.SEARCH else "detect"
    topic = wanted(job).topic
    body = place.tell(job, ending.state)
    with place.database.begin() as connection:
        if not queue.finish(connection, lease, ending):
            return None
        if found.space is not None and job.collection is not None:
            found.space.require(get_space(connection, job.collection))
        results.store(connection, job, found.parts)
        detail = {"job": job.job_id} | found.detail
        events.append(connection, Actor(job.actor), deed, job.collection, detail)
        if topic is not None:
            outbox.add(connection, job.job_id, SNS, topic, body)
        if place.webhook:
            outbox.add(connection, job.job_id, WEBHOOK, "", body)
    return found.worked


def _storable(text: str) -> str:
    """What came from a process that a video may have taken over, as every database takes it."""
    return text.replace("\0", "")[:_LONGEST_MESSAGE]
