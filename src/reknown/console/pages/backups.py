"""Backups: which were made, and another one where the operator allows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.console.pages.jobs import time_left
from reknown.console.rendering import go, page
from reknown.services.backups.jobs import last_backup_job, start_backup, stop_backup
from reknown.services.history import list_backups

if TYPE_CHECKING:
    from starlette.responses import Response

    from reknown.console.visit import Visit


def backups(visit: Visit) -> Response:
    """Those that the ledger knows of, and the one that is being made."""
    return again(visit, None)


def again(visit: Visit, error: str | None) -> Response:
    """The same, with why none is made."""
    last = last_backup_job(visit.context)
    return page(
        visit,
        "backups.html.j2",
        backups=list_backups(visit.context.database),
        allowed=visit.platform.backups.folder is not None,
        last=last,
        left=time_left(visit, last.job) if last else None,
        error=error,
    )


def start(visit: Visit) -> Response:
    """Begins another one."""
    start_backup(visit.context)
    return go("settings", "backups", done=visit.gettext("The backup has begun."))


def stop(visit: Visit) -> Response:
    """Ends the one that is being made."""
    stop_backup(visit.context)
    return go("settings", "backups", done=visit.gettext("The backup is being stopped."))
