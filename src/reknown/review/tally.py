"""What decided cases say of searches and of those who review them, by month."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select

from reknown.review.opinions import Opinion
from reknown.review.schema import review_candidates, review_cases, review_judgements, reviews
from reknown.review.states import CaseState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement, Connection, Select

_MONTH = func.substr(review_cases.c.decided_at, 1, 7)


@dataclass(frozen=True, slots=True)
class MonthTally:
    """A month's decided cases: opinions on candidates, pairs of opinions, opinions on seeds.

    Pairs are of the first and the second reviewer of the same candidate; those on known non-mates
    are by reviewer.
    """

    month: str
    cases: int = 0
    decided: Counter[Opinion] = field(default_factory=Counter)
    pairs: Counter[tuple[Opinion, Opinion]] = field(default_factory=Counter)
    seeded: Counter[tuple[str, Opinion]] = field(default_factory=Counter)


def tally_months(connection: Connection, owner: int) -> list[MonthTally]:
    """The months in which cases of the collection of this key were decided, in their order."""
    own = (review_cases.c.collection_id == owner, review_cases.c.state == CaseState.DECIDED.value)
    cases = connection.execute(
        select(_MONTH, func.count()).select_from(review_cases).where(*own).group_by(_MONTH)
    )
    tallies = {month: MonthTally(month, count) for month, count in cases}
    for month, opinion, count in connection.execute(_decided(own)):
        tallies[month].decided[Opinion(opinion)] = count
    for month, reviewer, opinion, count in connection.execute(_seeded(own)):
        tallies[month].seeded[reviewer, Opinion(opinion)] = count
    for month, pair in _pairs(connection.execute(_said(own))):
        tallies[month].pairs[pair] += 1
    return [tallies[month] for month in sorted(tallies)]


def _decided(own: Iterable[ColumnElement[bool]]) -> Select[Any]:
    opinion = review_candidates.c.opinion
    return (
        select(_MONTH, opinion, func.count())
        .join_from(review_cases, review_candidates)
        .where(*own, opinion.is_not(None))
        .group_by(_MONTH, opinion)
    )


def _seeded(own: Iterable[ColumnElement[bool]]) -> Select[Any]:
    columns = (_MONTH, reviews.c.reviewer, review_judgements.c.opinion)
    query = select(*columns, func.count()).join_from(review_cases, review_candidates)
    query = query.join(
        review_judgements, review_judgements.c.candidate == review_candidates.c.id
    ).join(reviews, reviews.c.id == review_judgements.c.review)
    return query.where(*own, review_candidates.c.rank.is_(None)).group_by(*columns)


def _said(own: Iterable[ColumnElement[bool]]) -> Select[Any]:
    """What those said who were not adjudicating, in the order of their finishing."""
    columns = (_MONTH, review_candidates.c.id, reviews.c.round, review_judgements.c.opinion)
    blind = and_(
        reviews.c.id == review_judgements.c.review,
        ~reviews.c.adjudicating,
        reviews.c.finished_at.is_not(None),
    )
    query = select(*columns).join_from(review_cases, review_candidates)
    query = query.join(
        review_judgements, review_judgements.c.candidate == review_candidates.c.id
    ).join(reviews, blind)
    query = query.where(*own, review_candidates.c.rank.is_not(None))
    return query.order_by(reviews.c.finished_at, reviews.c.id)


def _pairs(rows: Iterable[Any]) -> Iterable[tuple[str, tuple[Opinion, Opinion]]]:
    said: dict[tuple[str, int, int], list[Opinion]] = defaultdict(list)
    for month, candidate, turn, opinion in rows:
        said[month, candidate, turn].append(Opinion(opinion))
    for (month, _, _), opinions in said.items():
        if len(opinions) > 1:
            yield month, (opinions[0], opinions[1])
