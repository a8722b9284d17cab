"""Groups of sightings that are taken for one person's: who is not known yet, and who has a name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, delete, func, insert, or_, select, update

from reknown.biometrics.errors import InputError, NotFoundError
from reknown.gallery.collections import claim, require
from reknown.gallery.expiry import alive
from reknown.gallery.media import delete_chosen
from reknown.gallery.naming import USER, name_in, names_of_users
from reknown.gallery.schema import (
    groups_apart,
    groups_not_users,
    media,
    sighting_groups,
    sightings,
    users,
)
from reknown.gallery.users import ensure_user, find_user_key
from reknown.storage.clock import now_text
from reknown.storage.paging import Page, batches, fetch_page
from reknown.storage.unindexed import unindexed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Row, Select


@dataclass(frozen=True, slots=True)
class GroupRecord:
    """Sightings of one person, as it seems; `number` is never given twice.

    `user` is the person's name, None where nobody gave one. `first` and `last` say when the
    earliest and the latest of its media were taken, in local time.
    """

    number: int
    sightings: int
    media: int
    user: str | None
    ignored: bool
    first: datetime | None
    last: datetime | None


def list_groups(
    connection: Connection,
    collection: str,
    after: str | None = None,
    limit: int = 1000,
    *,
    everybody: bool = False,
) -> Page[GroupRecord]:
    """A page of the groups of unknown people, in the order of making; raises `NotFoundError`.

    With `everybody` those that have a name or are ignored, too.
    """
    own = sighting_groups.c.collection_id == require(connection, collection).id
    query = _groups().where(own, *(() if everybody else _unknown()))
    page = fetch_page(connection, query, sighting_groups.c.id, after, limit, lambda row: row)
    return Page(tuple(_told(connection, page.items)), page.next)


def count_unknown(connection: Connection, collection: str) -> int:
    """How many groups have no name and are not ignored; raises `NotFoundError`."""
    own = sighting_groups.c.collection_id == require(connection, collection).id
    query = select(func.count()).select_from(sighting_groups).where(own, *_unknown())
    return int(connection.execute(query).scalar_one())


def _unknown() -> tuple[ColumnElement[bool], ...]:
    return unindexed(sighting_groups.c.user_id).is_(None), ~sighting_groups.c.ignored


def get_group(connection: Connection, collection: str, number: int) -> GroupRecord:
    """One group; raises `NotFoundError`."""
    query = _groups().where(sighting_groups.c.id == _require(connection, collection, number))
    (group,) = _told(connection, connection.execute(query).all())
    return group


def members(connection: Connection, collection: str, number: int) -> list[str]:
    """The ids of a group's sightings, the best first; raises `NotFoundError`."""
    key = _require(connection, collection, number)
    query = select(sightings.c.sighting_id).where(sightings.c.group_id == key, alive())
    best = query.order_by(unindexed(sightings.c.quality).desc(), unindexed(sightings.c.id))
    return list(connection.execute(best).scalars())


def list_members(
    connection: Connection, collection: str, number: int, after: str | None, limit: int
) -> Page[str]:
    """A page of the same; raises `NotFoundError`, `InputError`."""
    key = _require(connection, collection, number)
    quality, row = unindexed(sightings.c.quality), unindexed(sightings.c.id)
    query = select(sightings.c.sighting_id, quality.label("quality"), row.label("row"))
    query = query.where(sightings.c.group_id == key, alive())
    if after is not None:
        best, last = _place(after)
        query = query.where(or_(quality < best, and_(quality == best, row > last)))
    rows = connection.execute(query.order_by(quality.desc(), row).limit(limit + 1)).all()
    ended = f"{rows[limit - 1].quality}-{rows[limit - 1].row}" if len(rows) > limit else None
    return Page(tuple(each.sighting_id for each in rows[:limit]), ended)


def _place(after: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,9})-(\d{1,18})", after, re.ASCII)
    if found is None:
        raise InputError(f"{after!r} is not where a page ended: start without it")
    return int(found[1]), int(found[2])


def name_group(connection: Connection, collection: str, number: int, user: str) -> None:
    """Says whose sightings these are; makes the user if it is missing. Raises `NotFoundError`."""
    owner = claim(connection, collection).id
    key = _require(connection, collection, number)
    user_key = ensure_user(connection, owner, user)
    values = {"user_id": user_key, "ignored": False}
    connection.execute(update(sighting_groups).where(sighting_groups.c.id == key).values(values))
    denied = groups_not_users.c.group_id == key, groups_not_users.c.user_id == user_key
    connection.execute(delete(groups_not_users).where(*denied))


