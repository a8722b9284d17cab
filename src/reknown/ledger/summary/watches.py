"""Summaries of records of cameras that are watched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.ledger import records
from reknown.ledger.summary import say
from reknown.ledger.summary.texts import text_of

if TYPE_CHECKING:
    from reknown.ledger.summary.say import Names

_TOLD = frozenset({"alerts", "output", "score", "similarity", "zones"})


@text_of.register(records.CreateWatchRecord)
def _create(record: records.CreateWatchRecord, names: Names) -> str:
    least = f"score {record.score}" if record.similarity is None else f"{record.similarity:g} %"
    where = f", {say.count(record.zones, 'zone')}" if record.zones else ""
    output = f", into {record.output}" if record.output else ""
    others = _others(record.settings, record.subject_ids, names)
    return f"{record.watch}: {record.camera} from {least} on{where}{output}{others}"


@text_of.register(records.ReadWatchRecord)
@text_of.register(records.LookThroughCameraRecord)
@text_of.register(records.StartWatchRecord)
@text_of.register(records.StopWatchRecord)
@text_of.register(records.DeleteWatchRecord)
def _watch(
    record: records.ReadWatchRecord
    | records.LookThroughCameraRecord
    | records.StartWatchRecord
    | records.StopWatchRecord
    | records.DeleteWatchRecord,
    _names: Names,
) -> str:
    return record.watch


@text_of.register(records.ListWatchesRecord)
def _list(record: records.ListWatchesRecord, _names: Names) -> str:
    there = f", {record.present} there" if record.present else ""
    return f"{record.listed} shown{there}"


@text_of.register(records.UpdateWatchRecord)
def _update(record: records.UpdateWatchRecord, names: Names) -> str:
    others = _others(record.settings, record.subject_ids, names)
    return f"{record.watch}: {say.count(record.zones, 'zone')}{others}"


@text_of.register(records.TagWatchRecord)
def _tag(record: records.TagWatchRecord, _names: Names) -> str:
    changes = (*say.tags(record.set), *(f"-{key}" for key in record.removed))
    return f"{record.watch}: {' '.join(changes)}"


@text_of.register(records.BeginRecordingRecord)
def _begin_recording(record: records.BeginRecordingRecord, _names: Names) -> str:
    names = ", with names" if record.annotated else ""
    return f"{record.watch}: film {say.short(record.recording)}{names}"


@text_of.register(records.EndRecordingRecord)
def _end_recording(record: records.EndRecordingRecord, _names: Names) -> str:
    film = f"{record.watch}: film {say.short(record.recording)}"
    lasted = f"{record.duration_ms / 1000:.1f} s"
    return f"{film}, {say.count(record.frames, 'frame')} of {lasted}, {say.short(record.sha256)}"


@text_of.register(records.FailWatchRecord)
def _fail(record: records.FailWatchRecord, _names: Names) -> str:
    return f"{record.watch}: {record.error}"


def _others(
    settings: tuple[str, ...] | None, subject_ids: tuple[str, ...] | None, names: Names
) -> str:
    """Settings that are told by nothing else, and who is waited for."""
    plain = [each for each in settings or () if each not in _TOLD]
    if subject_ids:
        shown = [say.name(each, names) for each in subject_ids[: say.MOST_CANDIDATES]]
        more = say.more(subject_ids, say.MOST_CANDIDATES, "subject")
        plain.append(f"waits for {', '.join([*shown, *more])}")
    return "".join(f", {each}" for each in plain)
