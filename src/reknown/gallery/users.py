"""Users: the subjects that references belong to."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import delete, func, or_, select, update

from reknown.biometrics.errors import AlreadyExistsError, NotFoundError
from reknown.biometrics.records import KnownGender, Profile, UserRecord
from reknown.gallery.collections import claim, require
from reknown.gallery.consents import require_consents
from reknown.gallery.names import normalised, require_text, require_texts, spellings
from reknown.gallery.schema import faces, users
from reknown.storage.clock import now_text
from reknown.storage.erasure import erase
from reknown.storage.paging import Page, batches, fetch_page
from reknown.storage.rows import Columns, among, insert_rows
from reknown.storage.unindexed import unindexed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy import ColumnElement, Connection, Row, Select


def create_user(connection: Connection, collection: str, name: str) -> UserRecord:
    """A new user without faces.

    Raises `NotFoundError`, `AlreadyExistsError`, or `InputError` for names that cannot be stored.
    """
    owner = claim(connection, collection).id
    if _user_id(connection, owner, name) is not None:
        raise AlreadyExistsError(f"user {name!r} already exists in {collection!r}")
    ensure_user(connection, owner, name)
    return get_user(connection, collection, name)


def get_user(connection: Connection, collection: str, name: str) -> UserRecord:
    """One user with the number of its faces; raises `NotFoundError`.

    A name may be spelled otherwise than it is stored, in characters that look the same.
    """
    owner = require(connection, collection).id
    stored = spelled(connection, owner, name)
    row = connection.execute(_users(_of(owner)).where(users.c.name == stored)).one_or_none()
    if row is None:
        raise _missing(collection, name)
    return _user(row)


def has_user(connection: Connection, collection: str, name: str) -> bool:
    """Whether there is a user of this name, however it is spelled; raises `NotFoundError`."""
    owner = require(connection, collection).id
    return _user_id(connection, owner, spelled(connection, owner, name)) is not None


def key_of_user(connection: Connection, collection: str, name: str) -> int:
    """The user's key in the database; raises `NotFoundError`."""
    return _require_user(connection, collection, require(connection, collection).id, name)


def faces_of_user(connection: Connection, collection: str, name: str) -> list[str]:
    """The ids of the user's faces; raises `NotFoundError`."""
    user_id = key_of_user(connection, collection, name)
    return list(
        connection.execute(select(faces.c.face_id).where(faces.c.user_id == user_id)).scalars()
    )


def list_users(
    connection: Connection, collection: str, after: str | None = None, limit: int = 1000
) -> Page[UserRecord]:
    """A page of the users in order of creation; raises `NotFoundError`."""
    query = _users(_of(require(connection, collection).id))
    return fetch_page(connection, query, users.c.id, after, limit, _user)


def find_names(connection: Connection, subject_ids: Iterable[str]) -> Mapping[str, str]:
    """The names of those of these subjects that are still there, by their opaque ids."""
    names: dict[str, str] = {}
    query = select(users.c.subject_id, users.c.name)
    for batch in batches(subject_ids):
        rows = connection.execute(query.where(users.c.subject_id.in_(batch)))
        names.update((row.subject_id, row.name) for row in rows)
    return names


