"""Records of evaluations, and of what was set by them."""

# Not `from __future__ import annotations`: msgspec reads these types when it runs.
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, UnsetType

from reknown.ledger.records.parts import Count, PackName, Record, Sha256, doc

EvaluationId = Annotated[
    str,
    Meta(pattern=r"\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", title="evaluation id"),
]
_Evaluation = Annotated[
    EvaluationId | UnsetType,
    doc("The evaluation whose results are kept; not there for others"),
]


@dataclass(frozen=True, slots=True)
class EvaluateRecord(Record):
    """Pictures of people were about to be compared, to measure how often a model pack is wrong."""

    OPERATION: ClassVar[str] = "evaluate"

    kind: Annotated[
        Literal["verify", "identify", "groups", "calibrate", "compare", "audit"],
        doc("What is measured, by the name of the command"),
    ]
    pack: Annotated[PackName, doc("Name of the model pack")]
    images: Annotated[Count, doc("How many pictures")]
    people: Annotated[Count, doc("Of how many people")]
    manifest: Annotated[
        Sha256, doc("SHA-256 of what was declared: names of files, people, sessions and groups")
    ]
    evaluation: _Evaluation = UNSET


@dataclass(frozen=True, slots=True)
class StopEvaluationRecord(Record):
    """An evaluation was stopped before its end."""

    OPERATION: ClassVar[str] = "stop evaluation"

    evaluation: Annotated[EvaluationId, doc("The evaluation")]
    running: Annotated[bool, doc("Whether it was still running")]


@dataclass(frozen=True, slots=True)
class DeleteEvaluationRecord(Record):
    """An evaluation was deleted with its results."""

    OPERATION: ClassVar[str] = "delete evaluation"

    evaluation: Annotated[EvaluationId, doc("The evaluation")]


@dataclass(frozen=True, slots=True)
class CalibrateRecord(Record):
    """From then on the scores of a model pack stood for other false match rates."""

    OPERATION: ClassVar[str] = "calibrate"

    pack: Annotated[PackName, doc("Name of the model pack")]
    sha256: Annotated[Sha256, doc("SHA-256 of the file with the calibration")]
    comparisons: Annotated[Count, doc("Comparisons of two strangers that it was measured on")]
    evaluation: _Evaluation = UNSET
