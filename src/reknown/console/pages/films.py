"""Stored films: searched for the people of a collection, and looked at along their time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.biometrics.thresholds import DEFAULT_SIMILARITY
from reknown.console.pages.jobs import time_left
from reknown.console.purposes import for_the_purpose, purposes
from reknown.console.rendering import go, page
from reknown.console.words import similarity, whole
from reknown.services.galleries.pages import PageRequest
from reknown.services.videos.films import (
    Brought,
    list_film_searches,
    may_bring,
    people_of,
    search_upload,
)
from reknown.services.videos.job_records import JobRequest, ObjectPlace, Task
from reknown.services.videos.jobs import ResultRequest, StartRequest, State, read_job, start_job

if TYPE_CHECKING:
    from starlette.responses import Response

    from reknown.console.visit import IncomingFile, Visit
    from reknown.services.videos.films import FilmPerson
    from reknown.services.videos.job_records import SeenFace
    from reknown.services.videos.jobs import JobResults

_FILMS = 50
# What is shown at once: moments that are read, people, and for each of these.
_MOMENTS = 5000
_PEOPLE, _STRETCHES, _CANDIDATES = 30, 20, 3
# A film's time is drawn in so many parts.
_PARTS = 200


def films(visit: Visit) -> Response:
    """The form, and a page of the searches, the newest first."""
    asked = PageRequest(visit.arrival.query.get("after"), _FILMS)
    found = list_film_searches(visit.context, visit.its_collection, asked)
    return page(
        visit,
        "films.html.j2",
        purposes=purposes(visit),
        stored=visit.platform.has_objects,
        uploads=visit.platform.uploads,
        searches=found.items,
        next=found.next,
        waiting=any(each.job.state is State.OPEN for each in found.items),
    )


def start(visit: Visit) -> Response:
    """A search of a stored film, done by the workers."""
    wanted = similarity(visit.arrival.form.get("similarity", ""))
    place = ObjectPlace(visit.given("bucket"), visit.given("film"))
    request = JobRequest(place, DEFAULT_SIMILARITY if wanted is None else wanted)
    start_job(
        for_the_purpose(visit), StartRequest(Task.SEARCH, request, collection=visit.its_collection)
    )
    return go("films", visit.its_collection, done=f"The search of {place.key} has begun.")


def receive(visit: Visit, name: str, size: int) -> IncomingFile:
    """Where an uploaded film goes, unless it could not be searched anyway."""
    return may_bring(for_the_purpose(visit), _brought(visit, name), size).begin()


def upload(visit: Visit) -> Response:
    """A search of a film that somebody brought; it is forgotten when it has been searched."""
    if not visit.arrival.large:
        raise InputError("choose a film first")
    found = visit.arrival.large[0]
    film = _brought(visit, found.name)
    job = search_upload(for_the_purpose(visit), film, found.arrived)
    return go("films", visit.its_collection, job, done="The film has come; its search has begun.")


def _brought(visit: Visit, name: str) -> Brought:
    wanted = similarity(visit.arrival.form.get("similarity", ""))
    return Brought(visit.its_collection, DEFAULT_SIMILARITY if wanted is None else wanted, name)


def film(visit: Visit) -> Response:
    """Who may be seen in one film, and when; each look is recorded."""
    first = whole(visit.arrival.query.get("after") or "0", "a moment")
    wanted = ResultRequest(Task.SEARCH, visit.arrival.place["job"], range(first, first + _MOMENTS))
    found = read_job(visit.context, wanted, lambda name: name == visit.its_collection)
    everybody = people_of(found)
    people = everybody[:_PEOPLE]
    return page(
        visit,
        "film.html.j2",
        found=found,
        left=time_left(found.job),
        people=people,
        drawn={each.number: _drawn(each, found) for each in people},
        parts_drawn=_PARTS,
        unlisted=len(everybody) - len(people),
        next=str(first + _MOMENTS) if found.more else None,
        stretches=_STRETCHES,
        candidates=_CANDIDATES,
    )


def _drawn(person: FilmPerson, found: JobResults[SeenFace]) -> str:
    """When somebody is seen as a path of boxes, 1 high, over the film's time."""
    length = 0 if found.info is None else found.info.video.duration_ms
    seen: set[int] = set()
    for each in person.stretches:
        first, last = (
            min(moment * _PARTS // max(length, 1), _PARTS - 1)
            for moment in (each.from_ms, each.to_ms)
        )
        seen.update(range(first, last + 1))
    return "".join(f"M{part} 0h1v1h-1z" for part in sorted(seen))
