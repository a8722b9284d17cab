"""Cameras that are watched against a collection: how they are, and who is before them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.console.purposes import for_the_purpose, purposes
from reknown.console.rendering import go, page
from reknown.services.galleries.pages import PageRequest
from reknown.services.live.presence import see_watches
from reknown.services.live.watches import start_watch, stop_watch

if TYPE_CHECKING:
    from starlette.responses import Response

    from reknown.console.visit import Visit

_WATCHES = 50


def cameras(visit: Visit) -> Response:
    """A page of the watches; each look is recorded."""
    asked = PageRequest(visit.arrival.query.get("after"), _WATCHES)
    found = see_watches(visit.context, visit.its_collection, asked)
    return page(
        visit, "cameras.html.j2", watches=found.items, next=found.next, purposes=purposes(visit)
    )


def start(visit: Visit) -> Response:
    """Has a worker watch on behalf of whoever clicked."""
    name = visit.arrival.place["watch"]
    start_watch(for_the_purpose(visit), name, lambda where: where == visit.its_collection)
    return go(
        "cameras", visit.its_collection, done=visit.gettext("%(name)s was started.", name=name)
    )


def stop(visit: Visit) -> Response:
    """Has its worker end it."""
    name = visit.arrival.place["watch"]
    stop_watch(visit.context, name, lambda where: where == visit.its_collection)
    return go(
        "cameras", visit.its_collection, done=visit.gettext("%(name)s was stopped.", name=name)
    )
