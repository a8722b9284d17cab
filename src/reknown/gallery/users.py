"""Users: the subjects that references belong to."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import and_, bindparam, delete, func, or_, select, update

from reknown.biometrics.errors import AlreadyExistsError, NotFoundError
from reknown.biometrics.records import Profile, UserRecord
from reknown.gallery.collections import claim, require
from reknown.gallery.consents import require_consents
from reknown.gallery.names import normalised, require_text, require_texts, spellings
from reknown.gallery.naming import (
    USER,
    UserNames,
    changed_user,
    name_keys,
    names_of_users,
    new_users,
)
from reknown.gallery.schema import faces, users
from reknown.storage.clock import now_text
from reknown.storage.erasure import erase
from reknown.storage.paging import Page, batches, fetch_lines
from reknown.storage.rows import Columns, among_wanted, as_wanted, driver_rows, insert_rows
from reknown.storage.unindexed import unindexed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Select


def create_user(connection: Connection, collection: str, name: str) -> UserRecord:
    """A new user without faces.

    Raises `NotFoundError`, `AlreadyExistsError`, or `InputError` for names that cannot be stored.
    """
    owner = claim(connection, collection).id
    if find_user_key(connection, owner, name) is not None:
        raise AlreadyExistsError(f"user {name!r} already exists in {collection!r}")
    ensure_user(connection, owner, name)
    return get_user(connection, collection, name)


def get_user(connection: Connection, collection: str, name: str) -> UserRecord:
    """One user with the number of its faces; raises `NotFoundError`.

    A name may be spelled otherwise than it is stored, in characters that look the same.
    """
    owner, forms = require(connection, collection).id, spellings(name)
    stored = name_keys(connection, owner, forms)
    values = {"owner": owner, "wanted": as_wanted(connection, [*forms, *stored.values()])}
    found = driver_rows(connection.execute(_named(connection.dialect.name), values))
    told = {user.name: user for user in _told(connection, found)}
    for form in forms:
        if form in told:
            return told[form]
    raise _missing(collection, name)


def has_user(connection: Connection, collection: str, name: str) -> bool:
    """Whether there is a user of this name, however it is spelled; raises `NotFoundError`."""
    owner = require(connection, collection).id
    return find_user_key(connection, owner, name) is not None


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
    page = fetch_lines(connection, query, users.c.id, after, limit)
    return Page(tuple(_told(connection, page.items)), page.next)


def find_names(connection: Connection, subject_ids: Iterable[str]) -> Mapping[str, str]:
    """The names of those of these subjects that are still there, by their opaque ids."""
    told = _find_told(connection, subject_ids)
    return {subject_id: names.name for subject_id, names in told.items()}


def subjects_of_keys(connection: Connection, keys: Iterable[int]) -> Mapping[int, tuple[str, str]]:
    """Opaque ids and names of those of these users that are there, by their keys."""
    subjects = _subjects_of(connection, keys)
    names = find_names(connection, subjects.values())
    return {key: (each, names[each]) for key, each in subjects.items() if each in names}


def find_user(connection: Connection, collection: str, subject_id: str) -> UserRecord:
    """The user with this opaque id; raises `NotFoundError`, also where it is of another gallery."""
    owner = require(connection, collection).id
    query = _users(unindexed(users.c.collection_id) == owner)
    query = query.where(users.c.subject_id == subject_id)
    found = _told(connection, driver_rows(connection.execute(query)))
    if not found:
        raise NotFoundError(f"there is no user of the id {subject_id} in {collection!r}")
    return found[0]


def find_profiles(connection: Connection, subject_ids: Iterable[str]) -> Mapping[str, Profile]:
    """What is told of those of these subjects that are still there, by their opaque ids."""
    told = _find_told(connection, subject_ids)
    return {subject_id: names.profile for subject_id, names in told.items()}


def set_profile(connection: Connection, collection: str, name: str, profile: Profile) -> UserRecord:
    """Tells this of a user in place of what was told before; raises `NotFoundError`."""
    owner = claim(connection, collection).id
    user = get_user(connection, collection, name)
    _change(connection, owner, user, UserNames(user.name, profile.urls, profile.known_gender))
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
    if find_user_key(connection, row.id, new) not in {None, user_id}:
        raise AlreadyExistsError(f"user {new!r} already exists in {collection!r}: merge them")
    user = get_user(connection, collection, name)
    told = UserNames(new, user.profile.urls, user.profile.known_gender)
    _change(connection, row.id, user, told)
    own = update(faces).where(faces.c.user_id == user_id)
    connection.execute(own.values(revision=row.revision))
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
    known = _stored_ids(connection, owner, forms)
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
        made = {str(uuid4()): UserNames(name) for name in missing}
        common = {"collection_id": owner, "created_at": now_text()}
        insert_rows(connection, users, Columns(common, new_users(connection, owner, made)))
        query = select(users.c.subject_id, users.c.id).where(users.c.id > newest)
        rows = connection.execute(query.where(unindexed(users.c.collection_id) == owner))
        known.update((made[row.subject_id].name, row.id) for row in rows)
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


def subject_ids_of(
    connection: Connection, collection: str, names: Collection[str]
) -> dict[str, str]:
    """The opaque ids of these users of the collection; raises as `keys_of_users` does."""
    keys = keys_of_users(connection, collection, names)
    subjects = _subjects_of(connection, keys.values())
    return {name: subjects[key] for name, key in keys.items()}


def find_user_key(connection: Connection, owner: int, name: str) -> int | None:
    """The key of a user of the collection `owner`, however its name is spelled."""
    forms = spellings(name)
    known = _stored_ids(connection, owner, forms)
    return next((known[form] for form in forms if form in known), None)


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
    """By name the keys of those of these users that are there, spelled so."""
    wanted = set(names)
    hashed = name_keys(connection, owner, wanted)
    name_of = {key: name for name, key in hashed.items()}
    values = {"owner": owner, "wanted": as_wanted(connection, [*wanted, *name_of])}
    rows = driver_rows(connection.execute(_stored(connection.dialect.name), values))
    told = ((name_of.get(key) if sealed else key, number) for key, number, sealed in rows)
    return {name: number for name, number in told if name in wanted}


def _subjects_of(connection: Connection, keys: Iterable[int]) -> dict[int, str]:
    subjects: dict[int, str] = {}
    for batch in batches(keys):
        query = select(users.c.id, users.c.subject_id).where(users.c.id.in_(batch))
        subjects.update((row.id, row.subject_id) for row in connection.execute(query))
    return subjects


def _change(connection: Connection, owner: int, user: UserRecord, told: UserNames) -> None:
    its = users.c.subject_id == user.subject_id
    number = connection.execute(select(users.c.sealing_key).where(its)).scalar_one()
    values = changed_user(connection, owner, user.subject_id, number, told)
    connection.execute(update(users).where(its).values(values))
    erase(connection, users)


def _find_told(connection: Connection, subject_ids: Iterable[str]) -> dict[str, UserNames]:
    told: dict[str, UserNames] = {}
    for batch in batches(subject_ids):
        query = select(*USER).where(users.c.subject_id.in_(batch))
        told.update(names_of_users(connection, connection.execute(query).all()))
    return told


def _require_user(connection: Connection, collection: str, owner: int, name: str) -> int:
    found = find_user_key(connection, owner, name)
    if found is None:
        raise _missing(collection, name)
    return found


def _missing(collection: str, name: str) -> NotFoundError:
    return NotFoundError(f"user {name!r} does not exist in {collection!r}: list its users")


def _of(owner: int) -> ColumnElement[bool]:
    return users.c.collection_id == owner


@cache
def _stored(dialect: str) -> Select[Any]:
    """The users `wanted` of `owner`, by what they have as `name_key`; made once, as is the next."""
    query = select(users.c.name_key, users.c.id, users.c.sealed_names.is_not(None))
    return query.where(_of_owner(dialect))


@cache
def _named(dialect: str) -> Select[Any]:
    return _users(_of_owner(dialect))


def _of_owner(dialect: str) -> ColumnElement[bool]:
    wanted = among_wanted(dialect, users.c.name_key)
    return and_(users.c.collection_id == bindparam("owner"), wanted)


def _users(own: ColumnElement[bool]) -> Select[Any]:
    """Users as columns in the order of `_told`."""
    count = select(func.count()).select_from(faces).where(faces.c.user_id == users.c.id)
    query = select(*USER, users.c.created_at, count.scalar_subquery().label("faces"))
    return query.where(own)


def _told(connection: Connection, lines: Sequence[tuple[Any, ...]]) -> list[UserRecord]:
    """Those that are still there."""
    told = names_of_users(connection, lines)
    found = []
    for line in lines:
        names, (created_at, count) = told.get(line[0]), line[len(USER) : len(USER) + 2]
        if names is not None:
            since = datetime.fromisoformat(created_at)
            found.append(UserRecord(names.name, count, since, line[0], names.profile))
    return found
