"""The steps of an upgrade after its preparation: switch, go back, end. All are in the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import UpgradeError
from reknown.gallery import carried, faces, switching, upgrades
from reknown.gallery.collections import claim
from reknown.ledger import log
from reknown.ledger.records import (
    DeleteFacesRecord,
    DiscardUpgradeRecord,
    FinishUpgradeRecord,
    SwitchUpgradeRecord,
    UndoUpgradeRecord,
)
from reknown.services.upgrades.preparation import upgrade_spaces
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.gallery.carried import MissingFace
    from reknown.gallery.upgrades import Upgrade
    from reknown.services.context import Context
    from reknown.storage.database import Connection


@dataclass(frozen=True, slots=True)
class Switched:
    """So many faces have the templates of `upgrade.present` now, and so many were deleted."""

    upgrade: Upgrade
    faces: int
    deleted: int


def switch(context: Context, collection: str, *, delete_missing: bool = False) -> Switched:
    """Puts the new templates in force, in one transaction.

    With `delete_missing` the faces without one are deleted in it, permanently.

    Raises `NotFoundError`, or `UpgradeError` when it was done before or a face has none.
    """
    return _switched(context, collection, back=False, delete_missing=delete_missing)


def undo(context: Context, collection: str, *, delete_missing: bool = False) -> Switched:
    """Puts the former templates in force again; faces enrolled since have none. As `switch`."""
    return _switched(context, collection, back=True, delete_missing=delete_missing)


def finish(context: Context, collection: str) -> Upgrade:
    """Deletes the former templates permanently; raises `NotFoundError`, `UpgradeError`."""
    return _ended(context, collection, switched=True)


def discard(context: Context, collection: str) -> Upgrade:
    """Deletes the new templates, when none is in force; raises as `finish` does."""
    return _ended(context, collection, switched=False)


def list_missing(context: Context, collection: str) -> Iterator[MissingFace]:
    """The faces without a template in the other space; raises `NotFoundError`, `UpgradeError`."""
    with reading(context.database) as connection:
        upgrades.require_upgrade(connection, collection)
        yield from _missing(connection, collection)


def _switched(context: Context, collection: str, *, back: bool, delete_missing: bool) -> Switched:
    with context.database.begin() as connection:
        upgrades.claim_upgrade(connection, collection)
        gone: set[str] = set()
        if delete_missing:
            missing = [face.face_id for face in _missing(connection, collection)]
            gone = faces.delete_faces(connection, collection, missing)
        if gone:
            record = DeleteFacesRecord(tuple(sorted(gone)))
            log.append(connection, context.actor, collection, record)
        count = switching.switch(connection, collection, to_target=not back)
        upgrade = upgrades.require_upgrade(connection, collection)
        kind = UndoUpgradeRecord if back else SwitchUpgradeRecord
        step = kind(*upgrade_spaces(upgrade), count, len(gone))
        log.append(connection, context.actor, collection, step)
    return Switched(upgrade, count, len(gone))


def _ended(context: Context, collection: str, *, switched: bool) -> Upgrade:
    """Deletes portion by portion, so that nobody else has to wait; goes on where it was killed."""
    with context.database.begin() as connection:
        claim(connection, collection)
        upgrade = upgrades.require_upgrade(connection, collection)
        if not upgrade.ending:
            _require(collection, upgrade, switched=switched)
            switching.begin_end(connection, collection)
            kind = FinishUpgradeRecord if switched else DiscardUpgradeRecord
            log.append(connection, context.actor, collection, kind(*upgrade_spaces(upgrade)))
    after: int | None = 0
    while after is not None:
        with context.database.begin() as connection:
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
