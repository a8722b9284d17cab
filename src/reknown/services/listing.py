"""Looking at galleries page by page; who looked is in the ledger too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.gallery import collections, faces, users
from reknown.ledger import events
from reknown.storage.database import reading
from reknown.storage.paging import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reknown.biometrics.records import Collection, FaceRecord, UserRecord
    from reknown.biometrics.templates import TemplateSpace
    from reknown.ledger.actor import Actor
    from reknown.storage.database import Database


@dataclass(frozen=True, slots=True)
class PageRequest:
    """At most `limit` entries behind those of an earlier page, which ended at `after`."""

    after: str | None
    limit: int


def describe_collection(database: Database, name: str, operation: str, actor: Actor) -> Collection:
    """One collection with its counts and tags; raises `NotFoundError`."""
    with database.begin() as connection:
        events.append(connection, actor, operation, name, {})
        return collections.get_collection(connection, name)


def page_collections(
    database: Database, page: PageRequest, visible: Callable[[str], bool], actor: Actor
) -> Page[Collection]:
    """A page of the collections, without those that the caller may not see."""
    with database.begin() as connection:
        found = collections.list_collections(connection, page.after, page.limit)
        shown = tuple(item for item in found.items if visible(item.name))
        events.append(connection, actor, "list collections", None, {"listed": len(shown)})
    return Page(shown, found.next)


def page_faces(
    database: Database,
    collection: str,
    page: PageRequest,
    user: str | None,
    face_ids: Sequence[str] | None,
    actor: Actor,
) -> tuple[TemplateSpace, Page[FaceRecord]]:
    """A page of the faces, of one user or with these ids if wanted, and their space.

    Raises `NotFoundError`.
    """
    with reading(database) as connection:
        space = collections.get_space(connection, collection)
        found = faces.list_faces(connection, collection, page.after, page.limit, user, face_ids)
    detail = {"listed": len(found.items)}
    events.record(database, actor, "list faces", collection, detail)
    return space, found


def page_users(
    database: Database, collection: str, page: PageRequest, actor: Actor
) -> Page[UserRecord]:
    """A page of the users; raises `NotFoundError`."""
    with database.begin() as connection:
        found = users.list_users(connection, collection, page.after, page.limit)
        detail = {"listed": len(found.items)}
        events.append(connection, actor, "list users", collection, detail)
    return found