def find_user(connection: Connection, collection: str, subject_id: str) -> UserRecord:
    """The user with this opaque id; raises `NotFoundError`, also where it is of another gallery."""
    owner = require(connection, collection).id
    query = _users(unindexed(users.c.collection_id) == owner)
    row = connection.execute(query.where(users.c.subject_id == subject_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no user of the id {subject_id} in {collection!r}")
    return _user(row)


def find_profiles(connection: Connection, subject_ids: Iterable[str]) -> Mapping[str, Profile]:
    """What is told of those of these subjects that are still there, by their opaque ids."""
    found: dict[str, Profile] = {}
    query = select(users.c.subject_id, users.c.urls, users.c.known_gender)
    for batch in batches(subject_ids):
        rows: Iterable[Row[Any]] = connection.execute(query.where(users.c.subject_id.in_(batch)))
        found.update((row.subject_id, _profile(row)) for row in rows)
    return found


def set_profile(connection: Connection, collection: str, name: str, profile: Profile) -> UserRecord:
    """Tells this of a user in place of what was told before; raises `NotFoundError`."""
    owner = claim(connection, collection).id
    user_id = _require_user(connection, collection, owner, name)
    gender = profile.known_gender
    values = {
        "urls": json.dumps(profile.urls) if profile.urls else None,
        "known_gender": None if gender is None else gender.value,
    }
    connection.execute(update(users).where(users.c.id == user_id).values(values))
    erase(connection, users)
    return get_user(connection, collection, name)


def delete_user(connection: Connection, collection: str, name: str) -> None:
    """Deletes the user and leaves its faces without one; raises `NotFoundError`."""
    row = claim(connection, collection)
    user_id = _require_user(connection, collection, row.id, name)
    own = update(faces).where(faces.c.user_id == user_id)
    if connection.execute(own.values(user_id=None, revision=row.revision)).rowcount:
        require_consents(connection, row, [None])
    connection.execute(delete(users).where(users.c.id == user_id))
    erase(connection, users)


def associate_faces(
    connection: Connection, collection: str, user: str, face_ids: Iterable[str]
) -> set[str]:
    """Gives the faces to the user; returns those that are its own now.

    Left out are faces that are not there or belong to another user. Raises `NotFoundError`.
    """
    row = claim(connection, collection)
    user_id = _require_user(connection, collection, row.id, user)
    require_consents(connection, row, [user_id])
    own, owner = unindexed(faces.c.collection_id) == row.id, unindexed(faces.c.user_id)
    values = {"user_id": user_id, "revision": row.revision}
    return _assign(connection, face_ids, values, own, or_(owner.is_(None), owner == user_id))


def disassociate_faces(
    connection: Connection, collection: str, user: str, face_ids: Iterable[str]
) -> set[str]:
    """Takes the faces from the user; returns those that were its own. Raises `NotFoundError`."""
    row = claim(connection, collection)
    user_id = _require_user(connection, collection, row.id, user)
    values = {"user_id": None, "revision": row.revision}
    taken = _assign(connection, face_ids, values, unindexed(faces.c.user_id) == user_id)
    if taken:
        require_consents(connection, row, [None])
    return taken


def rename_user(connection: Connection, collection: str, name: str, new: str) -> UserRecord:
    """Gives the user another name; it stays the same subject with the same faces.

    Raises `NotFoundError`, `AlreadyExistsError` where another user has that name, `InputError`.
    """
    row = claim(connection, collection)
    user_id = _require_user(connection, collection, row.id, name)
    require_text("a user's name", new)
    if _user_id(connection, row.id, spelled(connection, row.id, new)) not in {None, user_id}:
        raise AlreadyExistsError(f"user {new!r} already exists in {collection!r}: merge them")
    connection.execute(update(users).where(users.c.id == user_id).values(name=new))
    own = update(faces).where(faces.c.user_id == user_id)
    connection.execute(own.values(revision=row.revision))
    erase(connection, users)
    return get_user(connection, collection, new)


def move_faces(
    connection: Connection, collection: str, face_ids: Iterable[str], user: str | None
) -> set[str]:
    """Gives the faces to the user, or to nobody, no matter who has them; returns those found.

    Makes the user if it is missing. Raises `NotFoundError`, `InputError` for its name.
    """
    row = claim(connection, collection)
    user_id = None
    if user is not None:
        user_id = ensure_user(connection, row.id, user)
    require_consents(connection, row, [user_id])
    own = unindexed(faces.c.collection_id) == row.id
    values = {"user_id": user_id, "revision": row.revision}
    return _assign(connection, face_ids, values, own)


def spelled(connection: Connection, owner: int, name: str) -> str:
    """The user's name as it is stored in the collection `owner`, normalised where it is not.

    It may be stored in other characters that look the same, as long as not in both.
    """
    forms = spellings(name)
    if len(forms) == 1:
        return name
    query = select(users.c.name).where(users.c.collection_id == owner, users.c.name.in_(forms))
    known = set(connection.execute(query).scalars())
    return next((form for form in forms if form in known), normalised(name))


def ensure_user(connection: Connection, owner: int, name: str) -> int:
    """The key of a user of the claimed collection `owner`, made if missing."""
    return ensure_users(connection, owner, [name])[name]


def ensure_users(connection: Connection, owner: int, names: Collection[str]) -> dict[str, int]:
    """The keys of users of the claimed collection `owner` by these names, made if missing."""
    require_texts("a user's name", names)
    forms = {name: spellings(name) for name in names}
    known = _stored_ids(connection, owner, chain.from_iterable(forms.values()))
    stored = {
        name: next((form for form in its if form in known), normalised(name))
        for name, its in forms.items()
    }
    missing = sorted({name for name in stored.values() if name not in known})
    if missing:
        newest = connection.execute(select(func.max(users.c.id))).scalar() or 0
        own = {"name": missing, "subject_id": [str(uuid4()) for _ in missing]}
        common = {"collection_id": owner, "created_at": now_text()}
        insert_rows(connection, users, Columns(common, own))
        made = select(users.c.name, users.c.id).where(users.c.id > newest)
        rows = connection.execute(made.where(unindexed(users.c.collection_id) == owner))
        known.update((row.name, row.id) for row in rows)
    return {name: known[its] for name, its in stored.items()}


def keys_of_users(
    connection: Connection, collection: str, names: Collection[str]
) -> dict[str, int]:
    """The keys of these users of the collection; raises `NotFoundError`, also for one of them."""
    owner = require(connection, collection).id
    forms = {name: spellings(name) for name in names}
    known = _stored_ids(connection, owner, chain.from_iterable(forms.values()))
    keys: dict[str, int] = {}
    for name, its in forms.items():
        stored = next((form for form in its if form in known), None)
        if stored is None:
            raise _missing(collection, name)
        keys[name] = known[stored]
    return keys


def user_key(owner: int, name: str) -> Select[int]:
    """Asks for the key of a user of the collection `owner`."""
    return select(users.c.id).where(users.c.collection_id == owner, users.c.name == name)


def _assign(
    connection: Connection,
    face_ids: Iterable[str],
    values: dict[str, int | None],
    *conditions: ColumnElement[bool],
) -> set[str]:
    moved: set[str] = set()
    for batch in batches(face_ids):
        chosen = update(faces).where(faces.c.face_id.in_(batch), *conditions)
        statement = chosen.values(values).returning(faces.c.face_id)
        moved.update(connection.execute(statement).scalars())
    return moved


def _stored_ids(connection: Connection, owner: int, names: Iterable[str]) -> dict[str, int]:
    query = select(users.c.name, users.c.id).where(users.c.collection_id == owner)
    rows = connection.execute(query.where(among(connection, users.c.name, set(names))))
    return {row.name: row.id for row in rows}


def _user_id(connection: Connection, owner: int, name: str) -> int | None:
    return connection.execute(user_key(owner, name)).scalar_one_or_none()


def _require_user(connection: Connection, collection: str, owner: int, name: str) -> int:
    found = _user_id(connection, owner, spelled(connection, owner, name))
    if found is None:
        raise _missing(collection, name)
    return found


def _missing(collection: str, name: str) -> NotFoundError:
    return NotFoundError(f"user {name!r} does not exist in {collection!r}: list its users")


def _of(owner: int) -> ColumnElement[bool]:
    return users.c.collection_id == owner


def _users(own: ColumnElement[bool]) -> Select[Any]:
    count = select(func.count()).select_from(faces).where(faces.c.user_id == users.c.id)
    query = select(users, count.scalar_subquery().label("faces"))
    return query.where(own)


def _user(row: Row[Any]) -> UserRecord:
    created_at = datetime.fromisoformat(row.created_at)
    return UserRecord(row.name, row.faces, created_at, row.subject_id, _profile(row))


def _profile(row: Row[Any]) -> Profile:
    gender = None if row.known_gender is None else KnownGender(row.known_gender)
    return Profile(tuple(json.loads(row.urls or "[]")), gender)
