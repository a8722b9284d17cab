"""Summaries of records of collections, users and their faces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.text import counted
from reknown.ledger import records
from reknown.ledger.summary import say
from reknown.ledger.summary.texts import text_of

if TYPE_CHECKING:
    from reknown.ledger.records.galleries import UpgradeRecord
    from reknown.ledger.summary.say import Names


@text_of.register(records.CreateCollectionRecord)
def _create_collection(record: records.CreateCollectionRecord, _names: Names) -> str:
    return " ".join([f"with pack {record.space.pack}", *say.tags(record.tags)])


@text_of.register(records.TagCollectionRecord)
def _tag_collection(record: records.TagCollectionRecord, _names: Names) -> str:
    return " ".join([*say.tags(record.set), *(f"-{key}" for key in record.removed)])


@text_of.register(records.ListCollectionsRecord)
@text_of.register(records.ListUsersRecord)
@text_of.register(records.ListFacesRecord)
@text_of.register(records.ListGroupsRecord)
@text_of.register(records.ListSightingsRecord)
@text_of.register(records.ListTracksRecord)
@text_of.register(records.ListCasesRecord)
@text_of.register(records.ListReviewersRecord)
def _listed(record: records.ListFacesRecord, _names: Names) -> str:
    return f"{record.listed} shown"


@text_of.register(records.CreateUserRecord)
def _create_user(record: records.CreateUserRecord, names: Names) -> str:
    return say.name(record.subject_id, names) + say.again(repeated=record.repeated)


@text_of.register(records.DeleteUserRecord)
def _delete_user(record: records.DeleteUserRecord, names: Names) -> str:
    faces = f" with {say.faces(record.faces)}" if record.faces else ""
    return say.name(record.subject_id, names) + faces + say.again(repeated=record.repeated)


@text_of.register(records.EraseRecord)
def _erase(record: records.EraseRecord, names: Names) -> str:
    who = "" if record.subject_id is None else f"{say.name(record.subject_id, names)} with "
    keys, sightings = counted(len(record.keys), "key"), counted(record.sightings, "sighting")
    return f"{who}{say.faces(record.faces)} and {sightings}, {keys} destroyed"


@text_of.register(records.ReadUserRecord)
@text_of.register(records.RenameUserRecord)
def _read_user(record: records.ReadUserRecord, names: Names) -> str:
    return say.name(record.subject_id, names)


@text_of.register(records.DescribeUserRecord)
def _describe_user(record: records.DescribeUserRecord, names: Names) -> str:
    return f"{say.name(record.subject_id, names)} with {say.count(record.urls, 'address', 'es')}"


@text_of.register(records.AssociateFacesRecord)
@text_of.register(records.DisassociateFacesRecord)
def _move_faces(
    record: records.AssociateFacesRecord | records.DisassociateFacesRecord, names: Names
) -> str:
    way = "to" if isinstance(record, records.AssociateFacesRecord) else "from"
    refused = f", {len(record.refused)} refused" if record.refused else ""
    moved = f"{say.faces(record.faces)} {way} {say.name(record.subject_id, names)}{refused}"
    return moved + say.again(repeated=record.repeated)


@text_of.register(records.MergeUsersRecord)
def _merge_users(record: records.MergeUsersRecord, names: Names) -> str:
    moved = f"{say.faces(record.faces)} and {say.count(len(record.groups), 'group')}"
    return f"{moved} of {say.name(record.merged, names)} to {say.name(record.subject_id, names)}"


@text_of.register(records.MoveFacesRecord)
def _give_faces(record: records.MoveFacesRecord, names: Names) -> str:
    who = "nobody" if record.subject_id is None else say.name(record.subject_id, names)
    return f"{say.faces(record.faces)} to {who}"


@text_of.register(records.ShowFaceRecord)
def _show_face(record: records.ShowFaceRecord, _names: Names) -> str:
    return f"face {say.short(record.face_id)}{'' if record.found else ', no image found'}"


@text_of.register(records.FollowImagesRecord)
def _follow(record: records.FollowImagesRecord, _names: Names) -> str:
    return say.count(record.images, "image")


@text_of.register(records.DeleteFacesRecord)
@text_of.register(records.ExportTemplatesRecord)
def _some_faces(record: records.DeleteFacesRecord, _names: Names) -> str:
    return say.faces(record.faces)


@text_of.register(records.ImportTemplatesRecord)
def _import(record: records.ImportTemplatesRecord, _names: Names) -> str:
    return f"{say.faces(record.faces)}, {record.known} known"


@text_of.register(records.ExportManyTemplatesRecord)
def _export_many(record: records.ExportManyTemplatesRecord, _names: Names) -> str:
    return say.many(record.faces)


@text_of.register(records.ImportManyTemplatesRecord)
def _import_many(record: records.ImportManyTemplatesRecord, _names: Names) -> str:
    return f"{say.many(record.faces)}, {record.known} known"


@text_of.register(records.PrepareUpgradeRecord)
@text_of.register(records.FinishUpgradeRecord)
@text_of.register(records.DiscardUpgradeRecord)
def _upgrade(record: UpgradeRecord, _names: Names) -> str:
    return f"from {record.former.pack} to {record.target.pack}"


@text_of.register(records.SwitchUpgradeRecord)
@text_of.register(records.UndoUpgradeRecord)
def _switch(record: records.SwitchUpgradeRecord | records.UndoUpgradeRecord, _names: Names) -> str:
    way = record.former.pack, record.target.pack
    start, end = reversed(way) if isinstance(record, records.UndoUpgradeRecord) else way
    deleted = f", {record.deleted} deleted" if record.deleted else ""
    return f"from {start} to {end}: {say.count(record.faces, 'face')}{deleted}"
