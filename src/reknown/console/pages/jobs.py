"""Long work on its way: how far it is, and its end before its time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from starlette.responses import Response

from reknown.console.rendering import go, page
from reknown.console.words import rough
from reknown.services.archive.scan_jobs import SCAN
from reknown.services.videos.job_records import Task
from reknown.services.videos.stopping import State, see_job, stop_job

if TYPE_CHECKING:
    from reknown.console.visit import Visit
    from reknown.services.videos.stopping import Job

_ENDED = {"hx-refresh": "true"}


def film(visit: Visit) -> Response:
    """The part of a film's page that says how far its search is."""
    return _progress(visit, Task.SEARCH.value)


def scan(visit: Visit) -> Response:
    """The part of the page of additions that says how far a scan is."""
    return _progress(visit, SCAN)


def _progress(visit: Visit, kind: str) -> Response:
    """Its page is loaded anew when it has ended."""
    job = see_job(visit.context, visit.arrival.place["job"], visit.its_collection, kind)
    if job.state is not State.OPEN:
        return Response(headers=_ENDED)
    return page(visit, "progress.html.j2", job=job, left=time_left(visit, job))


def stop(visit: Visit) -> Response:
    """Ends it; what it has found is not kept."""
    job = stop_job(
        visit.context, visit.arrival.place["job"], lambda name: name == visit.its_collection
    )
    done = visit.gettext("Stopped.")
    if job.kind == SCAN:
        return go("archive", visit.its_collection, "add", done=done)
    return go("films", visit.its_collection, job.job_id, done=done)


def time_left(visit: Visit, job: Job) -> str | None:
    """In words, as far as anybody can tell."""
    if job.progress is None:
        return None
    left = job.progress.left(datetime.now(UTC))
    return None if left is None else rough(visit.arrival.language, left)
