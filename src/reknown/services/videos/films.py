"""Searches of stored films as people look at them: the newest first, and who may be seen when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.biometrics.text import printable
from reknown.jobs import queue
from reknown.ledger.records import UploadRecord
from reknown.services.extras import require_video_support
from reknown.services.videos.identification import SAME_APPEARANCE_MS
from reknown.services.videos.job_records import JobRequest, ObjectPlace, Task, request_of
from reknown.services.videos.jobs import StartRequest, check_start, start_job
from reknown.storage.database import reading
from reknown.storage.paging import Page
from reknown.video.isolation import probe_isolated

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reknown.biometrics.quality_filter import Objection
    from reknown.jobs.queue import Job
    from reknown.objects.uploads import Arriving, Uploads
    from reknown.services.context import Context, Platform
    from reknown.services.galleries.pages import PageRequest
    from reknown.services.videos.job_records import MatchedFace, SeenFace
    from reknown.services.videos.jobs import JobResults

_LONGEST_NAME = 200
_KINDS = frozenset(task.value for task in Task)
# Longer than any upload takes.
_UPLOAD_SECONDS = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class FilmSearch:
    """A job that searches a collection for whom a film shows."""

    job: Job
    place: ObjectPlace


@dataclass(frozen=True, slots=True)
class Brought:
    """A film that somebody uploads: what they call it, and what is wanted of it."""

    collection: str
    similarity: float
    name: str = ""

    def request(self, arrived: Arriving | None = None) -> StartRequest:
        """For a job on it."""
        place = ObjectPlace("", printable(self.name)[:_LONGEST_NAME] or "a film without a name")
        upload = None if arrived is None else arrived.name
        record = None if arrived is None else UploadRecord(arrived.sha256, arrived.size)
        wanted = JobRequest(place, self.similarity, upload=upload)
        return StartRequest(Task.SEARCH, wanted, self.collection, upload=record)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a film without a gap, in milliseconds."""

    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class FilmPerson:
    """Somebody in a film, by the film's own number from 0, in order of time.

    `candidates` are best first, one for each subject, none for somebody unknown. `objections` say
    why the collection was not searched with this face.
    """

    number: int
    stretches: tuple[Stretch, ...]
    candidates: tuple[MatchedFace, ...]
    objections: tuple[Objection, ...] = ()


def may_bring(context: Context, film: Brought, size: int, more: int | None = None) -> Uploads:
    """Where an upload of that size may go, of which `more` is to come.

    Raises what would keep it from being searched.

    That is `InputError` without room for it or where no uploads are taken, and what `start_job`
    raises: before anything is sent in vain.
    """
    uploads = context.platform.uploads
    if uploads is None:
        raise InputError("uploads are not taken here: an operator starts the server with --uploads")
    require_video_support()
    check_start(context, film.request())
    uploads.require_room(size, more)
    return uploads


def search_upload(context: Context, film: Brought, arrived: Arriving) -> str:
    """A job that searches a film which has come whole, and deletes it at its end; the job's id.

    Raises `VideoError` for what is no film, and as `start_job`: then nothing of it is kept.
    """
    probe_isolated(arrived.file)
    arrived.keep()
    try:
        return start_job(context, film.request(arrived))
    except BaseException:
        if context.platform.uploads is not None:
            context.platform.uploads.delete(arrived.name)
        raise


def forget_uploads(platform: Platform) -> int:
    """Deletes uploads that no job waits for; how many. What was killed may leave some."""
    if platform.uploads is None:
        return 0
    wanted: set[str] = set()
    with reading(platform.database) as connection:
        films = (job for job in queue.list_open(connection) if job.kind in _KINDS)
        for job in films:
            upload = request_of(job).upload
            wanted |= {upload} if upload else set()
    return platform.uploads.sweep(wanted, _UPLOAD_SECONDS)


def list_film_searches(context: Context, collection: str, page: PageRequest) -> Page[FilmSearch]:
    """A page of the collection's searches of films, the newest first."""
    kind = Task.SEARCH.value
    with reading(context.database) as connection:
        found = queue.list_newest(connection, kind, collection, page.after, page.limit)
    return Page(tuple(FilmSearch(job, request_of(job).place) for job in found.items), found.next)


def people_of(found: JobResults[SeenFace]) -> tuple[FilmPerson, ...]:
    """Who is seen in these moments; those with candidates come first.

    Faces that the film takes for one person but that resemble two people best are two.
    """
    seen: dict[tuple[object, ...], list[SeenFace]] = {}
    for face in found.entries:
        best = found.matches.get(face.track, ())[:1]
        refused = face.track in found.refusals
        seen.setdefault((face.person, refused, *map(_subject, best)), []).append(face)
    people = [_person(found, faces) for faces in seen.values()]
    return tuple(sorted(people, key=lambda each: (not each.candidates, each.stretches[0].from_ms)))


def _person(found: JobResults[SeenFace], faces: Sequence[SeenFace]) -> FilmPerson:
    tracks = list(dict.fromkeys(face.track for face in faces))
    best: dict[str, MatchedFace] = {}
    matches = (match for track in tracks for match in found.matches.get(track, ()))
    for match in sorted(matches, key=lambda each: -(each.similarity or 0.0)):
        best.setdefault(_subject(match), match)
    against = (objection for track in tracks for objection in found.refusals.get(track, ()))
    return FilmPerson(
        faces[0].person, _stretches(faces), tuple(best.values()), tuple(dict.fromkeys(against))
    )


def _stretches(faces: Iterable[SeenFace]) -> tuple[Stretch, ...]:
    """Someone who is out of sight for less than a second has hardly been away."""
    joined: list[Stretch] = []
    for moment in sorted(face.time_ms for face in faces):
        if joined and moment - joined[-1].to_ms < SAME_APPEARANCE_MS:
            joined[-1] = Stretch(joined[-1].from_ms, moment)
        else:
            joined.append(Stretch(moment, moment))
    return tuple(joined)


def _subject(match: MatchedFace) -> str:
    return match.subject_id or match.face_id
