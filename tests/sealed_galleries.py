"""Galleries with keyrings, as the platform opens them, without its engines."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from contexts import make_context
from reknown.biometrics.errors import AlreadyExistsError
from reknown.gallery.collections import create_collection, list_collections
from reknown.gallery.faces import list_faces
from reknown.gallery.users import list_users
from reknown.services.sealing import lent_keyring, opened_keyring, unlock
from reknown.storage.database import close_database, open_database, reading
from reknown.storage.server import ServerAddress
from remains import SPACE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.sealing.keyring import Keyring
    from reknown.services.context import Context
    from reknown.vision.analyze import Engine


@contextmanager
def gallery(
    location: str | Path,
    folder: Path,
    *engines: Engine,
    secret: str | None = None,
    keys: str | Path | None = None,
) -> Iterator[tuple[Context, Keyring]]:
    """With the collection `friends`; the master key is the secret, or in the folder."""
    folder.mkdir(mode=0o700, exist_ok=True)
    database = open_database(place(location))
    try:
        with opened_keyring(database, place(keys or location)) as keyring:
            context = make_context(database, *engines)
            unlock(context, keyring, folder, secret)
            try:
                with database.begin() as connection:
                    create_collection(connection, "friends", engines[0].space if engines else SPACE)
            except AlreadyExistsError:
                pass
            yield context, keyring
    finally:
        close_database(database)


def people_of(data: Path) -> list[tuple[str, str | None, str | None, tuple[str, ...]]]:
    """All people of a data folder: name, image and id of each face, or None, and addresses."""
    database = open_database(data)
    try:
        with lent_keyring(database, data, data, None), reading(database) as connection:
            found: list[tuple[str, str | None, str | None, tuple[str, ...]]] = []
            for collection in list_collections(connection).items:
                for user in list_users(connection, collection.name).items:
                    own = list_faces(connection, collection.name, user=user.name).items
                    urls = user.profile.urls
                    found += [(user.name, face.image.name, face.face_id, urls) for face in own]
                    found += [] if own else [(user.name, None, None, urls)]
            return sorted(found, key=str)
    finally:
        close_database(database)


def place(location: str | Path) -> Path | ServerAddress:
    """A folder, or a database on a server."""
    return ServerAddress(str(location)) if "://" in str(location) else Path(location)
