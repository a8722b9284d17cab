"""Faces on their way to another template space: those carried, and those lost on the way."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, exists, func, insert, literal, select

from reknown.biometrics.errors import UpgradeError
from reknown.biometrics.geometry import BoundingBox
from reknown.gallery.collections import require
from reknown.gallery.faces import check_faces, face_values
from reknown.gallery.naming import FACE, USER, name_in, names_of
from reknown.gallery.schema import CARRIED, images, upgrade_losses, upgrade_templates, users
from reknown.gallery.schema import faces as faces_table
from reknown.gallery.sealed import RecordKind, context, seal_again
from reknown.gallery.upgrades import claim_upgrade
from reknown.storage.paging import Page, batches, fetch_page
from reknown.storage.unindexed import unindexed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Row

    from reknown.biometrics.records import NewFace
    from reknown.biometrics.templates import TemplateSpace
    from reknown.gallery.upgrades import Upgrade

_BOX = ("box_left", "box_top", "box_width", "box_height")


class LossReason(Enum):
    """Why a face cannot be carried."""

    IMAGE_NOT_FOUND = "picture not found"
    UNREADABLE = "picture unreadable"
    UNDETECTED = "face not found again"


@dataclass(frozen=True, slots=True)
class Loss:
    """A face that cannot be carried; `detail` may be empty."""

    face_id: str
    reason: LossReason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PlacedFace:
    """A stored face and where it is in its image, in the space in force.

    `open` says that it is still to be carried.
    """

    face_id: str
    box: BoundingBox
    open: bool


@dataclass(frozen=True, slots=True)
class MissingFace:
    """A face without a template in the other space; `reason` is None before it was looked for."""

    face_id: str
    user: str | None
    picture: str
    sha256: str
    reason: LossReason | None
    detail: str


@dataclass(frozen=True, slots=True)
class Tally:
    """How many faces there are, are carried, and are not, by reason.

    `unseen` were not looked for yet; `bare_users` have faces, none of them carried.
    """

    faces: int
    carried: int
    lost: Mapping[LossReason, int]
    unseen: int
    bare_users: int

    @property
    def missing(self) -> int:
        """The faces that are not carried."""
        return self.faces - self.carried


def carry(
    connection: Connection,
    collection: str,
    space: TemplateSpace,
    faces: Sequence[NewFace],
    losses: Sequence[Loss],
) -> None:
    """Keeps what stored faces, named by their `face_id`, are in the other space, or are not.

    What was deleted meanwhile is passed over. Raises `NotFoundError`, `InputError`, or
    `UpgradeError` when this is not the other space any more.
    """
    row, upgrade = claim_upgrade(connection, collection)
    if upgrade.other.fingerprint != space.fingerprint:
        raise UpgradeError(
            f"{collection!r} has been switched to {upgrade.present.pack} meanwhile: "
            "`reknown collections upgrade` without a step shows how far it is"
        )
    check_faces(faces, space)
    made = {str(face.face_id): face for face in faces}
    lost = {loss.face_id: loss for loss in losses}
    for batch in batches([*made, *lost]):
        stored = _stored(connection, row.id, batch)
        _forget(connection, [face.id for face in stored])
        _keep(connection, row.id, stored, made, upgrade)
        _note(connection, stored, lost)


def carry_nothing(connection: Connection, collection: str, newest: int) -> None:
    """Notes of what is still open, up to the `newest` face, that its image was not found.

    Raises `NotFoundError`, `UpgradeError`.
    """
    row, _ = claim_upgrade(connection, collection)
    reason, detail = literal(LossReason.IMAGE_NOT_FOUND.value), literal("")
    query = select(faces_table.c.id, reason, detail).where(
        faces_table.c.collection_id == row.id,
        faces_table.c.id <= newest,
        ~is_carried(),
        ~exists().where(upgrade_losses.c.face == faces_table.c.id),
    )
    connection.execute(insert(upgrade_losses).from_select(["face", "reason", "detail"], query))


def open_faces(connection: Connection, collection: str, sha256: str) -> list[PlacedFace]:
    """All faces of an image, if any of them is still to be carried; raises `NotFoundError`."""
    columns = [faces_table.c[name] for name in ("face_id", *_BOX)]
    # by the image, not by the collection, whose faces are many
    query = (
        select(*columns, _is_open().label("open"))
        .join_from(images, faces_table, faces_table.c.image_id == images.c.id)
        .where(images.c.collection_id == require(connection, collection).id)
        .where(images.c.sha256 == sha256)
        .order_by(faces_table.c.id)
    )
    rows = connection.execute(query).all()
    if not any(row.open for row in rows):
        return []
    boxes = (BoundingBox(*(getattr(row, name) for name in _BOX)) for row in rows)
    pairs = zip(rows, boxes, strict=True)
    return [PlacedFace(row.face_id, box, bool(row.open)) for row, box in pairs]


def count_open(connection: Connection, collection: str) -> int:
    """How many faces are still to be carried; raises `NotFoundError`."""
    return _count(connection, collection, _is_open())


def count_missing(connection: Connection, collection: str) -> int:
    """How many faces are not carried; raises `NotFoundError`."""
    return _count(connection, collection, ~is_carried())


def tally(connection: Connection, collection: str) -> Tally:
    """How far the collection is; raises `NotFoundError`."""
    owner = require(connection, collection).id
    reasons = (
        select(upgrade_losses.c.reason, func.count())
        .join_from(faces_table, upgrade_losses, upgrade_losses.c.face == faces_table.c.id)
        .where(faces_table.c.collection_id == owner)
        .group_by(upgrade_losses.c.reason)
    )
    lost = {LossReason(reason): count for reason, count in connection.execute(reasons)}
    theirs = faces_table.c.user_id == users.c.id
    bare = select(func.count()).where(
        users.c.collection_id == owner,
        exists().where(theirs),
        ~exists().where(theirs, upgrade_templates.c.face == faces_table.c.id),
    )
    carried = _count(connection, collection, is_carried())
    missing = count_missing(connection, collection)
    return Tally(
        faces=carried + missing,
        carried=carried,
        lost={reason: lost[reason] for reason in LossReason if reason in lost},
        unseen=missing - sum(lost.values()),
        bare_users=connection.execute(bare).scalar_one(),
    )


def list_missing(
    connection: Connection, collection: str, after: str | None = None, limit: int = 1000
) -> Page[MissingFace]:
    """A page of the faces that are not carried, in order of enrolment; raises `NotFoundError`."""
    query = (
        select(
            *USER,
            *FACE,
            images.c.sha256,
            upgrade_losses.c.reason,
            upgrade_losses.c.detail,
        )
        .join_from(faces_table, images, faces_table.c.image_id == images.c.id)
        .outerjoin(users, users.c.id == faces_table.c.user_id)
        .outerjoin(upgrade_losses, upgrade_losses.c.face == faces_table.c.id)
        .where(faces_table.c.collection_id == require(connection, collection).id, ~is_carried())
    )
    page = fetch_page(connection, query, faces_table.c.id, after, limit, lambda row: row)
    owners, named = names_of(connection, page.items)
    missing = (
        _missing(row, names.image, name_in(owners, row.user_subject_id))
        for row, names in zip(page.items, named, strict=True)
        if names is not None
    )
    return Page(tuple(missing), page.next)


def is_carried() -> ColumnElement[bool]:
    """Whether a face of a query has both templates."""
    return exists().where(upgrade_templates.c.face == faces_table.c.id)


def _stored(connection: Connection, owner: int, face_ids: Sequence[str]) -> Sequence[Row[Any]]:
    """What those of these faces that are there are in the space in force."""
    columns = [faces_table.c[name] for name in ("id", "face_id", "sealing_key", *CARRIED)]
    query = select(*columns).where(faces_table.c.face_id.in_(face_ids))
    return connection.execute(query.where(unindexed(faces_table.c.collection_id) == owner)).all()


def _forget(connection: Connection, keys: Sequence[int]) -> None:
    for table in (upgrade_templates, upgrade_losses) if keys else ():
        statement = delete(table).where(table.c.face == bindparam("key"))
        connection.execute(statement, [{"key": key} for key in keys])


def _keep(
    connection: Connection,
    owner: int,
    stored: Sequence[Row[Any]],
    made: Mapping[str, NewFace],
    upgrade: Upgrade,
) -> None:
    present, other = ("target", "former") if upgrade.switched else ("former", "target")
    rows: list[dict[str, Any]] = []
    faces = [face for face in stored if face.face_id in made]
    values = [face_values(made[face.face_id]) for face in faces]
    sealed = seal_again(
        connection,
        RecordKind.FACE,
        [face.sealing_key for face in faces],
        [value["template"] for value in values],
        [
            context(RecordKind.FACE, owner, upgrade.other.fingerprint, face.face_id)
            for face in faces
        ],
    )
    for face, value, template in zip(faces, values, sealed, strict=True):
        row = {f"{other}_{name}": value[name] for name in CARRIED}
        row |= {f"{present}_{name}": getattr(face, name) for name in CARRIED}
        rows.append(row | {"face": face.id, f"{other}_template": template})
    if rows:
        connection.execute(insert(upgrade_templates), rows)


def _note(connection: Connection, stored: Sequence[Row[Any]], lost: Mapping[str, Loss]) -> None:
    rows = [
        {"face": face.id, "reason": loss.reason.value, "detail": loss.detail}
        for face in stored
        if (loss := lost.get(face.face_id))
    ]
    if rows:
        connection.execute(insert(upgrade_losses), rows)


def _count(connection: Connection, collection: str, condition: ColumnElement[bool]) -> int:
    own = faces_table.c.collection_id == require(connection, collection).id
    query = select(func.count()).select_from(faces_table).where(own, condition)
    return int(connection.execute(query).scalar_one())


def _is_open() -> ColumnElement[bool]:
    """Not carried, and not lost for a reason that another look would not change."""
    settled = upgrade_losses.c.reason != LossReason.IMAGE_NOT_FOUND.value
    return ~is_carried() & ~exists().where(upgrade_losses.c.face == faces_table.c.id, settled)


def _missing(row: Row[Any], picture: str, user: str | None) -> MissingFace:
    reason = None if row.reason is None else LossReason(row.reason)
    detail = row.detail or ""
    return MissingFace(row.face_id, user, picture, row.sha256, reason, detail)
