"""Who may review: actors of the ledger, until when they are trained, and for which collections."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from reknown.biometrics.errors import AccessError, AlreadyExistsError, InputError, NotFoundError
from reknown.biometrics.policy import is_actor
from reknown.review.schema import reviewers
from reknown.storage.clock import now_text

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

_MOST_PATTERNS = 50


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Somebody trained to compare faces, through the day `trained_until` in UTC.

    `collections` are patterns of those that they are competent for. Raises `InputError` for
    what cannot be one.
    """

    actor: str
    trained_until: date
    collections: tuple[str, ...] = ("*",)
    added_at: datetime | None = None

    def __post_init__(self) -> None:
        if not is_actor(self.actor):
            raise InputError(
                f"{self.actor!r} is no reviewer: name an account as the ledger does (account:ada, "
                "cli:ada), or an access key (key:RK...)"
            )
        patterns = self.collections
        if not 0 < len(patterns) <= _MOST_PATTERNS or not all(0 < len(p) <= 256 for p in patterns):
            raise InputError(f"name 1 to {_MOST_PATTERNS} collections, or patterns of them")

    def require_competent(self, collection: str, today: date) -> None:
        """Raises `AccessError` for one whose training is over, or was for something else."""
        if self.trained_until < today:
            raise AccessError(
                f"the training of {self.actor} ended on {self.trained_until}: after another one, "
                f"reknown reviewers renew {self.actor} --trained-until DAY"
            )
        if not any(fnmatchcase(collection, pattern) for pattern in self.collections):
            raise AccessError(f"{self.actor} is not a reviewer for {collection!r}")


def today_utc() -> date:
    """The day by which training ends."""
    return datetime.now(UTC).date()


def add_reviewer(connection: Connection, reviewer: Reviewer) -> None:
    """Raises `AlreadyExistsError`."""
    values = {"actor": reviewer.actor, **_values(reviewer), "added_at": now_text()}
    try:
        with connection.begin_nested():
            connection.execute(insert(reviewers).values(values))
    except IntegrityError as error:
        raise AlreadyExistsError(
            f"{reviewer.actor} is a reviewer already: reknown reviewers renew"
        ) from error


def renew_reviewer(connection: Connection, reviewer: Reviewer) -> None:
    """Sets until when and for what a reviewer is trained; raises `NotFoundError`."""
    chosen = update(reviewers).where(reviewers.c.actor == reviewer.actor)
    if not connection.execute(chosen.values(_values(reviewer))).rowcount:
        raise _missing(reviewer.actor)


def remove_reviewer(connection: Connection, actor: str) -> None:
    """From now on they may not review; raises `NotFoundError`."""
    if not connection.execute(delete(reviewers).where(reviewers.c.actor == actor)).rowcount:
        raise _missing(actor)


def list_reviewers(connection: Connection) -> list[Reviewer]:
    """All of them by name, also those whose training is over."""
    rows = connection.execute(select(reviewers).order_by(reviewers.c.actor))
    return [_reviewer(row) for row in rows]


def find_reviewer(connection: Connection, actor: str) -> Reviewer | None:
    """The reviewer of this name, None where it is none."""
    row = connection.execute(select(reviewers).where(reviewers.c.actor == actor)).one_or_none()
    return None if row is None else _reviewer(row)


def require_reviewer(connection: Connection, actor: str, collection: str) -> Reviewer:
    """A reviewer who may judge candidates of this collection today; raises `AccessError`."""
    found = find_reviewer(connection, actor)
    if found is None:
        raise AccessError(
            f"{actor} is not a reviewer: reknown reviewers add {actor} --trained-until DAY"
        )
    found.require_competent(collection, today_utc())
    return found


def _values(reviewer: Reviewer) -> dict[str, str]:
    return {
        "trained_until": reviewer.trained_until.isoformat(),
        "collections": json.dumps(reviewer.collections),
    }


def _reviewer(row: Row[Any]) -> Reviewer:
    return Reviewer(
        row.actor,
        date.fromisoformat(row.trained_until),
        tuple(json.loads(row.collections)),
        datetime.fromisoformat(row.added_at),
    )


def _missing(actor: str) -> NotFoundError:
    return NotFoundError(f"{actor} is not a reviewer: reknown reviewers list")
