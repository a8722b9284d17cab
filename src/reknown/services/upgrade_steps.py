"""The steps of an upgrade after its preparation: switch, go back, end. All are in the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import UpgradeError
from reknown.gallery import carried, faces, switching, upgrades
from reknown.gallery.collections import claim
from reknown.ledger import events
from reknown.services.upgrade import spaces_detail
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.gallery.carried import MissingFace
    from reknown.gallery.upgrades import Upgrade
    from reknown.ledger.actor import Actor
    from reknown.storage.database import Connection, Database


@dataclass(frozen=True, slots=True)
class Switched:
    """So many faces have the templates of `upgrade.present` now, and so many were deleted."""

    upgrade: Upgrade
    faces: int
    deleted: int


def switch(
    database: Database, collection: str, actor: Actor, *, delete_missing: bool = False
) -> Switched:
    """Puts the new templates in force, in one transaction.

    With `delete_missing` the faces without one are deleted in it, for good.

    Raises `NotFoundError`, or `UpgradeError` when it was done before or a face has none.
    """
    return _switched(database, collection, actor, back=False, delete_missing=delete_missing)


def undo(
    database: Database, collection: str, actor: Actor, *, delete_missing: bool = False
) -> Switched:
    """Puts the former templates in force again; faces enrolled since have none. As `switch`."""
    return _switched(database, collection, actor, back=True, delete_missing=delete_missing)


def finish(database: Database, collection: str, actor: Actor) -> Upgrade:
    """Deletes the former templates for good; raises `NotFoundError`, `UpgradeError`."""
    return _ended(database, collection, actor, switched=True)


def discard(database: Database, collection: str, actor: Actor) -> Upgrade:
    """Deletes the new templates, when none is in force; raises as `finish` does."""
    return _ended(database, collection, actor, switched=False)


def list_missing(database: Database, collection: str) -> Iterator[MissingFace]:
    """The faces without a template in the other space; raises `NotFoundError`, `UpgradeError`."""
    with reading(database) as connection:
        upgrades.require_upgrade(connection, collection)
        yield from _missing(connection, collection)


def _switched(
    database: Database, collection: str, actor: Actor, *, back: bool, delete_missing: bool
) -> Switched:
    with database.begin() as connection:
        upgrades.claim_upgrade(connection, collection)
        gone: set[str] = set()
        if delete_missing:
            missing = [face.face_id for face in _missing(connection, collection)]
            gone = faces.delete_faces(connection, collection, missing)
        if gone:
            events.append(connection, actor, "delete faces", collection, {"faces": sorted(gone)})
        count = switching.switch(connection, collection, to_target=not back)
        upgrade = upgrades.require_upgrade(connection, collection)
        detail = {**spaces_detail(upgrade), "faces": count, "deleted": len(gone)}
        deed = "undo upgrade" if back else "switch upgrade"
        events.append(connection, actor, deed, collection, detail)
    return Switched(upgrade, count, len(gone))


def _ended(database: Database, collection: str, actor: Actor, *, switched: bool) -> Upgrade:
    """Deletes portion by portion, so that nobody else has to wait; goes on where it was killed."""
    with database.begin() as connection:
        claim(connection, collection)
        upgrade = upgrades.require_upgrade(connection, collection)
        if not upgrade.ending:
            _require(collection, upgrade, switched=switched)
            switching.begin_end(connection, collection)
            deed = "finish upgrade" if switched else "discard upgrade"
            events.append(connection, actor, deed, collection, spaces_detail(upgrade))
    after: int | None = 0
    while after is not None:
        with database.begin() as connection:
            after = switching.end_portion(connection, collection, after)
    return upgrade


def _require(collection: str, upgrade: Upgrade, *, switched: bool) -> None:
    if upgrade.switched == switched:
        return
    if upgrade.switched:
        raise UpgradeError(
            f"{collection!r} is switched to {upgrade.target.pack}: finish the upgrade to keep "
            "that, or undo the switch before what is prepared is discarded"
        )
    raise UpgradeError(
        f"{collection!r} is not switched to {upgrade.target.pack}: switch it first, or discard "
        "what is prepared"
    )


def _missing(connection: Connection, collection: str) -> Iterator[MissingFace]:
    after: str | None = None
    while True:
        page = carried.list_missing(connection, collection, after)
        yield from page.items
        after = page.next
        if after is None:
            return
