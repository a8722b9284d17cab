"""Collections: galleries of one template space each.

Every function here and in `faces`, `users` and `templates` takes the connection whose
transaction it becomes part of.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from reknown.biometrics.errors import AlreadyExistsError, CollectionNotFoundError, DatabaseError
from reknown.biometrics.policy import UnreadablePolicy
from reknown.biometrics.records import Collection
from reknown.biometrics.templates import TemplateSpace
from reknown.gallery.names import require_text
from reknown.gallery.policy_documents import read_document
from reknown.gallery.schema import (
    WITH_COLLECTIONS,
    collection_tags,
    collections,
    faces,
    metadata,
    policies,
)
from reknown.gallery.snapshots import drop_snapshots
from reknown.storage.clock import now_text
from reknown.storage.erasure import erase
from reknown.storage.paging import Page, batches, fetch_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import BindParameter, Connection, Row, Select

    from reknown.biometrics.policy import Policy

# Made once: every request asks, and to build a statement takes longer than to run it.
_NAMED = collections.c.name == bindparam("wanted")
_FIND = select(collections).where(_NAMED)
_CLAIM = (
    update(collections)
    .where(_NAMED)
    .values(revision=collections.c.revision + 1)
    .returning(*collections.c)
)


def create_collection(
    connection: Connection,
    name: str,
    space: TemplateSpace,
    tags: Mapping[str, str] | None = None,
) -> Collection:
    """A new, empty collection.

    Raises `AlreadyExistsError`, or `InputError` for names or tags that cannot be stored.
    """
    require_text("a collection's name", name)
    values = {
        "name": name,
        "pack": space.pack,
        "fingerprint": space.fingerprint,
        "dimension": space.dimension,
        "created_at": now_text(),
        "revision": 0,
    }
    try:
        with connection.begin_nested():
            connection.execute(insert(collections).values(values))
    except IntegrityError as error:
        raise AlreadyExistsError(
            f"collection {name!r} already exists: use it or choose another name"
        ) from error
    set_tags(connection, name, tags or {})
    return get_collection(connection, name)


def get_collection(connection: Connection, name: str) -> Collection:
    """One collection with its counts; raises `NotFoundError`."""
    return _collections(connection, [require(connection, name)])[0]


def get_space(connection: Connection, name: str) -> TemplateSpace:
    """The template space of a collection; raises `NotFoundError`."""
    return space_of(require(connection, name))


def generation(connection: Connection, name: str) -> tuple[int, int]:
    """What is another whenever all its templates have been replaced; raises `NotFoundError`."""
    row = require(connection, name)
    return row.id, row.replaced


def list_collections(
    connection: Connection, after: str | None = None, limit: int = 1000
) -> Page[Collection]:
    """A page of the collections in order of creation."""
    query = select(collections)
    page = fetch_page(connection, query, collections.c.id, after, limit, lambda row: row)
    return Page(_collections(connection, page.items), page.next)


def count_faces(connection: Connection) -> int:
    """The references of all collections together."""
    total = func.coalesce(func.sum(collections.c.face_count), 0)
    return int(connection.execute(select(total)).scalar_one())


def largest(connection: Connection, least: int, limit: int) -> Sequence[Row[Any]]:
    """The rows of so many collections with at least so many faces, the largest first."""
    count = collections.c.face_count
    query = select(collections).where(count >= least).order_by(count.desc(), collections.c.id)
    return connection.execute(query.limit(limit)).all()


def newest_face(connection: Connection, owner: int) -> int:
    """The key of the face of this collection that was enrolled last, 0 without any."""
    query = select(faces.c.id).where(faces.c.collection_id == owner)
    return connection.execute(query.order_by(faces.c.id.desc()).limit(1)).scalar() or 0


def holds_more_than(connection: Connection, name: str, limit: int) -> bool:
    """Whether the collection has more than `limit` faces; raises `NotFoundError`."""
    return bool(require(connection, name).face_count > limit)


def delete_collection(connection: Connection, name: str) -> None:
    """Deletes it with all its images, faces and users; raises `NotFoundError`."""
    owner = require(connection, name).id
    drop_snapshots(connection, owner)
    connection.execute(delete(collections).where(collections.c.id == owner))
    erase(connection, *metadata.sorted_tables, *WITH_COLLECTIONS)


def set_tags(connection: Connection, name: str, tags: Mapping[str, str]) -> None:
    """Adds tags, replacing those of the same key; raises `NotFoundError` or `InputError`."""
    for key, value in tags.items():
        require_text("a tag's key", key)
        require_text("a tag's value", value, shortest=0)
    remove_tags(connection, name, tags)
    owner = require(connection, name).id
    rows = [{"collection_id": owner, "key": key, "value": tags[key]} for key in tags]
    if rows:
        connection.execute(insert(collection_tags), rows)


def remove_tags(connection: Connection, name: str, keys: Iterable[str]) -> None:
    """Removes the tags of these keys, if they are there; raises as `set_tags` does."""
    owner = claim(connection, name).id
    for batch in batches(keys):
        for key in batch:
            require_text("a tag's key", key)
        own = collection_tags.c.collection_id == owner
        gone = delete(collection_tags).where(own, collection_tags.c.key.in_(batch))
        if connection.execute(gone).rowcount:
            erase(connection, collection_tags)


def require(connection: Connection, name: str) -> Row[Any]:
    """The collection's row; raises `NotFoundError`."""
    row = connection.execute(_FIND, {"wanted": name}).one_or_none()
    if row is None:
        raise _missing(name)
    return row


