"""Cases and their candidates, by the key of the collection that was searched."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from reknown.biometrics.errors import NotFoundError
from reknown.review.opinions import Opinion
from reknown.review.schema import review_candidates, review_cases, review_notes, reviews
from reknown.review.states import CaseOutcome, CaseState
from reknown.storage.clock import as_text, now_text
from reknown.storage.erasure import erase
from reknown.storage.paging import batches, fetch_page
from reknown.storage.unindexed import unindexed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Row, Select

    from reknown.storage.paging import Page

_WAITING = (CaseState.OPEN.value, CaseState.DISPUTED.value)


@dataclass(frozen=True, slots=True)
class CaseProbe:
    """What was searched with: face `number` of the probe, its quality 0 to 100 where known.

    `kind` and `sha256` are those of the ledger's record.
    """

    kind: str
    sha256: str | None
    number: int
    quality: int | None = None

    @property
    def stored(self) -> bool:
        """Whether it is a face or a person of the collection, and no picture from outside."""
        return self.sha256 is None


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case about to be opened, of the probe of the event `search`, which `searcher` made.

    `bound` is the similarity from which a candidate is reviewed, by so many `reviewers`.
    """

    case_id: str
    search: int
    searcher: str
    probe: CaseProbe
    bound: float | None
    reviewers: int
    salt: str
    state: CaseState
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReviewCase:
    """A stored case; `key` is that of the database.

    `reviewed` is how many blind reviews of its present round are finished.
    """

    key: int
    case_id: str
    search: int
    searcher: str
    probe: CaseProbe
    bound: float | None
    reviewers: int
    salt: str
    state: CaseState
    round: int
    outcome: CaseOutcome | None
    opened_at: datetime
    decided_at: datetime | None
    expires_at: datetime | None
    reviewed: int


@dataclass(frozen=True, slots=True)
class ReviewedCandidate:
    """A candidate of a case; without a `rank` it is a known non-mate that measures reviewers.

    `face` is the key of its best reference, or `sighting` that of where it was seen: None once that
    is deleted. `opinion` is what was decided in the end.
    """

    key: int
    number: int
    face: int | None
    rank: int | None
    score: float
    similarity: float | None
    opinion: Opinion | None = None
    sighting: int | None = None

    @property
    def seeded(self) -> bool:
        """Whether no search found it."""
        return self.rank is None


def add_case(
    connection: Connection, owner: int, case: NewCase, candidates: Sequence[ReviewedCandidate]
) -> None:
    """Stores the case with its candidates, whose keys are not looked at."""
    values = {
        "case_id": case.case_id,
        "collection_id": owner,
        "search": case.search,
        "searcher": case.searcher,
        "probe_kind": case.probe.kind,
        "probe_sha256": case.probe.sha256,
        "probe_number": case.probe.number,
        "probe_quality": case.probe.quality,
        "bound": case.bound,
        "reviewers": case.reviewers,
        "salt": case.salt,
        "state": case.state.value,
        "round": 1,
        "opened_at": now_text(),
        "expires_at": None if case.expires_at is None else as_text(case.expires_at),
    }
    made = insert(review_cases).values(values).returning(review_cases.c.id)
    key = connection.execute(made).scalar_one()
    rows = [
        {
            "case_key": key,
            "number": candidate.number,
            "face": candidate.face,
            "sighting": candidate.sighting,
            "rank": candidate.rank,
            "score": candidate.score,
            "similarity": candidate.similarity,
        }
        for candidate in candidates
    ]
    if rows:
        connection.execute(insert(review_candidates), rows)


def get_case(
    connection: Connection, owner: int, case_id: str, *, claim: bool = False
) -> ReviewCase:
    """One case that has not expired; raises `NotFoundError`.

    Who claims it is about to change it: others who do the same wait for the end of this
    transaction.
    """
    own = unindexed(review_cases.c.collection_id) == owner
    query = _cases().where(review_cases.c.case_id == case_id, own)
    if claim:
        query = query.with_for_update(of=review_cases)
    row = connection.execute(query).one_or_none()
    if row is None or (row.expires_at is not None and row.expires_at <= now_text()):
        raise NotFoundError(f"there is no case {case_id}: `reknown reviews list` shows them")
    return _case(row)


