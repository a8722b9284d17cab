"""Summaries of records of cameras that are watched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.ledger import records
from reknown.ledger.summary import say
from reknown.ledger.summary.texts import text_of

if TYPE_CHECKING:
    from reknown.ledger.summary.say import Names


@text_of.register(records.CreateWatchRecord)
def _create(record: records.CreateWatchRecord, _names: Names) -> str:
    where = f", {say.count(record.zones, 'zone')}" if record.zones else ""
    output = f", into {record.output}" if record.output else ""
    return f"{record.watch}: {record.camera} from {record.similarity:g} % on{where}{output}"


@text_of.register(records.ReadWatchRecord)
@text_of.register(records.StartWatchRecord)
@text_of.register(records.StopWatchRecord)
@text_of.register(records.DeleteWatchRecord)
def _watch(
    record: records.ReadWatchRecord
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
def _update(record: records.UpdateWatchRecord, _names: Names) -> str:
    return f"{record.watch}: {say.count(record.zones, 'zone')}"


@text_of.register(records.TagWatchRecord)
def _tag(record: records.TagWatchRecord, _names: Names) -> str:
    changes = (*say.tags(record.set), *(f"-{key}" for key in record.removed))
    return f"{record.watch}: {' '.join(changes)}"


@text_of.register(records.FailWatchRecord)
def _fail(record: records.FailWatchRecord, _names: Names) -> str:
    return f"{record.watch}: {record.error}"