def claim(connection: Connection, name: str) -> Row[Any]:
    """The collection's row under a new revision, for a caller about to change its contents.

    Others who do the same wait until this transaction ends, so keys and commits come in the
    same order, and what is absent now cannot be added by another process meanwhile.

    Raises `NotFoundError`.
    """
    row = connection.execute(_CLAIM, {"wanted": name}).one_or_none()
    if row is None:
        raise _missing(name)
    return row


def space_of(row: Row[Any]) -> TemplateSpace:
    """The template space of a row of `collections`, or of one with the same columns."""
    return TemplateSpace(row.pack, row.fingerprint, row.dimension)


def _missing(name: str) -> CollectionNotFoundError:
    return CollectionNotFoundError(
        f"collection {name!r} does not exist; create it with: reknown enroll PEOPLE/"
    )


@cache
def _tagged() -> Select[Any]:
    wanted: BindParameter[str] = bindparam("wanted", expanding=True)
    query = select(collections.c.name, collection_tags.c.key, collection_tags.c.value)
    query = query.join(collection_tags).order_by(collection_tags.c.key)
    return query.where(collections.c.name.in_(wanted))


def _tags(connection: Connection, names: Iterable[str]) -> dict[str, dict[str, str]]:
    tags: dict[str, dict[str, str]] = {}
    for batch in batches(names):
        for name, key, value in connection.execute(_tagged(), {"wanted": batch}):
            tags.setdefault(name, {})[key] = value
    return tags


@cache
def _ruled() -> Select[Any]:
    wanted: BindParameter[str] = bindparam("wanted", expanding=True)
    query = select(collections.c.name, policies.c.document).join(policies)
    return query.where(collections.c.name.in_(wanted))


def _policies(connection: Connection, names: Iterable[str]) -> dict[str, Policy | UnreadablePolicy]:
    return {
        name: _policy(name, document)
        for batch in batches(names)
        for name, document in connection.execute(_ruled(), {"wanted": batch})
    }


def _policy(name: str, document: str) -> Policy | UnreadablePolicy:
    """One that cannot be read hides neither its collection nor the others."""
    try:
        return read_document(name, document)
    except DatabaseError as error:
        return UnreadablePolicy(str(error))


def _collections(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[Collection, ...]:
    names = [row.name for row in rows]
    tags, rules = _tags(connection, names), _policies(connection, names)
    return tuple(
        Collection(
            row.name,
            space_of(row),
            tags.get(row.name, {}),
            datetime.fromisoformat(row.created_at),
            row.face_count,
            row.user_count,
            rules.get(row.name),
        )
        for row in rows
    )
