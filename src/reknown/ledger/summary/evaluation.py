"""Summaries of records of evaluations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.text import counted
from reknown.ledger import records
from reknown.ledger.summary import say
from reknown.ledger.summary.texts import text_of

if TYPE_CHECKING:
    from reknown.ledger.summary.say import Names


@text_of.register(records.EvaluateRecord)
def _evaluate(record: records.EvaluateRecord, _names: Names) -> str:
    return (
        f"{record.kind} with pack {record.pack} on {counted(record.images, 'image')} of "
        f"{counted(record.people, 'person', 'people')}"
    )


@text_of.register(records.StopEvaluationRecord)
@text_of.register(records.DeleteEvaluationRecord)
def _one(
    record: records.StopEvaluationRecord | records.DeleteEvaluationRecord, _names: Names
) -> str:
    return say.short(record.evaluation)


@text_of.register(records.CalibrateRecord)
def _calibrate(record: records.CalibrateRecord, _names: Names) -> str:
    return (
        f"pack {record.pack} by {counted(record.comparisons, 'comparison')}, "
        f"{say.short(record.sha256)}"
    )
