"""The single photos and films of an archive, to be looked through and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.console.own_words import FormError
from reknown.console.rendering import go, page
from reknown.services.archive.files import delete_from_archive, list_archive, was_added
from reknown.services.galleries.pages import PageRequest

if TYPE_CHECKING:
    from starlette.responses import Response

    from reknown.console.visit import Visit

_FILES = 60


def files(visit: Visit) -> Response:
    """A page of them."""
    asked = PageRequest(visit.arrival.query.get("after"), _FILES)
    found = list_archive(visit.context, visit.its_collection, asked)
    added = {each.medium.sha256 for each in found.items if was_added(visit.its_collection, each)}
    return page(visit, "files.html.j2", files=found.items, next=found.next, added=added)


def delete(visit: Visit) -> Response:
    """Chosen ones, for good."""
    chosen = visit.chosen("file")
    if not chosen:
        raise FormError("choose one file at least")
    done = delete_from_archive(visit.context, visit.its_collection, chosen)
    said = [
        visit.ngettext(
            "%(count)s file is deleted.", "%(count)s files are deleted.", len(done.deleted)
        ),
        visit.ngettext(
            "%(count)s face is gone with them.",
            "%(count)s faces are gone with them.",
            len(done.sightings),
        ),
    ]
    if done.left:
        left = visit.ngettext(
            "%(count)s file lies in a folder of the operator: the next scan reads it anew.",
            "%(count)s files lie in a folder of the operator: the next scan reads them anew.",
            len(done.left),
        )
        said.append(left)
    return go("archive", visit.its_collection, "files", done=" ".join(said))
