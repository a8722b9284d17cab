"""What was done with faces in a time, for the public: counts from the ledger, small ones withheld.

Every record of the time is in one of five lists: searches, what reviewers did, what else was done,
refusals and failures. No number of one list can be worked out from another one; so single
judgements, whose number follows from decisions, are not shown.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.ledger.codec import DONE, FAILED, REFUSED
from reknown.ledger.counting import reasons, tallies
from reknown.ledger.expiry import expired_records
from reknown.ledger.log import Choice
from reknown.ledger.records import (
    IdentifyRecord,
    JudgeCandidateRecord,
    SearchSightingsRecord,
    SearchTracksRecord,
)
from reknown.ledger.skimming import skim
from reknown.services.oversight.fields import IdentifyFields, KeptFields
from reknown.services.oversight.review_outcomes import CASES, read_outcomes
from reknown.services.oversight.stored_faces import CHANGES, StoredFaces
from reknown.services.oversight.suppression import all_or_none, counts_of, suppressed
from reknown.services.oversight.usage import KEY
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from reknown.ledger.counting import EventCount
    from reknown.ledger.records import Record
    from reknown.ledger.skimming import Watch
    from reknown.services.context import Context
    from reknown.services.oversight.review_outcomes import ReviewOutcomes
    from reknown.services.oversight.suppression import Counts, ShownCounts
    from reknown.storage.database import Database

NO_PURPOSE = "not stated"
_SEARCHES: Mapping[type[Record], type] = {
    IdentifyRecord: IdentifyFields,
    SearchSightingsRecord: KeptFields,
    SearchTracksRecord: KeptFields,
}
_APART: tuple[type[Record], ...] = (*_SEARCHES, *CASES, JudgeCandidateRecord)
_COUNTED_APART = {each.OPERATION for each in _APART}


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
class Transparency:
    """Everything that the report tells of the time from `since` on and before `until`.

    `faces` are those stored at the
    end, by collection; faces enrolled and deleted are withheld both or not at all.
    `records_expired` says that the ledger lacks records whose time was over: they are not counted.
    """

    since: datetime
    until: datetime
    searches: tuple[SearchCounts, ...]
    searches_total: int | None
    reviews: ReviewOutcomes
    other: Counts
    refusals: Counts
    failures: Counts
    faces: Counts
    faces_enrolled: int | None
    faces_deleted: int | None
    keys_active: int | None
    records_expired: bool


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


def read_transparency(
    context: Context, since: datetime, until: datetime, watch: Watch | None = None
) -> Transparency:
    """The figures of the time from `since` on and before `until`; the same for the same ledger.

    `watch` is told how many records were read more; some are read twice.
    Raises `InputError` where that is no time, and `DatabaseError` for a damaged row.
    """
    if since >= until:
        raise InputError(f"the time from {since:%Y-%m-%d %H:%M} on ends before it begins")
    choice = Choice(since, until)
    counted = tallies(context.database, choice, watch)
    searches = _searches(context.database, choice, watch)
    changes = _changes(context.database, since, until, watch)
    outcomes = (each for it in searches.values() for each in it.outcomes)
    shown = suppressed(tuple(outcomes))
    enrolled, deleted = all_or_none((changes.enrolled, changes.deleted))
    return Transparency(
        since=since,
        until=until,
        searches=tuple(_shown(searches, shown)),
        searches_total=shown.total,
        reviews=read_outcomes(context.database, since, until, watch),
        other=counts_of(_others(counted)),
        refusals=counts_of(reasons(counted, REFUSED)),
        failures=counts_of(reasons(counted, FAILED)),
        faces=counts_of(changes.stored.by_collection()),
        faces_enrolled=enrolled,
        faces_deleted=deleted,
        keys_active=all_or_none((_active_keys(counted),))[0],
        records_expired=_has_expired(context.database),
    )


def _searches(
    database: Database, choice: Choice, watch: Watch | None
) -> Mapping[tuple[str, str], _Searches]:
    found: dict[tuple[str, str], _Searches] = defaultdict(_Searches)
    for event in skim(database, _SEARCHES, choice, watch):
        _count(found[event.collection or "", event.purpose or NO_PURPOSE], event.fields)
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


def _count(searches: _Searches, fields: IdentifyFields | KeptFields | None) -> None:
    if fields is None or not fields.found:  # none: written before records had types
        searches.without_candidates += 1
    else:
        searches.with_candidates += 1
    if fields is None:
        return
    rate = fields.threshold.false_match_rate
    if rate is None or searches.expected is None:
        searches.expected = None
    else:
        searches.expected += rate * fields.comparisons


def _rounded(searches: _Searches) -> float | None:
    """No more digits than an estimate has: they would tell how many searches there were."""
    return None if searches.expected is None else float(f"{searches.expected:.2g}")


def _changes(database: Database, since: datetime, until: datetime, watch: Watch | None) -> _Changes:
    changes = _Changes()
    for event in skim(database, CHANGES, Choice(until=until), watch):
        change = changes.stored.apply(event)
        if event.at >= since:
            changes.enrolled += change.enrolled
            changes.deleted += change.deleted
    return changes


def _others(counted: Sequence[EventCount]) -> Mapping[str, int]:
    found: Counter[str] = Counter()
    for it in counted:
        if it.kind == DONE and it.operation not in _COUNTED_APART:
            found[it.operation] += it.count
    return dict(sorted(found.items()))


def _has_expired(database: Database) -> bool:
    with reading(database) as connection:
        return expired_records(connection).count > 0


def _active_keys(counted: Sequence[EventCount]) -> int:
    return len({it.actor for it in counted if it.actor.startswith(KEY)})
