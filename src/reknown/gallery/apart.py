"""Who people have said is never one person: users with each other, and groups with users.

Groups with each other are in `groups`, as grouping goes by them too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, or_, select

from reknown.biometrics.errors import InputError
from reknown.gallery.collections import claim
from reknown.gallery.groups import get_group, groups_of
from reknown.gallery.schema import (
    groups_apart,
    groups_not_users,
    sighting_groups,
    users,
    users_apart,
)
from reknown.gallery.users import key_of_user

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Table

    Pairs = set[tuple[int, int]]


def keep_users_apart(
    connection: Connection, collection: str, name: str, other: str, *, apart: bool = True
) -> None:
    """Says that two users are never one person, or takes it back.

    Raises `NotFoundError`, `InputError`.
    """
    claim(connection, collection)
    first, second = sorted(key_of_user(connection, collection, each) for each in (name, other))
    if first == second:
        raise InputError(f"{name!r} and {other!r} are the same person")
    _mark(connection, users_apart, {"first": first, "second": second}, apart=apart)


def keep_from_user(
    connection: Connection, collection: str, number: int, user: str, *, apart: bool = True
) -> None:
    """Says that a group is never this user, or takes it back.

    Raises `NotFoundError`, and `InputError` where the group bears the user's name.
    """
    claim(connection, collection)
    if apart and number in groups_of(connection, collection, user):
        raise InputError(f"group {number} bears the name {user!r}: give it another one first")
    group = get_group(connection, collection, number)
    key = key_of_user(connection, collection, user)
    _mark(connection, groups_not_users, {"group_id": group.number, "user_id": key}, apart=apart)


def hand_over_user(connection: Connection, gone: int, into: int) -> None:
    """Whoever a user who is going is not is not the one who stays either."""
    for group in _groups_not(connection, gone) - _groups_not(connection, into):
        _put(connection, groups_not_users, {"group_id": group, "user_id": into})
    for other in _apart_from(connection, gone) - _apart_from(connection, into) - {into}:
        first, second = sorted((other, into))
        _put(connection, users_apart, {"first": first, "second": second})


def marks(connection: Connection, owner: int) -> tuple[Pairs, Pairs, Pairs]:
    """All of a collection, by keys: groups and groups, groups and users, users and users."""
    of_groups = sighting_groups.c.collection_id == owner
    queries = (
        select(groups_apart.c.first, groups_apart.c.second)
        .join(sighting_groups, sighting_groups.c.id == groups_apart.c.first)
        .where(of_groups),
        select(groups_not_users.c.group_id, groups_not_users.c.user_id)
        .join(sighting_groups, sighting_groups.c.id == groups_not_users.c.group_id)
        .where(of_groups),
        select(users_apart.c.first, users_apart.c.second)
        .join(users, users.c.id == users_apart.c.first)
        .where(users.c.collection_id == owner),
    )
    of_both, of_group, of_users = (
        {(row[0], row[1]) for row in connection.execute(query)} for query in queries
    )
    return of_both, of_group, of_users


def _groups_not(connection: Connection, user: int) -> set[int]:
    query = select(groups_not_users.c.group_id).where(groups_not_users.c.user_id == user)
    return set(connection.execute(query).scalars())


def _apart_from(connection: Connection, user: int) -> set[int]:
    own = or_(users_apart.c.first == user, users_apart.c.second == user)
    rows = connection.execute(select(users_apart.c.first, users_apart.c.second).where(own))
    return {row.second if row.first == user else row.first for row in rows}


def _mark(connection: Connection, table: Table, pair: dict[str, int], *, apart: bool) -> None:
    its: list[ColumnElement[bool]] = [table.c[name] == value for name, value in pair.items()]
    if not apart:
        connection.execute(delete(table).where(*its))
    elif connection.execute(select(*table.c).where(*its)).first() is None:
        _put(connection, table, pair)


def _put(connection: Connection, table: Table, pair: dict[str, int]) -> None:
    connection.execute(insert(table).values(pair))