def unname_group(connection: Connection, collection: str, number: int) -> None:
    """Says that nobody knows whose sightings these are; raises `NotFoundError`."""
    claim(connection, collection)
    key = _require(connection, collection, number)
    own = sighting_groups.c.id == key
    connection.execute(update(sighting_groups).where(own).values(user_id=None))


def groups_of(connection: Connection, collection: str, user: str) -> list[int]:
    """The numbers of the groups that were given a person's name; raises `NotFoundError`."""
    owner = require(connection, collection).id
    key = find_user_key(connection, owner, user)
    if key is None:
        return []
    named = select(sighting_groups.c.id).where(sighting_groups.c.user_id == key)
    return sorted(connection.execute(named).scalars())


def ignore_group(connection: Connection, collection: str, number: int, *, ignored: bool) -> None:
    """Leaves the group out of lists, or takes it back into them; raises `NotFoundError`."""
    claim(connection, collection)
    key = _require(connection, collection, number)
    connection.execute(
        update(sighting_groups).where(sighting_groups.c.id == key).values(ignored=ignored)
    )


def merge_groups(connection: Connection, collection: str, number: int, into: int) -> None:
    """All sightings of a group become those of another.

    Raises `NotFoundError`, and `InputError` where both have names, the same number, or faces in
    one photo.
    """
    claim(connection, collection)
    one, other = (get_group(connection, collection, each) for each in (number, into))
    if one.number == other.number:
        raise InputError(f"group {number} cannot be merged with itself")
    if one.user is not None and other.user not in (None, one.user):
        raise InputError(f"group {number} is {one.user!r} and group {into} is {other.user!r}")
    if (both := shown_together(connection, number, into)) is not None:
        raise InputError(
            f"groups {number} and {into} are two people: both are in {both}; if it shows one "
            "person twice, split one of the two faces off first"
        )
    if one.user is not None:
        name_group(connection, collection, into, one.user)
    connection.execute(
        update(sightings).where(sightings.c.group_id == number).values(group_id=into)
    )
    merge_marks(connection, {number: into})
    connection.execute(delete(sighting_groups).where(sighting_groups.c.id == number))


def split_group(connection: Connection, collection: str, number: int, ids: Sequence[str]) -> int:
    """Takes these sightings out of a group into one of their own, never to be joined again.

    The number of the new group. Raises `NotFoundError`, and `InputError` where none or all of
    the group's sightings are named.
    """
    owner = claim(connection, collection).id
    there = set(members(connection, collection, number))
    wanted = [sighting for sighting in dict.fromkeys(ids) if sighting in there]
    if len(wanted) < len(set(ids)):
        raise InputError(f"some of these sightings are not in group {number}: list it")
    if not wanted or len(wanted) == len(there):
        raise InputError(f"name some of the {len(there)} sightings of group {number}, not all")
    made = make_group(connection, owner)
    for batch in batches(wanted):
        chosen = update(sightings).where(sightings.c.sighting_id.in_(batch))
        connection.execute(chosen.values(group_id=made))
    keep_apart(connection, collection, number, made)
    return made


def keep_apart(connection: Connection, collection: str, number: int, other: int) -> None:
    """Says that two groups are never the same person; raises `NotFoundError`, `InputError`."""
    claim(connection, collection)
    first, second = sorted(_require(connection, collection, each) for each in (number, other))
    if first == second:
        raise InputError(f"group {number} is the same person as itself")
    own = groups_apart.c.first == first, groups_apart.c.second == second
    if connection.execute(select(groups_apart.c.first).where(*own)).first() is None:
        connection.execute(insert(groups_apart).values(first=first, second=second))


def undo_apart(connection: Connection, collection: str, number: int, other: int) -> None:
    """Takes back that two groups are never the same person; raises `NotFoundError`."""
    claim(connection, collection)
    first, second = sorted(_require(connection, collection, each) for each in (number, other))
    own = groups_apart.c.first == first, groups_apart.c.second == second
    connection.execute(delete(groups_apart).where(*own))


