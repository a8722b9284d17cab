"""Galleries with keyrings, as the platform opens them, without its engines."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from contexts import make_context
from reknown.biometrics.errors import AlreadyExistsError
from reknown.gallery.collections import create_collection
from reknown.services.sealing import opened_keyring, unlock
from reknown.storage.database import close_database, open_database
from reknown.storage.server import ServerAddress
from remains import SPACE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.sealing.keyring import Keyring
    from reknown.services.context import Context


@contextmanager
def gallery(location: str | Path, folder: Path) -> Iterator[tuple[Context, Keyring]]:
    """With the collection `friends`; the master key is in the folder."""
    place = ServerAddress(str(location)) if "://" in str(location) else Path(location)
    folder.mkdir(mode=0o700, exist_ok=True)
    database = open_database(place)
    try:
        with opened_keyring(database, place) as keyring:
            context = make_context(database)
            unlock(context, keyring, folder, None)
            try:
                with database.begin() as connection:
                    create_collection(connection, "friends", SPACE)
            except AlreadyExistsError:
                pass
            yield context, keyring
    finally:
        close_database(database)
