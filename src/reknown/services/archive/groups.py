"""Unknown people: sightings brought together, looked through, parted and made one by people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.gallery import groups
from reknown.gallery.apart import keep_from_user
from reknown.gallery.groupable import load_groupable, store_grouping
from reknown.gallery.grouping.grouping import group
from reknown.gallery.grouping.policy import DEFAULT_POLICY
from reknown.gallery.groups import GroupRecord
from reknown.gallery.sightings import SightingRecord, find_sightings
from reknown.gallery.users import get_user
from reknown.ledger import log, records
from reknown.services.galleries.spaces import until_switched
from reknown.services.policies.permits import admitted
from reknown.storage.database import reading
from reknown.storage.paging import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.biometrics.thresholds import Threshold
    from reknown.gallery.grouping.policy import GroupingPolicy
    from reknown.ledger.records import Record
    from reknown.services.context import Context
    from reknown.services.galleries.pages import PageRequest
    from reknown.storage.database import Connection

__all__ = [
    "GroupMerging",
    "GroupRecord",
    "Grouped",
    "SightingRecord",
    "count_unknown",
    "group_sightings",
    "ignore_group",
    "keep_apart",
    "list_groups",
    "merge_groups",
    "read_group",
    "split_group",
    "undo_apart",
]


@dataclass(frozen=True, slots=True)
class Grouped:
    """What came of a grouping: `fresh` of the `sightings` had never been compared before."""

    threshold: Threshold
    sightings: int
    fresh: int
    made: int
    merged: int


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
    context: Context, collection: str, number: int, page: PageRequest | None = None
) -> tuple[GroupRecord, Page[SightingRecord]]:
    """A group and a page of its sightings, or all, the best faces first; raises `NotFoundError`."""
    with context.database.begin() as connection:
        found = groups.get_group(connection, collection, number)
        if page is None:
            seen = Page(seen_in(connection, collection, number), None)
        else:
            part = groups.list_members(connection, collection, number, page.after, page.limit)
            seen = Page(_told(connection, collection, part.items), part.next)
        record = records.ReadGroupRecord(number, len(seen.items))
        _append(connection, context, collection, record)
    return found, seen


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


def seen_in(connection: Connection, collection: str, number: int) -> tuple[SightingRecord, ...]:
    """All sightings of a group, the best faces first; raises `NotFoundError`."""
    return _told(connection, collection, groups.members(connection, collection, number))


def _told(
    connection: Connection, collection: str, ids: Sequence[str]
) -> tuple[SightingRecord, ...]:
    seen = find_sightings(connection, collection, ids)
    return tuple(seen[sighting] for sighting in ids if sighting in seen)


def _append(connection: Connection, context: Context, collection: str, record: Record) -> None:
    log.append(connection, context.actor, collection, record)
