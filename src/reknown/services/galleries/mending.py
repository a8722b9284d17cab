"""Wrong names mended: a person renamed, two made one, single faces given to whom they show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.gallery import apart, faces, groups, users
from reknown.gallery.collections import claim
from reknown.gallery.names import normalised
from reknown.gallery.templates import templates_of_user
from reknown.ledger import log
from reknown.ledger.records import (
    KeepUsersApartRecord,
    MergeUsersRecord,
    MoveFacesRecord,
    RenameUserRecord,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.biometrics.records import FaceRecord, UserRecord
    from reknown.services.context import Context
    from reknown.storage.database import Connection


@dataclass(frozen=True, slots=True)
class Merging:
    """Who is gone, `merged`, with what was told of it; who has its `faces`, as they were, now.

    `groups` are the numbers of the groups of sightings that bore its name.
    """

    merged: UserRecord
    into: str
    faces: tuple[FaceRecord, ...]
    groups: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Moving:
    """The faces moved as they were before, and the ids that are not there.

    `to` is who has them now, None for nobody, `made` whether that person is new. `left_empty`
    are people who have no face any more.
    """

    moved: tuple[FaceRecord, ...]
    absent: tuple[str, ...]
    to: str | None
    made: bool
    left_empty: tuple[str, ...]


def rename_user(context: Context, collection: str, name: str, new: str) -> tuple[str, str]:
    """Gives a person another name; the old one and the new one as they were and are stored.

    Raises `NotFoundError`, `AlreadyExistsError` where another person has the new name,
    `InputError`.
    """
    with context.database.begin() as connection:
        claim(connection, collection)
        old = users.get_user(connection, collection, name).name
        renamed = rename(connection, context, collection, old, normalised(new))
    return old, renamed.name


def rename(
    connection: Connection, context: Context, collection: str, old: str, new: str
) -> UserRecord:
    """The same in a transaction that does more."""
    renamed = users.rename_user(connection, collection, old, new)
    log.append(connection, context.actor, collection, RenameUserRecord(renamed.subject_id))
    return renamed


def merge_users(context: Context, collection: str, name: str, into: str) -> Merging:
    """Gives all faces and named sightings of a person to another one and deletes the first.

    Raises `NotFoundError` for either, `InputError` where both are one.
    """
    with context.database.begin() as connection:
        claim(connection, collection)
        gone = users.get_user(connection, collection, name)
        kept = users.get_user(connection, collection, into)
        if gone.subject_id == kept.subject_id:
            raise InputError(f"{name!r} and {into!r} are the same person already")
        own = tuple(templates_of_user(connection, collection, gone.name).face_ids)
        found = faces.find_faces(connection, collection, own)
        users.move_faces(connection, collection, own, kept.name)
        seen = tuple(groups.groups_of(connection, collection, gone.name))
        for number in seen:
            groups.name_group(connection, collection, number, kept.name)
        keys = (users.key_of_user(connection, collection, its.name) for its in (gone, kept))
        apart.hand_over_user(connection, *keys)
        users.delete_user(connection, collection, gone.name)
        record = MergeUsersRecord(kept.subject_id, gone.subject_id, own, seen)
        log.append(connection, context.actor, collection, record)
    return Merging(gone, kept.name, tuple(found[face_id] for face_id in own), seen)


def keep_users_apart(
    context: Context, collection: str, name: str, other: str, *, undo: bool = False
) -> None:
    """Says that two people are never one, so that nobody proposes it; or takes that back.

    Raises `NotFoundError`, `InputError`.
    """
    with context.database.begin() as connection:
        apart.keep_users_apart(connection, collection, name, other, apart=not undo)
        one, two = (users.get_user(connection, collection, each) for each in (name, other))
        record = KeepUsersApartRecord(one.subject_id, two.subject_id, not undo)
        log.append(connection, context.actor, collection, record)


def move_faces(
    context: Context, collection: str, face_ids: Sequence[str], to: str | None
) -> Moving:
    """Gives faces to a person, made if missing, or to nobody; whose they were does not matter.

    Raises `NotFoundError` for the collection, `InputError` for a name that cannot be stored.
    """
    wanted = tuple(dict.fromkeys(face_ids))
    with context.database.begin() as connection:
        owner = claim(connection, collection).id
        known = faces.find_faces(connection, collection, wanted)
        moved = tuple(known[face_id] for face_id in wanted if face_id in known)
        name = None if to is None else users.spelled(connection, owner, to)
        before = {face.user for face in moved if face.user != name} - {None}
        made = bool(moved) and move(connection, context, collection, moved, name)
        counted = (users.get_user(connection, collection, user or "") for user in before)
        empty = tuple(sorted(user.name for user in counted if not user.faces))
    absent = tuple(face_id for face_id in wanted if face_id not in known)
    return Moving(moved, absent, name, made, empty)


def move(
    connection: Connection,
    context: Context,
    collection: str,
    moved: Sequence[FaceRecord],
    to: str | None,
) -> bool:
    """The same in a transaction that does more; whether the person is new."""
    made = to is not None and not users.has_user(connection, collection, to)
    ids = tuple(face.face_id for face in moved)
    users.move_faces(connection, collection, ids, to)
    subject_id = None if to is None else users.get_user(connection, collection, to).subject_id
    former = tuple(face.subject_id for face in moved)
    log.append(connection, context.actor, collection, MoveFacesRecord(subject_id, ids, former))
    return made
