"""Where the database is: in the data folder, or on a server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from reknown.configuration import DATABASE_PASSWORD
from reknown.storage.server import ServerAddress

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.configuration import DatabaseUrl, Settings


def location_of(settings: Settings) -> Path | ServerAddress:
    """What `open_database` takes."""
    if settings.database is None:
        return settings.data
    return server_at(settings.database, settings.database_connections)


def server_at(url: DatabaseUrl | str, connections: int) -> ServerAddress:
    """With the password that the environment holds, if any."""
    return ServerAddress(str(url), os.environ.get(DATABASE_PASSWORD) or None, connections)
