"""What was done with faces in a time, for the public: counts from the ledger, small ones withheld.

Every record of the time is in one of four lists: searches, what else was done, refusals and
failures. No number of one list can be worked out from another one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.ledger import log
from reknown.ledger.codec import DONE, FAILED, REFUSED
from reknown.ledger.counting import reasons, tallies
from reknown.ledger.log import Choice
from reknown.ledger.records import IdentifyRecord, SearchSightingsRecord, SearchTracksRecord
from reknown.services.oversight.stored_faces import OPERATIONS, StoredFaces
from reknown.services.oversight.suppression import all_or_none, suppressed
from reknown.services.oversight.usage import KEY
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from reknown.ledger.counting import EventCount
    from reknown.ledger.log import Event
    from reknown.services.context import Context
    from reknown.services.oversight.suppression import ShownCounts
    from reknown.storage.database import Database

    Search = IdentifyRecord | SearchSightingsRecord | SearchTracksRecord

NO_PURPOSE = "not stated"
_SEARCHES = (
    IdentifyRecord.OPERATION,
    SearchSightingsRecord.OPERATION,
    SearchTracksRecord.OPERATION,
)


@dataclass(frozen=True, slots=True)
class SearchCounts:
    """Searches of one collection for one purpose; None is withheld.

    The total is shown only where both of its parts are. `expected_false_candidates` is how many
    strangers they were expected to show as candidates: by the false match rates of their
    thresholds, the references and the faces searched for. It is withheld with the total, and
    None, too, where a threshold has no known rate.
    """

    collection: str
    purpose: str
    with_candidates: int | None
    without_candidates: int | None
    total: int | None
    expected_false_candidates: float | None


@dataclass(frozen=True, slots=True)
class Counts:
    """A number for each name, and their total; None is withheld."""

    counts: Mapping[str, int | None]
    total: int | None


@dataclass(frozen=True, slots=True)
class Transparency:
    """Everything that the report tells of the time from `since` on and before `until`.

    `faces` are those stored at the
    end, by collection; faces enrolled and deleted are withheld both or not at all.
    """

    since: datetime
    until: datetime
    searches: tuple[SearchCounts, ...]
    searches_total: int | None
    other: Counts
    refusals: Counts
    failures: Counts
    faces: Counts
    faces_enrolled: int | None
    faces_deleted: int | None
    keys_active: int | None


@dataclass(slots=True)
class _Searches:
    """Searches with and without candidates, and the strangers expected among them."""

    with_candidates: int = 0
    without_candidates: int = 0
    expected: float | None = 0.0

    @property
    def outcomes(self) -> tuple[int, int]:
        return self.with_candidates, self.without_candidates


@dataclass(slots=True)
class _Changes:
    """Faces as they came and went in the time, and as they were at its end."""

    stored: StoredFaces = field(default_factory=StoredFaces)
    enrolled: int = 0
    deleted: int = 0


def read_transparency(context: Context, since: datetime, until: datetime) -> Transparency:
    """The figures of the time from `since` on and before `until`; the same for the same ledger.

    Raises `InputError` where that is no time, and `DatabaseError` for a damaged row.
    """
    if since >= until:
        raise InputError(f"the time from {since:%Y-%m-%d %H:%M} on ends before it begins")
    choice = Choice(since, until)
    with reading(context.database) as connection:
        counted, why = tallies(connection, choice), reasons(connection, choice)
    searches = _searches(context.database, since, until)
    changes = _changes(context.database, since, until)
    outcomes = (each for it in searches.values() for each in it.outcomes)
    shown = suppressed(tuple(outcomes))
    enrolled, deleted = all_or_none((changes.enrolled, changes.deleted))
    return Transparency(
        since=since,
        until=until,
        searches=tuple(_shown(searches, shown)),
        searches_total=shown.total,
        other=_counts(_others(counted)),
        refusals=_counts({it.error: it.count for it in why if it.kind == REFUSED}),
        failures=_counts({it.error: it.count for it in why if it.kind == FAILED}),
        faces=_counts(changes.stored.by_collection()),
        faces_enrolled=enrolled,
        faces_deleted=deleted,
        keys_active=all_or_none((_active_keys(counted),))[0],
    )


def _searches(
    database: Database, since: datetime, until: datetime
) -> Mapping[tuple[str, str], _Searches]:
    found: dict[tuple[str, str], _Searches] = defaultdict(_Searches)
    for event in log.stream_operations(database, _SEARCHES, Choice(since, until)):
        if isinstance(event.record, IdentifyRecord | SearchSightingsRecord | SearchTracksRecord):
            _count(found[_place(event)], event.record)
        elif event.kind in {None, DONE}:  # written before records had types
            found[_place(event)].without_candidates += 1
    return dict(sorted(found.items()))


def _shown(
    searches: Mapping[tuple[str, str], _Searches], shown: ShownCounts
) -> Iterator[SearchCounts]:
    cells = zip(shown.counts[::2], shown.counts[1::2], strict=True)
    for (place, it), (with_candidates, without_candidates) in zip(
        searches.items(), cells, strict=True
    ):
        both = with_candidates is not None and without_candidates is not None
        yield SearchCounts(
            *place,
            with_candidates,
            without_candidates,
            sum(it.outcomes) if both else None,
            _rounded(it) if both else None,
        )


def _place(event: Event) -> tuple[str, str]:
    return event.collection or "", event.purpose or NO_PURPOSE


def _count(searches: _Searches, record: Search) -> None:
    if any(record.candidates):
        searches.with_candidates += 1
    else:
        searches.without_candidates += 1
    rate = record.threshold.false_match_rate
    if rate is None or searches.expected is None:
        searches.expected = None
    else:
        searches.expected += rate * _comparisons(record)


def _comparisons(record: Search) -> int:
    """How many pairs of faces were compared."""
    if isinstance(record, IdentifyRecord):
        return len(record.candidates) * record.references
    if isinstance(record, SearchSightingsRecord):
        return record.sightings_searched
    return record.tracks_searched


def _rounded(searches: _Searches) -> float | None:
    """No more digits than an estimate has: they would tell how many searches there were."""
    return None if searches.expected is None else float(f"{searches.expected:.2g}")


def _changes(database: Database, since: datetime, until: datetime) -> _Changes:
    changes = _Changes()
    for event in log.stream_operations(database, OPERATIONS, Choice(until=until)):
        change = changes.stored.apply(event)
        if event.at >= since:
            changes.enrolled += change.enrolled
            changes.deleted += change.deleted
    return changes


def _others(counted: Sequence[EventCount]) -> Mapping[str, int]:
    found: Counter[str] = Counter()
    for it in counted:
        if it.kind == DONE and it.operation not in _SEARCHES:
            found[it.operation] += it.count
    return dict(sorted(found.items()))


def _active_keys(counted: Sequence[EventCount]) -> int:
    return len({it.actor for it in counted if it.actor.startswith(KEY)})


def _counts(counts: Mapping[str, int]) -> Counts:
    shown = suppressed(tuple(counts.values()))
    return Counts(dict(zip(counts, shown.counts, strict=True)), shown.total)
