"""The steps of an upgrade: from one template space to the other, back, and to the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from reknown.biometrics.errors import UpgradeError
from reknown.biometrics.text import counted
from reknown.gallery.carried import count_missing
from reknown.gallery.collections import claim
from reknown.gallery.schema import (
    CARRIED,
    collections,
    faces,
    upgrade_losses,
    upgrade_templates,
    upgrades,
)
from reknown.gallery.snapshots import drop_snapshots
from reknown.gallery.upgrades import claim_upgrade, find_upgrade
from reknown.storage.erasure import erase
from reknown.storage.paging import batches

if TYPE_CHECKING:
    from sqlalchemy import Connection

# Faces whose other templates are deleted in one transaction: nobody waits long for it.
_PORTION = 2000


def switch(connection: Connection, collection: str, *, to_target: bool) -> int:
    """Puts the templates of the target in force, or those of the former space again.

    Returns of how many faces. Raises `NotFoundError`, or `UpgradeError` when they are in force
    or a face has none.
    """
    row, upgrade = claim_upgrade(connection, collection)
    if upgrade.switched == to_target:
        raise UpgradeError(f"{collection!r} is made with {upgrade.present.pack} as it is")
    if missing := count_missing(connection, collection):
        raise UpgradeError(
            f"{counted(missing, 'face has', 'faces have')} no template of "
            f"{upgrade.other.pack} in {collection!r}: "
            "--missing lists them; make their templates --from their images, or have them "
            "deleted with --delete-missing"
        )
    source, space = upgrade_templates, upgrade.other
    replaced = connection.execute(
        update(faces)
        .where(faces.c.collection_id == row.id)
        .where(source.c.face == faces.c.id)
        .values(
            {name: source.c[f"{'target' if to_target else 'former'}_{name}"] for name in CARRIED}
        )
    )
    connection.execute(
        update(collections)
        .where(collections.c.id == row.id)
        .values(
            pack=space.pack,
            fingerprint=space.fingerprint,
            dimension=space.dimension,
            replaced=row.revision,
        )
    )
    drop_snapshots(connection, row.id)
    own = upgrades.c.collection == row.id
    connection.execute(update(upgrades).where(own).values(switched=to_target))
    return replaced.rowcount


def begin_end(connection: Connection, collection: str) -> None:
    """From now on there is no way but to the end; raises `NotFoundError`, `UpgradeError`."""
    row, _ = claim_upgrade(connection, collection)
    own = upgrades.c.collection == row.id
    connection.execute(update(upgrades).where(own).values(ending=True))


def end_portion(connection: Connection, collection: str, after: int = 0) -> int | None:
    """Deletes what some faces have beside what is in force, and after the last the upgrade.

    They come `after` those of the portion before; what to pass for the next one, None at the
    end, to which somebody else may have come first. Raises `NotFoundError`.
    """
    owner = claim(connection, collection).id
    upgrade = find_upgrade(connection, collection)
    if upgrade is None or not upgrade.ending:
        return None
    own = select(faces.c.id).where(faces.c.collection_id == owner, faces.c.id > after)
    keys = list(connection.execute(own.order_by(faces.c.id).limit(_PORTION)).scalars())
    for table in (upgrade_templates, upgrade_losses):
        for batch in batches(keys):
            connection.execute(delete(table).where(table.c.face.in_(batch)))
    if keys:
        return int(keys[-1])
    connection.execute(delete(upgrades).where(upgrades.c.collection == owner))
    erase(connection, faces, upgrade_templates, upgrade_losses)
    return None
