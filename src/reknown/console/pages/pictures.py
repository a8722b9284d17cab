"""Small pictures of stored faces, cut from the original files when these can be reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from reknown.biometrics.errors import ImageError, NotFoundError
from reknown.console.words import whole
from reknown.services.archive.views import view_group, view_sighting
from reknown.services.galleries.face_images import picture_of, portrait_of
from reknown.services.images.pixels import small_jpeg
from reknown.services.reviews.views import view_probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.console.visit import Visit
    from reknown.services.galleries.face_images import ShownFace

_SIDE = 192
# By this browser alone, for this visit: what is deleted is not shown for long.
_KEPT = {"cache-control": "private, max-age=60"}
_NONE = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" '
    b'fill="#8884"/><circle cx="32" cy="25" r="11" fill="#888a"/><path d="M10 60c2-16 12-21 22-21'
    b's20 5 22 21z" fill="#888a"/></svg>'
)


def face(visit: Visit) -> Response:
    """One face."""
    return _picture(lambda: picture_of(visit.context, visit.its_collection, _place(visit, "face")))


def person(visit: Visit) -> Response:
    """A person, by the first face whose image is found."""
    return _picture(
        lambda: portrait_of(visit.context, visit.its_collection, _place(visit, "subject"))
    )


def sighting(visit: Visit) -> Response:
    """A face that was seen."""
    return _jpeg(
        view_sighting(visit.context, visit.its_collection, _place(visit, "sighting"), _SIDE)
    )


def probe(visit: Visit) -> Response:
    """What a case was searched with, if that is stored."""
    return _jpeg(view_probe(visit.context, visit.its_collection, _place(visit, "case"), _SIDE))


def group(visit: Visit) -> Response:
    """Somebody unknown, by the best face whose file is there."""
    number = whole(_place(visit, "number"))
    return _jpeg(view_group(visit.context, visit.its_collection, number, _SIDE))


def _place(visit: Visit, name: str) -> str:
    return visit.arrival.place[name]


def _picture(find: Callable[[], ShownFace | None]) -> Response:
    """What was found, small."""
    try:
        shown = find()
    except (ImageError, NotFoundError):
        shown = None
    if shown is None or shown.pixels is None:
        return _jpeg(b"")
    return _jpeg(small_jpeg(shown.pixels, _SIDE))


def _jpeg(data: bytes) -> Response:
    """The picture, or a drawing where there is none to be had."""
    if data:
        return Response(data, media_type="image/jpeg", headers=_KEPT)
    return Response(_NONE, media_type="image/svg+xml", headers=_KEPT)
