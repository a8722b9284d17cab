"""Model packs: what they are, under which licence, how large."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.console.rendering import page

if TYPE_CHECKING:
    from starlette.responses import Response

    from reknown.console.visit import Visit


def packs(visit: Visit) -> Response:
    """All that are known, installed or not."""
    return page(visit, "packs.html.j2", packs=visit.platform.engines.summaries())
