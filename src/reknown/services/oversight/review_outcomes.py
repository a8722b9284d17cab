"""What people decided on candidates, from the ledger alone, with small counts withheld."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from reknown.biometrics.rates import Rate, wilson
from reknown.ledger.log import Choice
from reknown.ledger.records import (
    AppealCaseRecord,
    DecideCaseRecord,
    DisputeCaseRecord,
    OpenCaseRecord,
    PurgeCasesRecord,
)
from reknown.ledger.skimming import skim
from reknown.review.opinions import Opinion
from reknown.review.states import CaseOutcome
from reknown.services.oversight.fields import CaseFields, DecidedCase, OpenedCase, PurgedCases
from reknown.services.oversight.suppression import LEAST, all_or_none, counts_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from reknown.ledger.records import Record
    from reknown.ledger.skimming import Glimpse, Watch
    from reknown.services.oversight.suppression import Counts
    from reknown.storage.database import Database

CASES: Mapping[type[Record], type] = {
    OpenCaseRecord: OpenedCase,
    DisputeCaseRecord: CaseFields,
    DecideCaseRecord: DecidedCase,
    AppealCaseRecord: CaseFields,
}
"""The records that tell how cases went, with what is read of them."""
SAME, NOT_SAME = "same", "not same"
_DAY = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class ShownShare:
    """A share with Wilson's interval, in which the true one lies in 95 of 100 such samples."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ReviewOutcomes:
    """What became of cases in the time; None is withheld.

    `opened` are cases with candidates to judge. A decision after an appeal is one more in
    `decided`. `opinions` are those decided on candidates, and `same_share` the share judged the
    same person of those judged at all. `seeded` are judgements on known non-mates, and
    `seeded_errors` the share that took them for the same person. The median of days is from the
    opening, or the appeal, to the decision.
    """

    opened: int | None
    disputed: int | None
    appealed: int | None
    decided: Counts
    opinions: Counts
    same_share: ShownShare | None
    seeded: Counts
    seeded_errors: ShownShare | None
    median_days: float | None


@dataclass(slots=True)
class _Book:
    """What was counted so far, and since when the cases are open that are."""

    since: datetime
    open_since: dict[str, datetime] = field(default_factory=dict)
    steps: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    opinions: Counter[str] = field(default_factory=Counter)
    seeded: Counter[str] = field(default_factory=Counter)
    days: list[float] = field(default_factory=list)

    def apply(self, event: Glimpse) -> None:
        fields = event.fields
        if isinstance(fields, PurgedCases):
            for case in fields.cases:
                self.open_since.pop(case, None)
            return
        if isinstance(fields, OpenedCase) and not fields.candidates:
            return
        if event.at >= self.since:
            self.steps[event.operation] += 1
        if isinstance(fields, DecidedCase):
            self._decide(event, fields)
        elif event.operation != DisputeCaseRecord.OPERATION:
            self.open_since[fields.case] = event.at

    def _decide(self, event: Glimpse, fields: DecidedCase) -> None:
        began = self.open_since.pop(fields.case, None)
        if event.at < self.since:
            return
        if began is not None:  # the record of its opening may have expired
            self.days.append((event.at - began).total_seconds() / _DAY)
        self.outcomes[fields.outcome] += 1
        for candidate in fields.candidates:
            if candidate.opinion is not None:
                self.opinions[candidate.opinion] += 1
            if candidate.seeded:
                said = (it.opinion == Opinion.SAME.value for it in candidate.judgements)
                self.seeded.update(SAME if same else NOT_SAME for same in said)


def read_outcomes(
    database: Database, since: datetime, until: datetime, watch: Watch | None = None
) -> ReviewOutcomes:
    """How cases went from `since` on and before `until`.

    Raises `DatabaseError` for a damaged row.
    """
    book = _Book(since)
    for event in skim(
        database, {**CASES, PurgeCasesRecord: PurgedCases}, Choice(until=until), watch
    ):
        book.apply(event)
    opinions = counts_of({each.value: book.opinions[each.value] for each in Opinion})
    seeded = counts_of({each: book.seeded[each] for each in (SAME, NOT_SAME)})
    return ReviewOutcomes(
        opened=_alone(book.steps[OpenCaseRecord.OPERATION]),
        disputed=_alone(book.steps[DisputeCaseRecord.OPERATION]),
        appealed=_alone(book.steps[AppealCaseRecord.OPERATION]),
        decided=counts_of({each.value: book.outcomes[each.value] for each in CaseOutcome}),
        opinions=opinions,
        same_share=_share(opinions, Opinion.SAME.value, Opinion.DIFFERENT.value),
        seeded=seeded,
        seeded_errors=_share(seeded, SAME, NOT_SAME),
        median_days=round(median(book.days), 1) if len(book.days) >= LEAST else None,
    )


def _alone(count: int) -> int | None:
    return all_or_none((count,))[0]


def _share(counts: Counts, name: str, other: str) -> ShownShare | None:
    """Of `name` among both; None unless both counts are shown, which it would give away."""
    count, rest = counts.counts[name], counts.counts[other]
    if count is None or rest is None or count + rest == 0:
        return None
    rate = Rate(count, count + rest)
    interval = wilson(rate)
    return ShownShare(*(round(each, 4) for each in (rate.value, interval.low, interval.high)))
