"""Summaries of records of groups of unknown people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.ledger import records
from reknown.ledger.summary import say
from reknown.ledger.summary.texts import text_of

if TYPE_CHECKING:
    from reknown.ledger.summary.say import Names


@text_of.register(records.GroupSightingsRecord)
def _group(record: records.GroupSightingsRecord, _names: Names) -> str:
    what = f"{say.count(record.fresh, 'new sighting')} of {record.sightings:,}"
    return f"{what} {say.threshold(record.threshold)}: {record.made} made, {record.merged} merged"


@text_of.register(records.ReadGroupRecord)
def _read_group(record: records.ReadGroupRecord, _names: Names) -> str:
    return f"group {record.group}: {say.count(record.listed, 'sighting')}"


@text_of.register(records.NameGroupRecord)
def _name_group(record: records.NameGroupRecord, names: Names) -> str:
    who = say.name(record.subject_id, names)
    return f"group {record.group} is {who} with {say.faces(record.faces)}"


@text_of.register(records.UnnameGroupRecord)
def _unname_group(record: records.UnnameGroupRecord, names: Names) -> str:
    who = say.name(record.subject_id, names)
    user = ", and the user" if record.user_deleted else ""
    freed = f"; {say.faces(record.freed)} of nobody now" if record.freed else ""
    what = f"{say.faces(record.faces)} deleted{user}{freed}"
    return f"group {record.group} is not known to be {who}: {what}"


@text_of.register(records.IgnoreGroupRecord)
def _ignore_group(record: records.IgnoreGroupRecord, _names: Names) -> str:
    return f"group {record.group}{'' if record.ignored else ' no more'}"


@text_of.register(records.MergeGroupsRecord)
def _merge_groups(record: records.MergeGroupsRecord, _names: Names) -> str:
    return f"group {record.group} into {record.into}"


@text_of.register(records.SplitGroupRecord)
def _split_group(record: records.SplitGroupRecord, _names: Names) -> str:
    return (
        f"{say.count(len(record.sightings), 'sighting')} from group {record.group} to {record.made}"
    )


@text_of.register(records.KeepGroupsApartRecord)
@text_of.register(records.UndoGroupsApartRecord)
def _keep_apart(
    record: records.KeepGroupsApartRecord | records.UndoGroupsApartRecord, _names: Names
) -> str:
    return f"groups {record.group} and {record.other}"


@text_of.register(records.KeepGroupFromUserRecord)
def _keep_from_user(record: records.KeepGroupFromUserRecord, names: Names) -> str:
    who = say.name(record.subject_id, names)
    return f"group {record.group} and {who}{_taken_back(record)}"


@text_of.register(records.KeepUsersApartRecord)
def _keep_users_apart(record: records.KeepUsersApartRecord, names: Names) -> str:
    one, other = (say.name(each, names) for each in (record.subject_id, record.other))
    return f"{one} and {other}{_taken_back(record)}"


@text_of.register(records.ProposeMergesRecord)
def _propose(record: records.ProposeMergesRecord, _names: Names) -> str:
    compared = f"{say.count(record.groups, 'group')} and {say.count(record.users, 'user')}"
    return f"{compared} {say.threshold(record.threshold)}: {record.proposed} proposed"


def _taken_back(
    record: records.KeepGroupFromUserRecord | records.KeepUsersApartRecord,
) -> str:
    return "" if record.apart else " no more"
