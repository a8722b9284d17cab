"""Sightings as arrays to be grouped, and what came of it as rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import bindparam, delete, or_, select, update

from reknown.gallery.collections import claim, require, space_of
from reknown.gallery.expiry import alive
from reknown.gallery.grouping.sightings import NONE, Marks, Sightings
from reknown.gallery.groups import make_group, merge_marks
from reknown.gallery.schema import groups_apart, sighting_groups, sightings
from reknown.gallery.templates import stream_templates
from reknown.storage.paging import batches

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sqlalchemy import Connection, Row

    from reknown.biometrics.templates import TemplateSpace
    from reknown.gallery.grouping.grouping import Grouping


@dataclass(frozen=True, slots=True, eq=False)
class Groupable:
    """All sightings of a collection as arrays, and what people said of their groups.

    `keys` (n,) are the rows' keys in the database.
    """

    space: TemplateSpace
    keys: NDArray[np.int64]
    sightings: Sightings
    marks: Marks


def load_groupable(connection: Connection, collection: str, min_quality: int) -> Groupable:
    """What there is to be grouped, in the collection's present space; raises `NotFoundError`.

    Faces of `min_quality` that would be enrolled are firm.
    """
    row = require(connection, collection)
    own = sightings.c.collection_id == row.id, sightings.c.fingerprint == row.fingerprint, alive()
    query = select(
        sightings.c.id,
        sightings.c.sighting_id,
        sightings.c.template,
        sightings.c.sealing_key,
        sightings.c.medium_id,
        sightings.c.group_id,
        sightings.c.compared,
        sightings.c.fit,
        sightings.c.quality,
        sightings.c.start_ms,
        sightings.c.end_ms,
    )
    lines: list[tuple[int, int, int, bool, bool, int, int]] = []
    vectors: list[NDArray[np.float32]] = [np.empty((0, row.dimension), np.float32)]
    for rows, part in stream_templates(connection, query.where(*own).order_by(sightings.c.id), row):
        vectors.append(part)
        lines.extend(_line(each, min_quality) for each in rows)
    columns = np.array(lines, np.int64).reshape(len(lines), 7)
    found = Sightings(
        np.concatenate(vectors),
        _photos(columns),
        columns[:, 2].astype(np.intp),
        columns[:, 3] == 0,
        columns[:, 4] == 1,
    )
    marks = Marks(_overlapping(columns), *_marks(connection, row.id))
    return Groupable(space_of(row), columns[:, 0], found, marks)


def store_grouping(
    connection: Connection, collection: str, found: Groupable, grouping: Grouping
) -> int:
    """Writes down what came of a grouping; how many groups are new.

    Raises `NotFoundError`, and `SpaceMismatchError` where the collection was switched since.
    """
    row = claim(connection, collection)
    space_of(row).require(found.space)
    labels, before = grouping.labels, found.sightings.groups
    known = set(before[before != NONE].tolist())
    made = {
        int(label): make_group(connection, row.id)
        for label in np.unique(labels[labels != NONE])
        if int(label) not in known
    }
    changed = np.flatnonzero((labels != before) | found.sightings.fresh)
    values = [
        {
            "key": int(found.keys[place]),
            "group": made.get(int(labels[place]), int(labels[place]))
            if labels[place] != NONE
            else None,
        }
        for place in changed.tolist()
    ]
    if values:
        statement = update(sightings).where(sightings.c.id == bindparam("key"))
        connection.execute(statement.values(group_id=bindparam("group"), compared=True), values)
    merge_marks(connection, grouping.merged)
    for batch in batches(grouping.merged):
        connection.execute(delete(sighting_groups).where(sighting_groups.c.id.in_(batch)))
    return len(made)


def _line(row: Row[Any], min_quality: int) -> tuple[int, int, int, bool, bool, int, int]:
    group = NONE if row.group_id is None else row.group_id
    firm = row.fit and row.quality >= min_quality
    return row.id, row.medium_id, group, row.compared, firm, row.start_ms, row.end_ms


def _photos(columns: NDArray[np.int64]) -> NDArray[np.intp]:
    """What two sightings of one person do not share: an image; each track is one of its own."""
    image = (columns[:, 5] == 0) & (columns[:, 6] == 0)
    return np.where(image, columns[:, 1], -1 - columns[:, 0]).astype(np.intp)


def _overlapping(columns: NDArray[np.int64]) -> NDArray[np.intp]:
    """Pairs of rows (p, 2): tracks of one video that overlap in time."""
    tracks = np.flatnonzero(columns[:, 6] > 0)
    order = tracks[np.lexsort((columns[tracks, 5], columns[tracks, 1]))]
    pairs: list[tuple[int, int]] = []
    for place, row in enumerate(order.tolist()):
        for other in order[place + 1 :].tolist():
            same = columns[other, 1] == columns[row, 1]
            if not same or columns[other, 5] > columns[row, 6]:
                break
            pairs.append((row, other))
    return np.array(pairs, np.intp).reshape(len(pairs), 2)


def _marks(connection: Connection, owner: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Groups that are apart (q, 2), and those that a person named or ignored (r,)."""
    query = select(groups_apart.c.first, groups_apart.c.second).join_from(
        groups_apart, sighting_groups, groups_apart.c.first == sighting_groups.c.id
    )
    own = sighting_groups.c.collection_id == owner
    apart = [tuple(row) for row in connection.execute(query.where(own))]
    settled = or_(sighting_groups.c.user_id.is_not(None), sighting_groups.c.ignored)
    named = connection.execute(select(sighting_groups.c.id).where(own, settled)).scalars().all()
    return np.array(apart, np.intp).reshape(len(apart), 2), np.array(named, np.intp)
