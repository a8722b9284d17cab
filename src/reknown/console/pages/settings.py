"""What operators look after: who may do what, and the stop of all searches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.console.rendering import go, page
from reknown.services.history import last_backup
from reknown.services.policies.stops import resume_searches, stop_searches

if TYPE_CHECKING:
    from starlette.responses import Response

    from reknown.console.visit import Visit


def settings(visit: Visit) -> Response:
    """Where everything is that can be set."""
    return _shown(visit)


def stop(visit: Visit) -> Response:
    """Nobody searches anything."""
    stop_searches(visit.context, None, visit.given("reason"))
    return go("settings")


def resume(visit: Visit) -> Response:
    """Searches go on, but of collections that are stopped by name."""
    resume_searches(visit.context, None)
    return go("settings", done=visit.gettext("The stop of all searches is taken back."))


def again(visit: Visit, error: str) -> Response:
    """What is wrong with the stop."""
    return _shown(visit, error)


def _shown(visit: Visit, error: str | None = None) -> Response:
    backup = last_backup(visit.context.database)
    return page(visit, "settings.html.j2", error=error, backup=backup)
