"""Reviews: what each reviewer has said in a case, and in which order they saw it."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from reknown.review.opinions import CandidateJudgement, Ground, Opinion, note_digest
from reknown.review.schema import review_candidates, review_judgements, review_notes, reviews
from reknown.storage.clock import now_text
from reknown.storage.paging import batches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Row

    from reknown.review.cases import ReviewCase, ReviewedCandidate


@dataclass(frozen=True, slots=True)
class StoredJudgement:
    """A judgement as it is kept; `note` is None once it has been deleted, its digest stays."""

    opinion: Opinion
    grounds: tuple[Ground, ...]
    note_sha256: str | None
    note: str | None
    made_at: datetime


@dataclass(frozen=True, slots=True)
class CaseReview:
    """One reviewer's part in a case; `judgements` are by the candidates' numbers."""

    key: int
    reviewer: str
    round: int
    adjudicating: bool
    seed: str
    salt: str
    started_at: datetime
    finished_at: datetime | None
    judgements: Mapping[int, StoredJudgement] = field(default_factory=dict)

    @property
    def opinions(self) -> dict[int, Opinion]:
        """The bare opinions by the candidates' numbers."""
        return {number: judgement.opinion for number, judgement in self.judgements.items()}


def reviews_of(connection: Connection, case: ReviewCase) -> list[CaseReview]:
    """All reviews of a case, of every round: the finished ones first, in the order of finishing."""
    rows = connection.execute(select(reviews).where(reviews.c.case_key == case.key)).all()
    said = _judgements(connection, [row.id for row in rows])
    # the key decides between two of the same microsecond
    rows = sorted(rows, key=lambda row: (row.finished_at or "~", row.id))
    return [_review(row, said.get(row.id, {})) for row in rows]


def start_review(
    connection: Connection, case: ReviewCase, reviewer: str, *, adjudicating: bool
) -> str:
    """Begins a review with an order of its own, whose seed it gives."""
    seed = secrets.token_hex(16)
    values = {
        "case_key": case.key,
        "reviewer": reviewer,
        "round": case.round,
        "adjudicating": adjudicating,
        "seed": seed,
        "salt": secrets.token_hex(16),
        "started_at": now_text(),
    }
    connection.execute(insert(reviews).values(values))
    return seed


def make_adjudicator(connection: Connection, review: CaseReview) -> None:
    """Who has said nothing yet of a case that has become disputed adjudicates it."""
    chosen = update(reviews).where(reviews.c.id == review.key)
    connection.execute(chosen.values(adjudicating=True))


def add_judgement(
    connection: Connection,
    review: CaseReview,
    candidate: ReviewedCandidate,
    judgement: CandidateJudgement,
) -> None:
    """Keeps what was said of a candidate that is still there; each once."""
    values = {
        "review": review.key,
        "candidate": candidate.key,
        "opinion": judgement.opinion.value,
        "grounds": json.dumps(judgement.codes),
        "note_sha256": note_digest(judgement.note, review.salt),
        "made_at": now_text(),
    }
    made = insert(review_judgements).values(values).returning(review_judgements.c.id)
    key = connection.execute(made).scalar_one()
    if judgement.note is not None:
        hung = {"face": candidate.face, "sighting": candidate.sighting}
        note = {"judgement": key, "text": judgement.note, **hung}
        connection.execute(insert(review_notes).values(note))


def finish_review(connection: Connection, review: CaseReview) -> None:
    """The reviewer has judged all that there is to judge."""
    chosen = update(reviews).where(reviews.c.id == review.key)
    connection.execute(chosen.values(finished_at=now_text()))


def _judgements(
    connection: Connection, parts: Sequence[int]
) -> dict[int, dict[int, StoredJudgement]]:
    """Of the reviews of these keys, by the candidate's number."""
    columns = (review_judgements, review_candidates.c.number, review_notes.c.text)
    query = (
        select(*columns)
        .join_from(
            review_judgements,
            review_candidates,
            review_judgements.c.candidate == review_candidates.c.id,
        )
        .outerjoin(review_notes, review_notes.c.judgement == review_judgements.c.id)
    )
    found: dict[int, dict[int, StoredJudgement]] = {}
    for batch in batches(parts):
        for row in connection.execute(query.where(review_judgements.c.review.in_(batch))):
            found.setdefault(row.review, {})[row.number] = _judgement(row)
    return found


def _judgement(row: Row[Any]) -> StoredJudgement:
    return StoredJudgement(
        opinion=Opinion(row.opinion),
        grounds=tuple(map(Ground, json.loads(row.grounds))),
        note_sha256=row.note_sha256,
        note=row.text,
        made_at=datetime.fromisoformat(row.made_at),
    )


def _review(row: Row[Any], said: Mapping[int, StoredJudgement]) -> CaseReview:
    finished = row.finished_at
    return CaseReview(
        key=row.id,
        reviewer=row.reviewer,
        round=row.round,
        adjudicating=bool(row.adjudicating),
        seed=row.seed,
        salt=row.salt,
        started_at=datetime.fromisoformat(row.started_at),
        finished_at=None if finished is None else datetime.fromisoformat(finished),
        judgements=dict(sorted(said.items())),
    )
