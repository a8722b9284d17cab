"""What the shell offers after TAB."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer  # noqa: TC002 - typer reads the annotations when it runs

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.storage.database import Connection

Item = TypeVar("Item")
# To find a server out, which is libpq's least.
_PATIENCE = 2


def _read(ask: Callable[[Connection], list[Item]], *, sealed: bool = False) -> list[Item]:
    """What the data folder holds, if there is one: pressing TAB creates nothing.

    With `sealed` the keyring is opened, too.
    """
    from reknown.runtime.location import given_key, keyring_of, location_of
    from reknown.settings import read_settings
    from reknown.storage.database import connect_to, reading
    from reknown.storage.inspection import open_read_only, size_of
    from reknown.storage.modes import DATABASE
    from reknown.storage.server import ServerAddress

    settings = read_settings()
    location = location_of(settings)
    if isinstance(location, ServerAddress):
        database = connect_to(replace(location, seconds=_PATIENCE))
    elif size_of(location)[0]:
        database = open_read_only(location / DATABASE)
    else:
        return []
    with ExitStack() as opened:
        opened.callback(database.dispose)
        if sealed:
            from reknown.services.sealing import lent_keyring

            keys, secret = keyring_of(settings), given_key(settings)
            opened.enter_context(lent_keyring(database, keys, settings.data, secret))
        with reading(database) as connection:
            return ask(connection)


def complete_collection(incomplete: str) -> list[str]:
    """Names of existing collections."""
    try:
        from reknown.gallery.collections import list_collections

        names = _read(lambda c: [found.name for found in list_collections(c).items])
    except Exception:
        return []
    return [name for name in names if name.startswith(incomplete)]


def complete_watch(incomplete: str) -> list[str]:
    """Names of watches."""
    try:
        from reknown.watches.watches import list_watches

        names = _read(lambda c: [found.name for found in list_watches(c, None, 1000).items])
    except Exception:
        return []
    return [name for name in names if name.startswith(incomplete)]


def complete_camera(context: typer.Context, incomplete: str) -> list[str]:
    """Names of the cameras in the file given or configured; the shell completes films."""
    try:
        from reknown.settings import read_settings
        from reknown.video.live.cameras import load_cameras

        file = context.params.get("cameras") or read_settings().worker.cameras
        names = [] if file is None else list(load_cameras(Path(file)))
    except Exception:
        return []
    return [name for name in names if name.startswith(incomplete)]


def complete_pack(incomplete: str) -> list[str]:
    """Names of model packs."""
    try:
        from reknown.cli.session import pack_store

        names = pack_store().names()
    except Exception:
        return []
    return [name for name in names if name.startswith(incomplete)]


def complete_user(context: typer.Context, incomplete: str) -> list[str]:
    """Names of people of the collection."""
    try:
        from reknown.configuration import DEFAULT_COLLECTION
        from reknown.gallery.users import list_users

        collection = context.params.get("collection") or DEFAULT_COLLECTION
        names = _read(
            lambda c: [found.name for found in list_users(c, collection).items], sealed=True
        )
    except Exception:
        return []
    return [name for name in names if name.startswith(incomplete)]


def complete_alert(context: typer.Context, incomplete: str) -> list[str]:
    """People of the collection, behind the name of a list where one was typed."""
    before, equals, who = incomplete.partition("=")
    if not equals:
        return complete_user(context, incomplete)
    return [f"{before}={name}" for name in complete_user(context, who)]


def complete_video(context: typer.Context, incomplete: str) -> list[str]:
    """Names of videos of which the collection keeps tracks."""
    try:
        from reknown.biometrics.sightings import MediumKind
        from reknown.configuration import DEFAULT_COLLECTION
        from reknown.gallery.sightings import SightingChoice, list_sightings

        collection = context.params.get("collection") or DEFAULT_COLLECTION
        kept = SightingChoice(MediumKind.VIDEO)
        page = _read(lambda c: [*list_sightings(c, collection, choice=kept).items])
        names = list(dict.fromkeys(record.sighting.medium.name for record in page))
    except Exception:
        return []
    return [name for name in names if name.startswith(incomplete)]


def complete_operation(incomplete: str) -> list[str]:
    """What can be done, as the ledger calls it."""
    from reknown.ledger.codec import operations

    return [name for name in operations() if name.startswith(incomplete)]
