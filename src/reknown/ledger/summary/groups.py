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
def _keep_apart(record: records.KeepGroupsApartRecord, _names: Names) -> str:
    return f"groups {record.group} and {record.other}"
