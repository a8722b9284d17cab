"""Who did how much in a month, from the ledger alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.ledger import log
from reknown.ledger.codec import DONE, FAILED, REFUSED
from reknown.ledger.counting import tallies
from reknown.ledger.log import Choice
from reknown.ledger.records import CreateKeyRecord, RotateKeyRecord
from reknown.ledger.skimming import skim
from reknown.services.oversight.stored_faces import CHANGES, StoredFaces

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reknown.ledger.skimming import Watch
    from reknown.services.context import Context
    from reknown.storage.database import Database

KEY = "key:"
"""What an actor's name begins with that is an access key."""
_KEYS = (CreateKeyRecord.OPERATION, RotateKeyRecord.OPERATION)


@dataclass(frozen=True, slots=True)
class Month:
    """A month of a year, in UTC; raises `InputError` where there is none such."""

    year: int
    month: int

    def __post_init__(self) -> None:
        if not (1 <= self.year <= 9998 and 1 <= self.month <= 12):  # its end is a date, too
            raise InputError(f"{self} is not a month: write it as 2026-11")

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"

    @property
    def start(self) -> datetime:
        """Its first moment."""
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The first moment of the next one."""
        years, month = divmod(self.month, 12)
        return datetime(self.year + years, month + 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ActorUsage:
    """What one actor did in a month: operations by name, and faces.

    `name` is what an access key was called, empty for others. `enrolled` and `deleted` are faces
    that it brought and took in the month. `stored` are those that it ever enrolled and that were
    there at the month's end.
    """

    actor: str
    name: str
    done: Mapping[str, int]
    refused: Mapping[str, int]
    failed: Mapping[str, int]
    enrolled: int
    deleted: int
    stored: int


@dataclass(slots=True)
class _Faces:
    """Faces as they came and went in the month, and as they were at its end."""

    stored: Mapping[str, int]
    enrolled: Counter[str] = field(default_factory=Counter)
    deleted: Counter[str] = field(default_factory=Counter)


def read_usage(
    context: Context, month: Month, actor: str | None = None, watch: Watch | None = None
) -> tuple[ActorUsage, ...]:
    """The usage of each actor that did something in the month, or had faces at its end.

    Only that of `actor` where one is named. The same ledger gives the same; the present month
    goes until now. `watch` is told how many records were read more. Raises
    `DatabaseError` for a damaged row.
    """
    counted = tallies(context.database, Choice(month.start, month.end, actor), watch)
    names = _names_of_keys(context.database, month)
    faces = _faces(context.database, month, watch)
    counts: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for it in counted:
        counts[it.actor][it.kind][it.operation] += it.count
    actors = counts.keys() | faces.stored.keys()
    return tuple(
        ActorUsage(
            each,
            names.get(each, ""),
            _sorted(counts[each][DONE]),
            _sorted(counts[each][REFUSED]),
            _sorted(counts[each][FAILED]),
            faces.enrolled[each],
            faces.deleted[each],
            faces.stored.get(each, 0),
        )
        for each in sorted(actors)
        if actor in {None, each}
    )


def _sorted(counts: Mapping[str, int]) -> Mapping[str, int]:
    return dict(sorted(counts.items()))


def _names_of_keys(database: Database, month: Month) -> Mapping[str, str]:
    """What keys were called when they were made, by actor."""
    made = log.stream_operations(database, _KEYS, Choice(until=month.end))
    records = (event.record for event in made)
    return {
        f"{KEY}{record.key}": record.name
        for record in records
        if isinstance(record, CreateKeyRecord | RotateKeyRecord)
    }


def _faces(database: Database, month: Month, watch: Watch | None) -> _Faces:
    book, enrolled, deleted = StoredFaces(), Counter[str](), Counter[str]()
    for event in skim(database, CHANGES, Choice(until=month.end), watch):
        change = book.apply(event)
        if event.at >= month.start:
            enrolled[event.actor] += change.enrolled
            deleted[event.actor] += change.deleted
    return _Faces(book.by_actor(), enrolled, deleted)


def month_of(text: str) -> Month:
    """The month that is written as 2026-11; raises `InputError` for anything else."""
    year, _, month = text.partition("-")
    digits = f"{year}{month}"
    if not (len(year) == 4 and len(month) == 2 and digits.isascii() and digits.isdecimal()):
        raise InputError(f"{text[:80]!r} is not a month: write it as 2026-11")
    return Month(int(year), int(month))


def lines(usage: ActorUsage) -> Iterator[tuple[str, str, int]]:
    """One number a line: what was counted, of which operation if of one, and how many."""
    for what, counts in (
        ("done", usage.done),
        ("refused", usage.refused),
        ("failed", usage.failed),
    ):
        for operation, count in counts.items():
            yield what, operation, count
    yield "faces enrolled", "", usage.enrolled
    yield "faces deleted", "", usage.deleted
    yield "faces stored", "", usage.stored
