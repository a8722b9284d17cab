"""Cameras that are watched against a collection: how they are, and who is before them."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING

from reknown.console.purposes import for_the_purpose, purposes
from reknown.console.rendering import go, page
from reknown.console.words import whole
from reknown.services.galleries.pages import PageRequest
from reknown.services.live.looks import look_through_camera
from reknown.services.live.presence import see_watch, see_watches
from reknown.services.live.watches import start_watch, stop_watch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from reknown.console.visit import Visit
    from reknown.services.live.presence import PersonBefore

_WATCHES = 50
_PAUSE_SECONDS = 600


def cameras(visit: Visit) -> Response:
    """A page of the watches, which follows as that of one camera does; each look is recorded."""
    asked = PageRequest(visit.arrival.query.get("after"), _WATCHES)
    named, goes_on = visit.may("ListUsers"), visit.arrival.partial
    found = see_watches(visit.context, visit.its_collection, asked, named=named, goes_on=goes_on)
    return page(
        visit,
        "cameras.html.j2",
        watches=found.items,
        next=found.next,
        purposes=purposes(visit),
        began=_began(visit),
    )


def look(visit: Visit) -> Response:
    """What a camera sees now; it follows by itself for ten minutes, so that nobody forgets it."""
    name, began = visit.arrival.place["watch"], _began(visit)
    if began is None:
        return page(visit, "look.html.j2", name=name, sight=None)
    sight = look_through_camera(visit.context, name, lambda where: where == visit.its_collection)
    picture = None if sight.picture is None else base64.b64encode(sight.picture).decode()
    return page(
        visit,
        "look.html.j2",
        name=name,
        sight=sight,
        picture=picture,
        present=_present(visit, name),
        began=began,
    )


def start(visit: Visit) -> Response:
    """Has a worker watch on behalf of whoever clicked."""
    name = visit.arrival.place["watch"]
    start_watch(for_the_purpose(visit), name, lambda where: where == visit.its_collection)
    return go(
        "cameras",
        visit.its_collection,
        done=visit.gettext("%(name)s will be watched as soon as a worker has room.", name=name),
    )


def stop(visit: Visit) -> Response:
    """Has its worker end it."""
    name = visit.arrival.place["watch"]
    stop_watch(visit.context, name, lambda where: where == visit.its_collection)
    return go(
        "cameras", visit.its_collection, done=visit.gettext("%(name)s is being stopped.", name=name)
    )


def _began(visit: Visit) -> int | None:
    """Since when the page follows, in Unix seconds, None where that is for long enough."""
    now = int(time.time())
    began = min(whole(visit.arrival.query.get("since", str(now))), now)
    return None if now - began >= _PAUSE_SECONDS else began


def _present(visit: Visit, name: str) -> Sequence[PersonBefore]:
    """Who is there, for those who may see it in the list."""
    if not visit.may("ListStreamProcessors"):
        return ()
    named, goes_on = visit.may("ListUsers"), visit.arrival.partial
    where = visit.its_collection
    return see_watch(visit.context, where, name, named=named, goes_on=goes_on).present
