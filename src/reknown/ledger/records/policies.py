"""What may be done with a collection: rules, consents, refusals, stops, what was kept too long."""

# Not `from __future__ import annotations`: msgspec reads these types when it runs.
from dataclasses import dataclass
from typing import Annotated, ClassVar

from reknown.biometrics.policy import Policy
from reknown.ledger.records.parts import (
    Code,
    Label,
    Record,
    doc,
)


@dataclass(frozen=True, slots=True)
class SetPolicyRecord(Record):
    """A collection was given rules in place of those it had."""

    OPERATION: ClassVar[str] = "set policy"

    policy: Annotated[Policy, doc("All of them, by the names that they have in a policy's file")]


@dataclass(frozen=True, slots=True)
class ReadPolicyRecord(Record):
    """Somebody read a collection's rules."""

    OPERATION: ClassVar[str] = "read policy"


@dataclass(frozen=True, slots=True)
class RefuseSearchRecord(Record):
    """A search was not answered, for what the collection's rules or a stop say."""

    OPERATION: ClassVar[str] = "refuse search"

    reason: Annotated[Code, doc("Code of the reason, such as `PurposeNotAllowed`")]


@dataclass(frozen=True, slots=True)
class StopSearchesRecord(Record):
    """From then on nobody searched the collection; without one, any."""

    OPERATION: ClassVar[str] = "stop searches"

    reason: Annotated[Label, doc("Why, as the operator wrote it")]


@dataclass(frozen=True, slots=True)
class ResumeSearchesRecord(Record):
    """A stop was taken back."""

    OPERATION: ClassVar[str] = "resume searches"

    stopped: Annotated[bool, doc("Whether there had been one")]
