"""Unknown people: sightings brought together, looked through, and given names by people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.biometrics.records import ImageRecord, NewFace
from reknown.biometrics.templates import Template
from reknown.gallery import faces, groups
from reknown.gallery.apart import keep_from_user
from reknown.gallery.groupable import load_groupable, store_grouping
from reknown.gallery.grouping.grouping import group
from reknown.gallery.grouping.policy import DEFAULT_POLICY
from reknown.gallery.sightings import find_sightings
from reknown.gallery.users import associate_faces, get_user
from reknown.ledger import log, records
from reknown.services.galleries.spaces import until_switched
from reknown.services.galleries.users import MAX_FACES_OF_USER
from reknown.services.policies.permits import admitted
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.biometrics.thresholds import Threshold
    from reknown.gallery.grouping.policy import GroupingPolicy
    from reknown.gallery.groups import GroupRecord
    from reknown.gallery.sightings import SightingRecord
    from reknown.ledger.records import Record
    from reknown.services.context import Context
    from reknown.services.galleries.pages import PageRequest
    from reknown.storage.database import Connection
    from reknown.storage.paging import Page

# More references make a search slower and hardly better.
MOST_REFERENCES = 10


@dataclass(frozen=True, slots=True)
class Grouped:
    """What came of a grouping: `fresh` of the `sightings` had never been compared before."""

    threshold: Threshold
    sightings: int
    fresh: int
    made: int
    merged: int


@dataclass(frozen=True, slots=True)
class NamedGroup:
    """A group that has a name now; its best faces are references of the person."""

    group: GroupRecord
    references: int


@dataclass(frozen=True, slots=True)
class GroupMerging:
    """The group that stays; `moved` are the ids of what came from the other, named `former`."""

    group: GroupRecord
    moved: tuple[str, ...]
    former: str | None


def group_sightings(
    context: Context, collection: str, policy: GroupingPolicy = DEFAULT_POLICY
) -> Grouped:
    """Brings what was seen since the last time together with all there is.

    What people have said of groups stays. Raises `NotFoundError`, `PolicyError` where the
    collection may not be searched, `UncalibratedError`, and `SpaceMismatchError` when it is
    switched meanwhile.
    """
    admitted(context, collection)
    with reading(context.database) as connection:
        found = load_groupable(connection, collection, policy.min_quality)
    calibration = context.platform.engines.calibration_of(found.space)
    threshold = policy.threshold(calibration, len(found.sightings))
    grouping = group(found.sightings, threshold.score, found.marks, neighbours=policy.neighbours)
    fresh = int(found.sightings.fresh.sum())
    with until_switched(collection), context.database.begin() as connection:
        made = store_grouping(connection, collection, found, grouping) if fresh else 0
        groups.drop_empty(connection, collection)
        done = Grouped(threshold, len(found.sightings), fresh, made, len(grouping.merged))
        _append(
            connection,
            context,
            collection,
            records.GroupSightingsRecord(
                records.SpaceRecord.of(found.space),
                records.ThresholdRecord.of(threshold),
                done.sightings,
                done.fresh,
                done.made,
                done.merged,
            ),
        )
    return done


def list_groups(
    context: Context, collection: str, page: PageRequest, *, everybody: bool = False
) -> Page[GroupRecord]:
    """A page of the groups without a name, or of all; raises `NotFoundError`."""
    with context.database.begin() as connection:
        found = groups.list_groups(
            connection, collection, page.after, page.limit, everybody=everybody
        )
        _append(connection, context, collection, records.ListGroupsRecord(len(found.items)))
    return found


def count_unknown(context: Context, collection: str) -> int:
    """How many groups wait for a name; raises `NotFoundError`."""
    with reading(context.database) as connection:
        return groups.count_unknown(connection, collection)


def read_group(
    context: Context, collection: str, number: int, most: int | None = None
) -> tuple[GroupRecord, list[SightingRecord]]:
    """A group and its sightings, or that many, the best faces first; raises `NotFoundError`."""
    with context.database.begin() as connection:
        found, seen = _read(connection, collection, number, most)
        _append(connection, context, collection, records.ReadGroupRecord(number, len(seen)))
    return found, seen


def name_group(context: Context, collection: str, number: int, user: str) -> NamedGroup:
    """Says who a group is: its best faces become references of that user, made if missing.

    Raises `NotFoundError`, and `InputError` for a name that cannot be stored, or a group in
    which no face is good enough.
    """
    with context.database.begin() as connection:
        _, seen = _read(connection, collection, number)
        chosen = _best(seen)
        if not chosen:
            raise InputError(
                f"no face of group {number} is good enough to be enrolled: enroll other images"
            )
        groups.name_group(connection, collection, number, user)
        stored = [_enrol(connection, collection, record) for record in chosen]
        before = get_user(connection, collection, user)
        free = stored[: MAX_FACES_OF_USER - before.faces]
        associate_faces(connection, collection, user, free)
        record = records.NameGroupRecord(number, before.subject_id, tuple(stored))
        _append(connection, context, collection, record)
        return NamedGroup(groups.get_group(connection, collection, number), len(free))


def ignore_group(context: Context, collection: str, number: int, *, ignored: bool = True) -> None:
    """Leaves a group out of lists, or takes it back into them; raises `NotFoundError`."""
    with context.database.begin() as connection:
        groups.ignore_group(connection, collection, number, ignored=ignored)
        _append(connection, context, collection, records.IgnoreGroupRecord(number, ignored))


def merge_groups(context: Context, collection: str, number: int, into: int) -> GroupMerging:
    """Says that two groups are one person, who is `into` from now on.

    Raises `NotFoundError`, and `InputError`, also where one photo shows both.
    """
    with context.database.begin() as connection:
        gone = groups.get_group(connection, collection, number)
        moved = tuple(groups.members(connection, collection, number))
        groups.merge_groups(connection, collection, number, into)
        _append(connection, context, collection, records.MergeGroupsRecord(number, into))
        return GroupMerging(groups.get_group(connection, collection, into), moved, gone.user)


def split_group(context: Context, collection: str, number: int, ids: Sequence[str]) -> GroupRecord:
    """Takes sightings out of a group, as they are of another person: a group of their own.

    Raises `NotFoundError`, `InputError`.
    """
    with context.database.begin() as connection:
        made = groups.split_group(connection, collection, number, ids)
        record = records.SplitGroupRecord(number, made, tuple(dict.fromkeys(ids)))
        _append(connection, context, collection, record)
        return groups.get_group(connection, collection, made)


def keep_apart(context: Context, collection: str, number: int, other: int | str) -> None:
    """Says that a group is never one person with another group, or with the user of a name.

    Raises `NotFoundError`, `InputError`.
    """
    with context.database.begin() as connection:
        if isinstance(other, str):
            _keep_from_user(connection, context, collection, number, other, apart=True)
        else:
            groups.keep_apart(connection, collection, number, other)
            _append(connection, context, collection, records.KeepGroupsApartRecord(number, other))


def undo_apart(context: Context, collection: str, number: int, other: int | str) -> None:
    """Takes that back; raises as `keep_apart` does."""
    with context.database.begin() as connection:
        if isinstance(other, str):
            _keep_from_user(connection, context, collection, number, other, apart=False)
        else:
            groups.undo_apart(connection, collection, number, other)
            _append(connection, context, collection, records.UndoGroupsApartRecord(number, other))


def _keep_from_user(
    connection: Connection,
    context: Context,
    collection: str,
    number: int,
    name: str,
    *,
    apart: bool,
) -> None:
    keep_from_user(connection, collection, number, name, apart=apart)
    subject = get_user(connection, collection, name).subject_id
    _append(
        connection, context, collection, records.KeepGroupFromUserRecord(number, subject, apart)
    )


def _read(
    connection: Connection, collection: str, number: int, most: int | None = None
) -> tuple[GroupRecord, list[SightingRecord]]:
    found = groups.get_group(connection, collection, number)
    ids = groups.members(connection, collection, number)[:most]
    seen = find_sightings(connection, collection, ids)
    return found, [seen[sighting] for sighting in ids if sighting in seen]


def _best(seen: Sequence[SightingRecord]) -> list[SightingRecord]:
    """The best faces, each of another medium."""
    of_media: dict[str, SightingRecord] = {}
    for record in seen:
        if record.sighting.fit:
            of_media.setdefault(record.sighting.medium.sha256, record)
    return list(of_media.values())[:MOST_REFERENCES]


def _enrol(connection: Connection, collection: str, record: SightingRecord) -> str:
    seen, medium = record.sighting, record.sighting.medium
    # a track's template is the mean of several views, shorter than a reference is
    vector = seen.template / np.linalg.norm(seen.template)
    face = NewFace(
        Template(vector.astype(np.float32), record.space), seen.box, seen.confidence, seen.quality
    )
    image = ImageRecord(medium.sha256, medium.name, medium.width, medium.height)
    (stored,) = faces.merge_faces(connection, collection, image, [face])
    return stored.face_id


def _append(connection: Connection, context: Context, collection: str, record: Record) -> None:
    log.append(connection, context.actor, collection, record)
