"""Who could that be? A picture, its faces, and the candidates of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.thresholds import ThresholdChoice
from reknown.console.own_words import FormError
from reknown.console.purposes import for_the_purpose, purposes
from reknown.console.rendering import page
from reknown.console.shown_pictures import data_address
from reknown.console.words import similarity
from reknown.services.searches.images import identify
from reknown.services.searches.search import Query

if TYPE_CHECKING:
    from starlette.responses import Response

    from reknown.biometrics.candidates import CandidateList
    from reknown.console.visit import Visit

_CANDIDATES = 5


@dataclass(frozen=True, slots=True)
class Box:
    """A face of the picture in hundredths of its sides, with its candidates."""

    left: float
    top: float
    width: float
    height: float
    found: CandidateList


def ask(visit: Visit) -> Response:
    """The form."""
    return page(
        visit,
        "identify.html.j2",
        answer=None,
        purposes=purposes(visit),
        uploads=visit.platform.uploads,
    )


def search(visit: Visit) -> Response:
    """The picture with a box a face; it is forgotten with this answer."""
    upload = visit.arrival.uploads.get("picture")
    if upload is None or not upload.data:
        raise FormError("choose a picture first")
    lowest = similarity(visit.arrival.form.get("similarity", ""))
    query = Query(visit.its_collection, ThresholdChoice(lowest), _CANDIDATES)
    done = identify(for_the_purpose(visit), query, upload.data)
    boxes = [
        Box(
            100 * face.box.left,
            100 * face.box.top,
            100 * face.box.width,
            100 * face.box.height,
            found,
        )
        for face, found in done.faces()
    ]
    return page(
        visit,
        "identify.html.j2",
        purposes=purposes(visit),
        uploads=visit.platform.uploads,
        answer=done,
        boxes=boxes,
        picture=data_address(visit, upload.data),
        name=upload.name,
    )
