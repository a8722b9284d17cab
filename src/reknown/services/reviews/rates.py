"""How often candidates stand up to people, and how well these judge: measured in operation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.rates import Interval, Rate, wilson
from reknown.gallery.collections import require
from reknown.ledger import log
from reknown.ledger.records import ReadReviewRatesRecord
from reknown.review.agreement import WIDEST, Kappa, kappa_of
from reknown.review.opinions import Opinion
from reknown.review.tally import tally_months

if TYPE_CHECKING:
    from reknown.review.tally import MonthTally
    from reknown.services.context import Context


@dataclass(frozen=True, slots=True)
class CountedShare:
    """`count` of `total`, with the interval in which the true share lies; None of nothing."""

    count: int
    total: int
    value: float | None
    interval: Interval | None

    @property
    def telling(self) -> bool:
        """Whether there are enough data for it to mean something."""
        return self.interval is not None and self.interval.high - self.interval.low <= WIDEST

    @classmethod
    def of(cls, count: int, total: int) -> CountedShare:
        """With Wilson's interval."""
        if not total:
            return cls(count, total, None, None)
        rate = Rate(count, total)
        return cls(count, total, rate.value, wilson(rate))


@dataclass(frozen=True, slots=True)
class ReviewerErrors:
    """How often a reviewer took a known non-mate for the same person."""

    reviewer: str
    errors: CountedShare


@dataclass(frozen=True, slots=True)
class MonthRates:
    """What people made of the candidates of a month's decided cases.

    `predictive_value` is the share judged the same person of those judged at all: how often a
    candidate stands up to people, who may err too. `seeded_errors` are judgements that took a
    known non-mate for the same person.
    """

    month: str
    cases: int
    candidates: int
    same: int
    different: int
    cannot_tell: int
    predictive_value: CountedShare
    agreement: Kappa
    seeded_errors: CountedShare
    reviewers: tuple[ReviewerErrors, ...]


def review_rates(context: Context, collection: str) -> list[MonthRates]:
    """By the month of the decision, in their order; raises `NotFoundError`."""
    with context.database.begin() as connection:
        tallies = tally_months(connection, require(connection, collection).id)
        record = ReadReviewRatesRecord(len(tallies))
        log.append(connection, context.actor, collection, record)
    return [_rates(tally) for tally in tallies]


def _rates(tally: MonthTally) -> MonthRates:
    same, different, unsure = (tally.decided[each] for each in Opinion)
    names = sorted({reviewer for reviewer, _ in tally.seeded})
    by_reviewer = tuple(ReviewerErrors(name, _errors(tally, name)) for name in names)
    wrong = sum(it.errors.count for it in by_reviewer)
    return MonthRates(
        month=tally.month,
        cases=tally.cases,
        candidates=same + different + unsure,
        same=same,
        different=different,
        cannot_tell=unsure,
        predictive_value=CountedShare.of(same, same + different),
        agreement=kappa_of(tally.pairs),
        seeded_errors=CountedShare.of(wrong, sum(it.errors.total for it in by_reviewer)),
        reviewers=by_reviewer,
    )


def _errors(tally: MonthTally, reviewer: str) -> CountedShare:
    total = sum(tally.seeded[reviewer, opinion] for opinion in Opinion)
    return CountedShare.of(tally.seeded[reviewer, Opinion.SAME], total)
