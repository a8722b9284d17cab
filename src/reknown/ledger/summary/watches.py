"""Summaries of records of cameras that are watched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.ledger import records
from reknown.ledger.summary import say
from reknown.ledger.summary.texts import text_of

if TYPE_CHECKING:
    from reknown.ledger.summary.say import Names

_TOLD = frozenset({"alerts", "output", "score", "similarity", "zones"})
_UNSET = {"schedule": "at all hours", "zones": "anywhere in the picture"}


@text_of.register(records.CreateWatchRecord)
def _create(record: records.CreateWatchRecord, names: Names) -> str:
    least = f"score {record.score}" if record.similarity is None else f"{record.similarity:g} %"
    where = f", {say.count(record.zones, 'zone')}" if record.zones else ""
    output = f", into {record.output}" if record.output else ""
    others = _others(record, names)
    return f"{record.watch}: {record.camera} from {least} on{where}{output}{others}"


@text_of.register(records.ReadWatchRecord)
@text_of.register(records.LookThroughCameraRecord)
@text_of.register(records.DeleteWatchRecord)
def _watch(
    record: records.ReadWatchRecord | records.LookThroughCameraRecord | records.DeleteWatchRecord,
    _names: Names,
) -> str:
    return record.watch


@text_of.register(records.StartWatchRecord)
def _start(record: records.StartWatchRecord, _names: Names) -> str:
    least = "" if record.threshold is None else f" {say.threshold(record.threshold)}"
    return _with_camera(record) + least


@text_of.register(records.StopWatchRecord)
def _with_camera(
    record: records.StartWatchRecord | records.StopWatchRecord, _names: Names | None = None
) -> str:
    return record.watch if record.camera is None else f"{record.watch}: {record.camera}"


@text_of.register(records.ListWatchesRecord)
def _list(record: records.ListWatchesRecord, _names: Names) -> str:
    there = f", {record.present} there" if record.present else ""
    return f"{record.listed} shown{there}"


@text_of.register(records.UpdateWatchRecord)
def _update(record: records.UpdateWatchRecord, names: Names) -> str:
    if record.values is None:
        others = _others(record, names)
        return f"{record.watch}: {say.count(record.zones, 'zone')}{others}"
    former = record.former or {}
    changes = [
        f"{_setting(name, value)}, before {former.get(name) or _UNSET.get(name, 'none')}"
        for name, value in record.values.items()
    ]
    if "alerts" in (record.settings or ()):
        now, before = (_people(ids, names) for ids in (record.subject_ids, record.former_ids))
        changes.append(f"waits for {now}, before for {before}")
    return f"{record.watch}: {'; '.join(changes) or 'as it was'}"


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
    return f"{record.watch}: {record.error if record.reason is None else record.reason}"


def _others(record: records.CreateWatchRecord | records.UpdateWatchRecord, names: Names) -> str:
    """Settings that are told by nothing else, and who is waited for."""
    plain = [each for each in record.settings or () if each not in _TOLD]
    if record.values is not None:
        plain = [_setting(each, record.values.get(each)) for each in plain]
    if record.subject_ids:
        plain.append(f"waits for {_people(record.subject_ids, names)}")
    return "".join(f", {each}" for each in plain)


def _setting(name: str, value: str | None) -> str:
    words = name.replace("_", " ")
    return _UNSET.get(name, f"{words} none") if value is None else f"{words} {value}"


def _people(subject_ids: tuple[str, ...] | None, names: Names) -> str:
    ids = subject_ids or ()
    shown = [say.name(each, names) for each in ids[: say.MOST_CANDIDATES]]
    return ", ".join([*shown, *say.more(ids, say.MOST_CANDIDATES, "subject")]) or "nobody"
