"""What the ledger said last of something, against what is in the database now."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from reknown.ledger import log
from reknown.ledger.codec import DONE
from reknown.ledger.verification.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from reknown.ledger.log import Event
    from reknown.ledger.records import Record
    from reknown.storage.database import Database

Key = TypeVar("Key")
State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Said(Generic[State]):
    """The state that a record left behind, None where it ended; `record` is its id."""

    state: State | None
    record: int


@dataclass(frozen=True, slots=True)
class StatedKind:
    """What is compared: `what` is a word for machines, `named` says which one it is."""

    what: str
    named: Callable[[Any], str]

    def faults(self, said: Mapping[Key, Said[Any]], there: Mapping[Key, object]) -> Iterator[Fault]:
        """Of what is there without a record, gone without one, or other than its record says."""
        for key, state in there.items():
            known = said.get(key)
            if known is None:
                yield Fault(self.what, f"{self.named(key)} is there, and no record says so")
            elif known.state is None:
                yield self._fault(key, known, f"is there, and record {known.record} ended it")
            elif known.state != state:
                wrong = ", ".join(_differences(known.state, state))
                yield self._fault(key, known, f"has other {wrong} than record {known.record} says")
        for key, known in said.items():
            if known.state is not None and key not in there:
                message = f"is gone, and record {known.record} is the last to tell of it"
                yield self._fault(key, known, message)

    def _fault(self, key: Key, known: Said[Any], message: str) -> Fault:
        return Fault(self.what, f"{self.named(key)} {message}", record=known.record)


def deeds(database: Database, *types: type[Record]) -> Iterator[Event]:
    """The events of these types in the order of writing; without what was refused or failed."""
    operations = [each.OPERATION for each in types]
    for event in log.stream_operations(database, operations):
        if event.kind in (None, DONE):
            yield event


def _differences(said: Any, there: Any) -> Iterator[str]:
    for field in fields(said):
        if getattr(said, field.name) != getattr(there, field.name):
            yield field.name
