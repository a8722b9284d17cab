"""What operators look at: how long things are kept, and the main figures of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.console.rendering import page
from reknown.services.galleries.collections import list_collections
from reknown.services.galleries.pages import PageRequest
from reknown.services.policies.keeping import read_keeping

if TYPE_CHECKING:
    from starlette.responses import Response

    from reknown.console.visit import Visit

_AT_ONCE = 50


def retention(visit: Visit) -> Response:
    """For each collection what its policy keeps for how long, and what the sweeper does."""
    asked = PageRequest(visit.arrival.query.get("after"), _AT_ONCE)
    found = list_collections(visit.context, asked)
    kept = [(each.name, read_keeping(visit.context, each.name)) for each in found.items]
    return page(visit, "retention.html.j2", kept=kept, next=found.next)


def metrics(visit: Visit) -> Response:
    """The main figures of `/metrics` since the server was started."""
    return page(
        visit,
        "metrics.html.j2",
        measured=visit.metrics.summary(),
        faces=visit.platform.count_faces(),
        jobs=visit.platform.count_jobs(),
    )
