"""What a collection's policy says of reviews."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from reknown.gallery.policies import policy_of

if TYPE_CHECKING:
    from reknown.storage.database import Connection


@dataclass(frozen=True, slots=True)
class ReviewTerms:
    """Candidates from the similarity `bound` on are judged by so many `reviewers`.

    None stands for the search's own threshold. So many known non-mates are mixed in as are the
    share `seeds` of the candidates. Where `always`, a search with nobody to judge leaves a case
    too, to be disclosed.
    """

    bound: float | None
    reviewers: int
    seeds: float
    always: bool
    keep_days: int | None

    @property
    def expiry(self) -> datetime | None:
        """When a case opened now expires."""
        if self.keep_days is None:
            return None
        return datetime.now(UTC) + timedelta(days=self.keep_days)


def terms_of(
    connection: Connection, collection: str, *, governed: bool = False
) -> ReviewTerms | None:
    """The terms of a collection, None where nothing is reviewed; raises `NotFoundError`.

    `governed` says that all collections have to be, whatever their policies say.
    """
    policy = policy_of(connection, collection)
    if not policy.reviewers:
        return None
    return ReviewTerms(
        bound=policy.review_from,
        reviewers=policy.reviewers,
        seeds=policy.review_seeds,
        always=policy.governed or governed,
        # a case says nothing without the record of its search
        keep_days=policy.keep_records,
    )
