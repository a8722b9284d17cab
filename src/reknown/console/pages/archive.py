"""In which pictures and films of the archive was this face, or this person, seen?"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

from reknown.biometrics.errors import ReknownError
from reknown.biometrics.thresholds import caution
from reknown.console.own_words import FormError
from reknown.console.purposes import for_the_purpose, purposes
from reknown.console.rendering import page
from reknown.console.words import local_moment, similarity
from reknown.reporting.tables import CsvWriter
from reknown.services.searches.sighting_tables import COLUMNS, sighting_row
from reknown.services.searches.sightings import (
    FIT,
    archive_threshold,
    find_person,
    open_sightings,
    search_sightings,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from reknown.console.visit import Visit
    from reknown.services.searches.sightings import FaceSearch, PersonSearch, SightingMatch

# With their table they stay below the size that pages may have.
_MOST = 150


def ask(visit: Visit) -> Response:
    """The form, filled in as its address says; only who sends it searches."""
    asked = visit.arrival.query
    return page(visit, "archive.html.j2", asked=asked, purposes=purposes(visit), answer=None)


def search(visit: Visit) -> Response:
    """What was found, best first, with the same as a table; a picture is forgotten with this."""
    found = _found(visit)
    return page(
        visit,
        "archive.html.j2",
        asked=visit.arrival.form,
        purposes=purposes(visit),
        answer=found,
        caution=caution(found.gallery.expected_false_candidates),
        full=len(found.matches) == _MOST,
        table=_table(found.matches),
    )


def _found(visit: Visit) -> FaceSearch | PersonSearch:
    form, upload = visit.arrival.form, visit.arrival.uploads.get("picture")
    person, picture = form.get("person", "").strip(), b"" if upload is None else upload.data
    if bool(person) == bool(picture):
        raise FormError("write a person's name or choose a picture, and not both")
    context, collection = for_the_purpose(visit), visit.its_collection
    threshold = archive_threshold(similarity(form.get("similarity", "")))
    choice = replace(
        FIT,
        since=local_moment(form.get("since", "")),
        until=local_moment(form.get("until", "")),
        fit=form.get("any_quality") != "on",
    )
    if person:
        return find_person(context, collection, person, threshold, choice, _MOST)
    gallery = open_sightings(context, collection, threshold, choice)
    ((_, found),) = search_sightings(context, gallery, [picture], _MOST)
    if isinstance(found, ReknownError):
        raise found
    return found


def _table(matches: Sequence[SightingMatch]) -> str:
    """The address of a table with the names of files, never where they lie."""
    written = BytesIO()
    rows = (sighting_row(each, each.record.sighting.medium.name) for each in matches)
    CsvWriter(written, COLUMNS).write(rows)
    return f"data:text/csv;base64,{b64encode(written.getvalue()).decode()}"
