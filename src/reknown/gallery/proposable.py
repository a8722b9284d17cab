"""Groups without a name and users, each as one mean template, to find who may be one person."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import nsmallest
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import func, select

from reknown.gallery.apart import marks
from reknown.gallery.collections import require
from reknown.gallery.expiry import alive
from reknown.gallery.grouping.neighbours import nearest
from reknown.gallery.groups import shown_together
from reknown.gallery.schema import faces, sighting_groups, sightings, users
from reknown.gallery.sealed import RecordKind
from reknown.gallery.templates import stream_templates
from reknown.storage.paging import batches
from reknown.storage.unindexed import unindexed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray
    from sqlalchemy import Column, ColumnElement, Connection, Row, Select

    Pair = tuple[int, int]
    # What is in it and whose: of a record's kind, faces or sightings.
    _Owned = tuple[RecordKind, Column[Any], Sequence[ColumnElement[bool]]]

# Of each so many of the best faces: more make the mean hardly better.
_FACES = 5
# Each looks at so many of those who are most alike.
_NEIGHBOURS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Proposable:
    """Who is compared, n of them: first `groups` groups by their numbers, then users by their keys.

    `keys` (n,), `means` float32 (n, dimension), none longer than 1. `left_out` is how many older
    ones there are. `apart` are pairs of places, the lower first, of whom people have said that they
    are never one person.
    """

    keys: NDArray[np.int64]
    groups: int
    means: NDArray[np.float32]
    left_out: int
    apart: frozenset[Pair]


def load_proposable(connection: Connection, collection: str, most: int) -> Proposable:
    """At most `most` of the newest; neither kind takes more than half from the other.

    Raises `NotFoundError`.
    """
    row = require(connection, collection)
    unknown = (
        sighting_groups.c.collection_id == row.id,
        unindexed(sighting_groups.c.user_id).is_(None),
        ~sighting_groups.c.ignored,
    )
    count = select(func.count()).select_from(sighting_groups).where(*unknown)
    waiting, half = connection.execute(count).scalar_one(), most // 2
    newest_groups = select(sighting_groups.c.id).where(*unknown)
    newest_groups = newest_groups.order_by(sighting_groups.c.id.desc())
    newest_users = select(users.c.id).where(users.c.collection_id == row.id)
    newest_users = newest_users.order_by(users.c.id.desc())
    seen: _Owned = (
        RecordKind.SIGHTING,
        sightings.c.group_id,
        (unindexed(sightings.c.fingerprint) == row.fingerprint, alive(), sightings.c.fit),
    )
    of_groups = _means(connection, row, seen, newest_groups.limit(most - min(row.user_count, half)))
    enrolled: _Owned = (RecordKind.FACE, faces.c.user_id, ())
    of_users = _means(connection, row, enrolled, newest_users.limit(most - min(waiting, half)))
    return Proposable(
        np.concatenate([of_groups[0], of_users[0]]),
        len(of_groups[0]),
        np.concatenate([of_groups[1], of_users[1]]),
        max(0, waiting + row.user_count - most),
        _places(marks(connection, row.id), of_groups[0], of_users[0]),
    )


def most_alike(found: Proposable, least: float) -> Iterator[tuple[int, int, float]]:
    """Pairs of places with the mean score of their faces, best first, from `least` on.

    Takes n * n * dimension multiplications.
    """
    pairs = nearest(found.means, np.arange(len(found.means)), least, _NEIGHBOURS)
    both = np.minimum(pairs.first, pairs.second), np.maximum(pairs.first, pairs.second)
    codes, places = np.unique(both[0] * len(found.means) + both[1], return_index=True)
    order = np.lexsort((codes, -pairs.scores[places]))
    for place in places[order].tolist():
        pair = int(both[0][place]), int(both[1][place])
        if pair not in found.apart:
            yield (*pair, float(pairs.scores[place]))


def in_one_picture(connection: Connection, found: Proposable, one: int, other: int) -> bool:
    """Whether one photo shows two groups, or two users were enrolled from it.

    A group and a user are not looked at: the same face may have been scanned and enrolled.
    """
    first, second = (int(found.keys[place]) for place in (one, other))
    if other < found.groups:
        return shown_together(connection, first, second) is not None
    if one < found.groups:
        return False
    return not _images(connection, first).isdisjoint(_images(connection, second))


def _images(connection: Connection, user: int) -> set[int]:
    """The keys of the images that a user was enrolled from."""
    own = select(faces.c.image_id).where(faces.c.user_id == user)
    return set(connection.execute(own).scalars())


def _means(
    connection: Connection, row: Row[Any], owned: _Owned, newest: Select[Any]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The keys of those who have a face, ascending, and the means of their best ones."""
    kind, owner, _ = owned
    keys = np.sort(np.fromiter(connection.execute(newest).scalars(), np.int64))
    sums, counts = np.zeros((len(keys), row.dimension), np.float32), np.zeros(len(keys), np.int64)
    table = owner.table
    columns = table.c[f"{kind.value}_id"], table.c.template, table.c.sealing_key
    for batch in batches(_best(connection, owned, keys.tolist())):
        query = select(*columns, owner.label("owner")).where(table.c.id.in_(batch))
        for rows, vectors in stream_templates(connection, query, row, kind):
            places = np.searchsorted(keys, [each.owner for each in rows])
            np.add.at(sums, places, vectors)
            np.add.at(counts, places, 1)
    there = counts > 0
    return keys[there], (sums[there] / counts[there, None]).astype(np.float32)


def _best(connection: Connection, owned: _Owned, owners: Iterable[int]) -> Iterator[int]:
    """The keys of the best faces of each of these."""
    _, owner, which = owned
    columns = owner.table.c
    for batch in batches(owners):
        query = select(columns.id, owner, columns.quality).where(owner.in_(batch), *which)
        of_each: dict[int, list[tuple[int, int]]] = {}
        for key, its, quality in connection.execute(query):
            of_each.setdefault(its, []).append((-quality, key))
        for theirs in of_each.values():
            yield from (key for _, key in nsmallest(_FACES, theirs))


def _places(
    told: tuple[set[Pair], set[Pair], set[Pair]],
    groups: NDArray[np.int64],
    people: NDArray[np.int64],
) -> frozenset[Pair]:
    """Pairs of keys as pairs of places, without those who are not compared."""
    group_at = {int(key): place for place, key in enumerate(groups)}
    user_at = {int(key): place for place, key in enumerate(people, start=len(groups))}
    sides = (group_at, group_at), (group_at, user_at), (user_at, user_at)
    return frozenset(
        (first[one], second[other])
        for pairs, (first, second) in zip(told, sides, strict=True)
        for one, other in pairs
        if one in first and other in second
    )
