"""The way of a collection from one template space to another: which, and how far it is.

While it is on its way each face that is carried (`carried.py`) has its template in both spaces,
and the collection can be switched from one to the other and back (`switching.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from reknown.biometrics.errors import UpgradeError
from reknown.biometrics.templates import TemplateSpace
from reknown.gallery.collections import claim, require, space_of
from reknown.gallery.schema import upgrades
from reknown.storage.clock import now_text

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row


@dataclass(frozen=True, slots=True)
class Upgrade:
    """From which space to which; `switched` says that the target is in force.

    `ending` says that what is not in force is being deleted, and nothing else can be done.
    """

    former: TemplateSpace
    target: TemplateSpace
    switched: bool
    ending: bool
    started_at: datetime

    @property
    def present(self) -> TemplateSpace:
        """The space in force."""
        return self.target if self.switched else self.former

    @property
    def other(self) -> TemplateSpace:
        """The space that is not in force."""
        return self.former if self.switched else self.target


def find_upgrade(connection: Connection, collection: str) -> Upgrade | None:
    """The upgrade that the collection is on, if any; raises `NotFoundError`."""
    return _find(connection, require(connection, collection).id)


def require_upgrade(connection: Connection, collection: str) -> Upgrade:
    """The upgrade that the collection is on; raises `NotFoundError`, `UpgradeError`."""
    found = find_upgrade(connection, collection)
    if found is None:
        raise UpgradeError(
            f"{collection!r} is on its way to no other model pack: begin with --from PEOPLE"
        )
    return found


def claim_upgrade(connection: Connection, collection: str) -> tuple[Row[Any], Upgrade]:
    """The claimed row of the collection, and its upgrade, which has not come to its end.

    Raises `NotFoundError`, `UpgradeError`.
    """
    row = claim(connection, collection)
    upgrade = require_upgrade(connection, collection)
    _require_open(collection, upgrade)
    return row, upgrade


def begin_upgrade(connection: Connection, collection: str, other: TemplateSpace) -> Upgrade:
    """The upgrade to this space, or back to it once switched; begun unless it was already.

    Raises `NotFoundError`, `SpaceMismatchError` when the pack has changed since it was begun, or
    `UpgradeError` when the collection is there already, on another way or at the end of one.
    """
    row = claim(connection, collection)
    found = _find(connection, row.id)
    if found is None:
        return _begin(connection, row, other)
    _require_open(collection, found)
    if found.other.pack != other.pack:
        raise UpgradeError(
            f"{collection!r} is on its way from {found.former.pack} to {found.target.pack}: "
            f"go on with {found.other.pack}, or {'--finish' if found.switched else '--discard'} "
            "that first"
        )
    found.other.require(other)
    return found


def _begin(connection: Connection, row: Row[Any], target: TemplateSpace) -> Upgrade:
    if row.fingerprint == target.fingerprint:
        raise UpgradeError(f"{row.name!r} is made with {row.pack} already: name another pack")
    values = {
        "collection": row.id,
        **_columns("former", space_of(row)),
        **_columns("target", target),
        "switched": False,
        "ending": False,
        "started_at": now_text(),
    }
    made = connection.execute(insert(upgrades).values(values).returning(*upgrades.c)).one()
    return _upgrade(made)


def _columns(which: str, space: TemplateSpace) -> dict[str, str | int]:
    return {
        f"{which}_pack": space.pack,
        f"{which}_fingerprint": space.fingerprint,
        f"{which}_dimension": space.dimension,
    }


def _find(connection: Connection, owner: int) -> Upgrade | None:
    query = select(upgrades).where(upgrades.c.collection == owner)
    row = connection.execute(query).one_or_none()
    return None if row is None else _upgrade(row)


def _require_open(collection: str, upgrade: Upgrade) -> None:
    if upgrade.ending:
        raise UpgradeError(
            f"the upgrade of {collection!r} is at its end: complete it with --finish"
        )


def _upgrade(row: Row[Any]) -> Upgrade:
    return Upgrade(
        TemplateSpace(row.former_pack, row.former_fingerprint, row.former_dimension),
        TemplateSpace(row.target_pack, row.target_fingerprint, row.target_dimension),
        row.switched,
        row.ending,
        datetime.fromisoformat(row.started_at),
    )
