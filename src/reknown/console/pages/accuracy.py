"""What is known of how often searches of a collection go wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.console.rendering import page
from reknown.services.galleries.accuracy import read_accuracy

if TYPE_CHECKING:
    from starlette.responses import Response

    from reknown.console.visit import Visit


def accuracy(visit: Visit) -> Response:
    """The thresholds of the pack, and what they come to at today's size."""
    return page(visit, "accuracy.html.j2", known=read_accuracy(visit.context, visit.its_collection))
