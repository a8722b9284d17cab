"""Keeping galleries: collections, users and faces. Every change is in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from reknown.biometrics.errors import AlreadyExistsError, NotFoundError, QuotaError
from reknown.gallery import collections, faces, users
from reknown.ledger import events
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from reknown.biometrics.records import Collection, FaceRecord, UserRecord
    from reknown.biometrics.templates import TemplateSpace
    from reknown.ledger.actor import Actor
    from reknown.ledger.events import Event
    from reknown.storage.database import Connection, Database
    from reknown.storage.paging import Page

Item = TypeVar("Item")

# https://docs.aws.amazon.com/rekognition/latest/APIReference/API_TagResource.html
MAX_TAGS = 200


def get_collection(database: Database, name: str) -> Collection:
    """One collection with its counts; raises `NotFoundError`."""
    with reading(database) as connection:
        return collections.get_collection(connection, name)


def list_collections(database: Database) -> Iterator[Collection]:
    """All collections, oldest first."""
    return _all(database, collections.list_collections)


def create_collection(
    database: Database, name: str, space: TemplateSpace, tags: Mapping[str, str], actor: Actor
) -> Collection:
    """A new, empty collection; raises `AlreadyExistsError` or `InputError`."""
    with database.begin() as connection:
        made = collections.create_collection(connection, name, space, tags)
        detail = {"space": space.fingerprint, "pack": space.pack, "tags": dict(tags)}
        events.append(connection, actor, "create collection", name, detail)
    return made


def ensure_collection(database: Database, name: str, space: TemplateSpace, actor: Actor) -> None:
    """Makes the collection unless it is there; raises `SpaceMismatchError` if it is another's."""
    try:
        existing = get_collection(database, name)
    except NotFoundError:
        try:
            existing = create_collection(database, name, space, {}, actor)
        except AlreadyExistsError:  # another process was first
            existing = get_collection(database, name)
    existing.space.require(space)


def delete_collection(database: Database, name: str, actor: Actor) -> None:
    """Deletes it with all its faces and users; raises `NotFoundError`."""
    with database.begin() as connection:
        collections.delete_collection(connection, name)
        events.append(connection, actor, "delete collection", name, {})


def change_tags(
    database: Database, name: str, tags: Mapping[str, str], removed: Sequence[str], actor: Actor
) -> Collection:
    """Sets `tags` and drops those with the keys `removed`.

    Raises `NotFoundError`, `QuotaError` for too many tags, `InputError`.
    """
    with database.begin() as connection:
        collections.set_tags(connection, name, tags)
        collections.remove_tags(connection, name, removed)
        changed = collections.get_collection(connection, name)
        if len(changed.tags) > MAX_TAGS:
            raise QuotaError(f"a collection has {MAX_TAGS} tags at most")
        detail = {"set": dict(tags), "removed": list(removed)}
        events.append(connection, actor, "tag collection", name, detail)
    return changed


def list_users(database: Database, collection: str) -> Iterator[UserRecord]:
    """All users, oldest first; raises `NotFoundError`."""
    return _all(database, lambda c, after: users.list_users(c, collection, after))


def delete_user(
    database: Database, collection: str, name: str, *, keep_faces: bool, actor: Actor
) -> int:
    """Deletes a user with its faces, or leaves these without one; how many faces are gone.

    Raises `NotFoundError`.
    """
    with database.begin() as connection:
        gone: set[str] = set()
        if not keep_faces:
            own = _pages(lambda after: faces.list_faces(connection, collection, after, user=name))
            gone = faces.delete_faces(connection, collection, [face.face_id for face in own])
        users.delete_user(connection, collection, name)
        detail = {"user": name, "faces": sorted(gone)}
        events.append(connection, actor, "delete user", collection, detail)
    return len(gone)


def list_faces(
    database: Database, collection: str, user: str | None = None
) -> Iterator[FaceRecord]:
    """All faces, of all users or of one, oldest first; raises `NotFoundError`."""
    return _all(database, lambda c, after: faces.list_faces(c, collection, after, user=user))


def delete_faces(
    database: Database, collection: str, face_ids: Sequence[str], actor: Actor
) -> set[str]:
    """Deletes the faces; returns those that were there. Raises `NotFoundError`."""
    with database.begin() as connection:
        gone = faces.delete_faces(connection, collection, face_ids)
        events.append(connection, actor, "delete faces", collection, {"faces": sorted(gone)})
    return gone


def list_events(database: Database, collection: str | None = None) -> Iterator[Event]:
    """The ledger, oldest event first."""
    after = 0
    with reading(database) as connection:
        while page := events.read(connection, after, collection=collection):
            yield from page
            after = page[-1].id


def _all(
    database: Database, fetch: Callable[[Connection, str | None], Page[Item]]
) -> Iterator[Item]:
    with reading(database) as connection:
        yield from _pages(lambda after: fetch(connection, after))


def _pages(fetch: Callable[[str | None], Page[Item]]) -> Iterator[Item]:
    after: str | None = None
    while True:
        page = fetch(after)
        yield from page.items
        if page.next is None:
            return
        after = page.next
