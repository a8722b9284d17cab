"""Where database and keyring are, in folders or on servers, and the master key that was given."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from reknown.access.vault import read_mounted_key
from reknown.biometrics.errors import AccessError
from reknown.configuration import DATABASE_PASSWORD, KEYRING_PASSWORD, MASTER_KEY
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


def keyring_of(settings: Settings) -> Path | ServerAddress:
    """Where the keys of templates are: beside the galleries unless said otherwise."""
    if settings.keyring is None:
        return location_of(settings)
    return place_of_keys(settings.keyring, settings)


def place_of_keys(place: Path | DatabaseUrl, settings: Settings) -> Path | ServerAddress:
    """A folder, or a database with the keyring's password."""
    if not isinstance(place, str):
        return place
    password = os.environ.get(KEYRING_PASSWORD) or None
    return ServerAddress(str(place), password, settings.database_connections)


def given_key(settings: Settings) -> str | None:
    """The master key that the environment or `master_key_file` holds, if any; `AccessError`."""
    secret = os.environ.get(MASTER_KEY) or None
    if settings.master_key_file is None:
        return secret
    if secret is not None:
        raise AccessError(f"{MASTER_KEY} and --master-key-file are both set: leave one of them out")
    return read_mounted_key(settings.master_key_file)
