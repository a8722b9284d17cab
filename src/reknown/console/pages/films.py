"""Stored films: searched for the people of a collection, and looked at along their time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from reknown.biometrics.thresholds import DEFAULT_SIMILARITY
from reknown.console.own_words import FormError
from reknown.console.pages.jobs import time_left
from reknown.console.purposes import for_the_purpose, purposes
from reknown.console.rendering import go, page, to
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
from reknown.services.videos.pieces import SentFile, add_piece, forget_pieces, waiting_bytes
from reknown.services.videos.stored import ObjectFolder, list_buckets, list_stored_films

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
        bucket=visit.arrival.query.get("bucket", ""),
        film=visit.arrival.query.get("film", ""),
        uploads=visit.platform.uploads,
        searches=found.items,
        next=found.next,
        waiting=any(each.job.state is State.OPEN for each in found.items),
    )


def start(visit: Visit) -> Response:
    """A search of a stored film, done by the workers."""
    wanted = similarity(visit.arrival.form.get("similarity", ""))
    bucket, _ = visit.given("bucket"), visit.given("film")
    place = ObjectPlace(bucket, visit.arrival.form["film"])  # names may begin with a space
    request = JobRequest(place, DEFAULT_SIMILARITY if wanted is None else wanted)
    start_job(
        for_the_purpose(visit), StartRequest(Task.SEARCH, request, collection=visit.its_collection)
    )
    done = visit.gettext("The search of %(film)s has begun.", film=place.key)
    return go("films", visit.its_collection, done=done)


def buckets(visit: Visit) -> Response:
    """Where films may lie that are stored already."""
    return page(visit, "buckets.html.j2", buckets=list_buckets(visit.context))


def stored(visit: Visit) -> Response:
    """A page of what lies in a folder of a bucket, to choose a film from."""
    query = visit.arrival.query
    where = ObjectFolder(
        visit.arrival.place["bucket"],
        query.get("folder", ""),
        query.get("beginning", ""),
        query.get("after"),
    )
    found = list_stored_films(visit.context, where)
    return page(
        visit,
        "stored_films.html.j2",
        where=where,
        way=_way(where),
        folders=found.folders,
        films=found.films,
        next=found.next,
    )


def _way(where: ObjectFolder) -> Sequence[tuple[str, str]]:
    """The bucket and each folder down to this one, by name."""
    names = where.folder.split("/")[:-1]
    parents = ("".join(f"{each}/" for each in names[: depth + 1]) for depth in range(len(names)))
    return [(where.bucket, ""), *zip(names, parents, strict=True)]


def receive(visit: Visit, name: str, size: int) -> IncomingFile:
    """Where an uploaded film goes, unless it could not be searched anyway."""
    return may_bring(for_the_purpose(visit), _brought(visit, name), size).begin()


def upload(visit: Visit) -> Response:
    """A search of a film that somebody brought; it is forgotten when it has been searched."""
    if not visit.arrival.large:
        raise FormError("choose a film first")
    found = visit.arrival.large[0]
    film = _brought(visit, found.name)
    job = search_upload(for_the_purpose(visit), film, found.arrived)
    done = visit.gettext("The film has come; its search has begun.")
    return go("films", visit.its_collection, job, done=done)


def waiting(visit: Visit) -> Response:
    """How much of a film has come that is sent in pieces."""
    asked = visit.arrival.query
    film = _brought(visit, asked.get("name", ""))
    length = waiting_bytes(visit.context, visit.vault, film, _file(asked))
    return JSONResponse({"length": length})


def piece(visit: Visit) -> Response:
    """Another piece of it, and the search once it is whole."""
    form, sent = visit.arrival.form, visit.arrival.uploads.get("piece")
    if sent is None:
        raise FormError("choose a film first")
    film, start = _brought(visit, form.get("name", "")), whole(visit.given("start"))
    work = for_the_purpose(visit)
    done = add_piece(work, visit.vault, film, _file(form), start, sent.data)
    if isinstance(done, int):
        return JSONResponse({"length": done})
    said = visit.gettext("The film has come; its search has begun.")
    return JSONResponse({"next": to("films", visit.its_collection, done, done=said)})


def forget(visit: Visit) -> Response:
    """Deletes what has come of it."""
    film = _brought(visit, visit.arrival.form.get("name", ""))
    forget_pieces(visit.context, visit.vault, film, _file(visit.arrival.form))
    return JSONResponse({"length": 0})


def _file(asked: Mapping[str, str]) -> SentFile:
    return SentFile(whole(asked.get("size", "")), asked.get("modified", ""))


def _brought(visit: Visit, name: str) -> Brought:
    wanted = similarity(visit.arrival.form.get("similarity", ""))
    return Brought(visit.its_collection, DEFAULT_SIMILARITY if wanted is None else wanted, name)


def film(visit: Visit) -> Response:
    """Who may be seen in one film, and when; each look is recorded."""
    first = whole(visit.arrival.query.get("after") or "0")
    wanted = ResultRequest(Task.SEARCH, visit.arrival.place["job"], range(first, first + _MOMENTS))
    found = read_job(visit.context, wanted, lambda name: name == visit.its_collection)
    everybody = people_of(found)
    people = everybody[:_PEOPLE]
    return page(
        visit,
        "film.html.j2",
        found=found,
        left=time_left(visit, found.job),
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