def shown_together(connection: Connection, number: int, other: int) -> str | None:
    """The name of a medium that shows both groups at once, None where none does."""
    one, two = sightings.alias("one"), sightings.alias("two")
    query = (
        select(media.c.name)
        .join_from(one, two, one.c.medium_id == unindexed(two.c.medium_id))
        .join(media, media.c.id == one.c.medium_id)
        .where(one.c.group_id == number, two.c.group_id == other)
        .where(unindexed(one.c.start_ms) <= two.c.end_ms)
        .where(unindexed(two.c.start_ms) <= one.c.end_ms)
        .limit(1)
    )
    return connection.execute(query).scalar()


def forget_person(connection: Connection, collection: str, user: str) -> list[str]:
    """Deletes the sightings that were given a person's name; their ids. Raises `NotFoundError`."""
    claim(connection, collection)
    gone: list[str] = []
    for batch in batches(groups_of(connection, collection, user)):
        seen = select(sightings.c.id).where(sightings.c.group_id.in_(batch))
        gone.extend(delete_chosen(connection, seen))
        connection.execute(delete(sighting_groups).where(sighting_groups.c.id.in_(batch)))
    return sorted(gone)


def drop_empty(connection: Connection, collection: str) -> None:
    """Deletes groups that have no sighting any more; raises `NotFoundError`."""
    owner = claim(connection, collection).id
    held = select(sightings.c.id).where(sightings.c.group_id == sighting_groups.c.id).exists()
    empty = delete(sighting_groups).where(sighting_groups.c.collection_id == owner, ~held)
    connection.execute(empty)


def merge_marks(connection: Connection, merged: Mapping[int, int]) -> None:
    """Who was kept apart from a group that is gone is kept apart from the one it went into."""
    for gone, into in merged.items():
        _hand_over(connection, gone, into)
        other = case(
            (groups_apart.c.first == gone, groups_apart.c.second), else_=groups_apart.c.first
        )
        either = or_(groups_apart.c.first == gone, groups_apart.c.second == gone)
        others = list(connection.execute(select(other).where(either)).scalars())
        connection.execute(delete(groups_apart).where(either))
        for each in others:
            first, second = sorted((each, into))
            own = groups_apart.c.first == first, groups_apart.c.second == second
            if first != second and not connection.execute(select(groups_apart).where(*own)).first():
                connection.execute(insert(groups_apart).values(first=first, second=second))


def _hand_over(connection: Connection, gone: int, into: int) -> None:
    """Users whom a group is not."""

    def denied(group: int) -> set[int]:
        own = groups_not_users.c.group_id == group
        return set(connection.execute(select(groups_not_users.c.user_id).where(own)).scalars())

    more = [{"group_id": into, "user_id": user} for user in denied(gone) - denied(into)]
    if more:
        connection.execute(insert(groups_not_users), more)
    connection.execute(delete(groups_not_users).where(groups_not_users.c.group_id == gone))


def make_group(connection: Connection, owner: int) -> int:
    """The number of a new group of the claimed collection `owner`."""
    values = {"collection_id": owner, "ignored": False, "created_at": now_text()}
    made = connection.execute(
        insert(sighting_groups).values(values).returning(sighting_groups.c.id)
    )
    return int(made.scalar_one())


def _require(connection: Connection, collection: str, number: int) -> int:
    owner = require(connection, collection).id
    own = unindexed(sighting_groups.c.collection_id) == owner
    query = select(sighting_groups.c.id).where(sighting_groups.c.id == number, own)
    if connection.execute(query).first() is None:
        raise NotFoundError(f"there is no group {number} in {collection!r}: list its groups")
    return number


def _groups() -> Select[Any]:
    def of_members(value: ColumnElement[Any]) -> Any:
        query = select(value).select_from(sightings.join(media))
        return query.where(sightings.c.group_id == sighting_groups.c.id).scalar_subquery()

    return select(
        *USER,
        sighting_groups,
        of_members(func.count()).label("sightings"),
        of_members(func.count(media.c.id.distinct())).label("media"),
        of_members(func.min(media.c.taken_at)).label("first"),
        of_members(func.max(media.c.taken_at)).label("last"),
    ).outerjoin_from(sighting_groups, users, sighting_groups.c.user_id == users.c.id)


def _told(connection: Connection, rows: Sequence[Row[Any]]) -> list[GroupRecord]:
    told = names_of_users(connection, rows)
    return [_group(row, name_in(told, row.user_subject_id)) for row in rows]


def _group(row: Row[Any], user: str | None) -> GroupRecord:
    first, last = (
        None if value is None else datetime.fromisoformat(value) for value in (row.first, row.last)
    )
    return GroupRecord(row.id, row.sightings, row.media, user, bool(row.ignored), first, last)
