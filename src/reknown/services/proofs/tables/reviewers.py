"""Who may review, until when, and what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.ledger.records import AddReviewerRecord, RemoveReviewerRecord, RenewReviewerRecord
from reknown.review.reviewers import list_reviewers
from reknown.services.proofs.tables.said import Said, StatedKind, deeds
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from reknown.ledger.verification.faults import Fault
    from reknown.storage.database import Database

_KIND = StatedKind("reviewer", lambda actor: f"reviewer {actor}")


@dataclass(frozen=True, slots=True)
class _Training:
    trained_until: date
    collections: tuple[str, ...]


def reviewer_faults(database: Database) -> Iterator[Fault]:
    """Reviewers who are trained otherwise than the ledger says; raises `DatabaseError`."""
    said: dict[str, Said[_Training]] = {}
    for event in deeds(database, AddReviewerRecord, RenewReviewerRecord, RemoveReviewerRecord):
        record = event.record
        if isinstance(record, (AddReviewerRecord, RenewReviewerRecord)):
            training = _Training(record.trained_until, record.collections)
            said[record.reviewer] = Said(training, event.id)
        elif isinstance(record, RemoveReviewerRecord):
            said[record.reviewer] = Said(None, event.id)
    with reading(database) as connection:
        there = {
            each.actor: _Training(each.trained_until, each.collections)
            for each in list_reviewers(connection)
        }
    yield from _KIND.faults(said, there)
