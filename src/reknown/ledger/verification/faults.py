"""What verification finds: each fault says what was done to the log, and where."""

from __future__ import annotations

from dataclasses import dataclass, field

MOST_NAMED = 1000
"""So many faults are kept; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`what` is a word for machines, `index` a place in the log, `record` the id of a record."""

    what: str
    message: str
    index: int | None = None
    record: int | None = None


@dataclass(slots=True)
class Faults:
    """What was found so far."""

    named: list[Fault] = field(default_factory=list)
    count: int = 0

    def add(
        self, what: str, message: str, index: int | None = None, record: int | None = None
    ) -> None:
        """Keeps the fault while there is room."""
        self.count += 1
        if len(self.named) < MOST_NAMED:
            self.named.append(Fault(what, message, index, record))
