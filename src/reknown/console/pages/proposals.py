"""Who may be one person: two beside each other, to be made one or kept apart for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.console.rendering import page
from reknown.console.undoing import offered
from reknown.services.archive.proposals import propose_merges

if TYPE_CHECKING:
    from starlette.responses import Response

    from reknown.console.visit import Visit

_PAIRS = 50


def proposals(visit: Visit) -> Response:
    """The most alike of those whom nobody has kept apart."""
    found = propose_merges(visit.context, visit.its_collection, _PAIRS)
    return page(visit, "proposals.html.j2", found=found, undo=offered(visit))
