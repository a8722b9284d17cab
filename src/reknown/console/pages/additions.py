"""Photos and films that people add to the archive, and the scan that looks at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.console.own_words import FormError
from reknown.console.pages.jobs import time_left
from reknown.console.rendering import go, page
from reknown.services.archive.additions import add_to_archive, may_add, scan_archive
from reknown.services.archive.scan_jobs import SCAN
from reknown.services.galleries.pages import PageRequest
from reknown.services.videos.stopping import State, list_jobs

if TYPE_CHECKING:
    from starlette.responses import Response

    from reknown.console.visit import IncomingFile, Visit

_SCANS, _REFUSALS = 10, 5


def ask(visit: Visit) -> Response:
    """The form, and the scans of the last days, with how far the one at work is."""
    asked = PageRequest(None, _SCANS)
    scans = list_jobs(visit.context, asked, SCAN, visit.its_collection).items
    at_work = [each for each in scans if each.state is State.OPEN]
    job = at_work[-1] if at_work else None
    return page(
        visit,
        "additions.html.j2",
        uploads=visit.platform.uploads,
        scans=scans,
        job=job,
        left=None if job is None else time_left(visit, job),
    )


def receive(visit: Visit, _name: str, size: int) -> IncomingFile:
    """Where an addition goes."""
    uploads = may_add(visit.context, visit.its_collection)
    uploads.require_disk(size)
    return uploads.begin()


def add(visit: Visit) -> Response:
    """Keeps what can be read, and begins a scan."""
    if not visit.arrival.large:
        raise FormError("choose photos first")
    brought = [(each.name, each.arrived) for each in visit.arrival.large]
    done = add_to_archive(visit.context, visit.its_collection, brought)
    said = [visit.ngettext("%(count)s file added.", "%(count)s files added.", done.kept)]
    if done.refused:
        shown = "; ".join(f"{name}: {why}" for name, why in done.refused[:_REFUSALS])
        said.append(
            visit.ngettext(
                "%(count)s file refused: %(which)s",
                "%(count)s files refused: %(which)s",
                len(done.refused),
                which=shown,
            )
        )
    return go("archive", visit.its_collection, "add", done=" ".join(said))


def rescan(visit: Visit) -> Response:
    """Looks again at what was added."""
    scan_archive(visit.context, visit.its_collection)
    done = visit.gettext("A scan waits for a worker.")
    return go("archive", visit.its_collection, "add", done=done)