def list_cases(
    connection: Connection,
    owner: int,
    after: str | None = None,
    limit: int = 1000,
    state: CaseState | None = None,
) -> Page[ReviewCase]:
    """A page of the cases, or of those in this state, in the order of opening."""
    query = _cases().where(review_cases.c.collection_id == owner)
    query = query.where(_current())
    if state is not None:
        query = query.where(review_cases.c.state == state.value)
    return fetch_page(connection, query, review_cases.c.id, after, limit, _case)


def count_waiting(connection: Connection, owner: int) -> int:
    """How many cases wait for people."""
    own = review_cases.c.collection_id == owner, review_cases.c.state.in_(_WAITING)
    query = select(func.count()).select_from(review_cases).where(*own, _current())
    return int(connection.execute(query).scalar_one())


def candidates_of(connection: Connection, case: ReviewCase) -> list[ReviewedCandidate]:
    """Those of a case, by their numbers."""
    query = select(review_candidates).where(review_candidates.c.case_key == case.key)
    rows = connection.execute(query.order_by(review_candidates.c.number))
    return [_candidate(row) for row in rows]


def set_state(connection: Connection, case: ReviewCase, state: CaseState) -> None:
    """Moves a case on that is not decided by it."""
    _update(connection, case, {"state": state.value})


def decide(
    connection: Connection,
    case: ReviewCase,
    outcome: CaseOutcome,
    opinions: Mapping[int, Opinion],
) -> None:
    """The case is decided, with these opinions by the candidates' numbers."""
    values = {
        "state": CaseState.DECIDED.value,
        "outcome": outcome.value,
        "decided_at": now_text(),
    }
    _update(connection, case, values)
    for number, opinion in opinions.items():
        _set_opinion(connection, case, number, opinion.value)


def reopen(connection: Connection, case: ReviewCase) -> None:
    """The case is open again, for another round."""
    values = {
        "state": CaseState.OPEN.value,
        "round": case.round + 1,
        "outcome": None,
        "decided_at": None,
    }
    _update(connection, case, values)
    _set_opinion(connection, case, None, None)


def purge_cases(connection: Connection, now: datetime) -> list[str]:
    """Deletes the cases that have expired by then; their ids."""
    expired = select(review_cases.c.id).where(review_cases.c.expires_at <= as_text(now))
    gone: list[str] = []
    for batch in batches(connection.execute(expired).scalars().all()):
        deleted = delete(review_cases).where(review_cases.c.id.in_(batch))
        gone.extend(connection.execute(deleted.returning(review_cases.c.case_id)).scalars())
    if gone:
        erase(connection, review_cases, review_notes)
    return sorted(gone)


def _current() -> ColumnElement[bool]:
    expiry = unindexed(review_cases.c.expires_at)
    return expiry.is_(None) | (expiry > now_text())


def _update(connection: Connection, case: ReviewCase, values: Mapping[str, Any]) -> None:
    connection.execute(update(review_cases).where(review_cases.c.id == case.key).values(values))


def _set_opinion(
    connection: Connection, case: ReviewCase, number: int | None, opinion: str | None
) -> None:
    """Of one candidate, or of all."""
    of_case = update(review_candidates).where(review_candidates.c.case_key == case.key)
    if number is not None:
        of_case = of_case.where(review_candidates.c.number == number)
    connection.execute(of_case.values(opinion=opinion))


def _cases() -> Select[Any]:
    finished = (
        select(func.count())
        .select_from(reviews)
        .where(
            reviews.c.case_key == review_cases.c.id,
            reviews.c.round == review_cases.c.round,
            reviews.c.finished_at.is_not(None),
            ~reviews.c.adjudicating,
        )
    )
    return select(review_cases, finished.scalar_subquery().label("reviewed"))


def _case(row: Row[Any]) -> ReviewCase:
    return ReviewCase(
        key=row.id,
        case_id=row.case_id,
        search=row.search,
        searcher=row.searcher,
        probe=CaseProbe(row.probe_kind, row.probe_sha256, row.probe_number, row.probe_quality),
        bound=row.bound,
        reviewers=row.reviewers,
        salt=row.salt,
        state=CaseState(row.state),
        round=row.round,
        outcome=None if row.outcome is None else CaseOutcome(row.outcome),
        opened_at=datetime.fromisoformat(row.opened_at),
        decided_at=_moment(row.decided_at),
        expires_at=_moment(row.expires_at),
        reviewed=row.reviewed,
    )


def _candidate(row: Row[Any]) -> ReviewedCandidate:
    opinion = None if row.opinion is None else Opinion(row.opinion)
    return ReviewedCandidate(
        row.id, row.number, row.face, row.rank, row.score, row.similarity, opinion, row.sighting
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
