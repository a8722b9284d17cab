"""What people agreed to: given, withdrawn, and asked for before anybody is enrolled.

A row outlives the user that it was given for; it then holds the opaque id alone. `users` and
`faces` import this, so it knows users by their keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, insert, or_, select, update

from reknown.biometrics.errors import PolicyError
from reknown.gallery.collections import require
from reknown.gallery.naming import USER, name_in, names_of_users
from reknown.gallery.policies import policy_of
from reknown.gallery.schema import consents, users
from reknown.storage.clock import as_text, now_text
from reknown.storage.paging import Page, batches, fetch_page

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy import ColumnElement, Connection, Row, Select

# With more of them PostgreSQL would read the whole table.
_ASKED_AT_ONCE = 100
_TOLD = 5


@dataclass(frozen=True, slots=True)
class NewConsent:
    """What was agreed to: the text by its SHA-256, on which basis, until when if not for good."""

    text_sha256: str
    basis: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent as it is kept; `user` is None once the user is deleted. Times are in UTC."""

    number: int
    user: str | None
    subject_id: str
    given_at: datetime
    recorded_by: str
    text_sha256: str
    basis: str
    expires_at: datetime | None
    withdrawn_at: datetime | None

    def holds(self, now: datetime) -> bool:
        """Whether it is valid at that time."""
        return self.withdrawn_at is None and (self.expires_at is None or now < self.expires_at)


def add_consent(connection: Connection, user: int, new: NewConsent, recorder: str) -> Consent:
    """Puts down that the user with this key has agreed, as this actor says."""
    about = select(users.c.collection_id, users.c.subject_id).where(users.c.id == user)
    row = connection.execute(about).one()
    values = {
        "collection_id": row.collection_id,
        "user_id": user,
        "subject_id": row.subject_id,
        "given_at": now_text(),
        "recorded_by": recorder,
        "text_sha256": new.text_sha256,
        "basis": new.basis,
        "expires_at": None if new.expires_at is None else as_text(new.expires_at),
    }
    added = insert(consents).values(values).returning(consents.c.id)
    number = connection.execute(added).scalar_one()
    (added_one,) = _told_of(connection, _consents().where(consents.c.id == number))
    return added_one


def withdraw_consents(connection: Connection, user: int) -> list[int]:
    """From now on none of the user's consents holds; the numbers of those that were given."""
    given = update(consents).where(consents.c.user_id == user, consents.c.withdrawn_at.is_(None))
    numbers = connection.execute(given.values(withdrawn_at=now_text()).returning(consents.c.id))
    return sorted(numbers.scalars())


def consents_of(connection: Connection, user: int) -> list[Consent]:
    """All that were ever given for the user with this key, oldest first."""
    return _told_of(
        connection, _consents().where(consents.c.user_id == user).order_by(consents.c.id)
    )


def list_consents(
    connection: Connection, collection: str, after: str | None = None, limit: int = 1000
) -> Page[Consent]:
    """A page of a collection's consents in the order of giving; raises `NotFoundError`."""
    owner = require(connection, collection).id
    query = _consents().where(consents.c.collection_id == owner)
    page = fetch_page(connection, query, consents.c.id, after, limit, lambda row: row)
    return Page(tuple(_told(connection, page.items)), page.next)


def misplaced_consents(connection: Connection) -> list[int]:
    """The numbers of consents that count for a user who is not whom they were given for."""
    query = select(consents.c.id).join(users, consents.c.user_id == users.c.id)
    other = consents.c.subject_id != users.c.subject_id
    return list(connection.execute(query.where(other).order_by(consents.c.id)).scalars())


def people_to_erase(connection: Connection, collection: str, now: datetime) -> list[str]:
    """Some of the users whose consents have come to their ends; raises `NotFoundError`."""
    owner = require(connection, collection).id
    query = (
        _consents().where(consents.c.collection_id == owner, _ended(now)).order_by(consents.c.id)
    )
    rows = connection.execute(query.limit(_ASKED_AT_ONCE)).all()
    return [its.name for its in names_of_users(connection, rows).values()]


def ended_subjects(connection: Connection, subject_ids: Iterable[str]) -> set[str]:
    """Those of these users, by opaque id, who had agreed until a moment that is past."""
    ended: set[str] = set()
    now = datetime.now(UTC)
    for batch in batches(subject_ids):
        of_users = select(users.c.subject_id).where(users.c.subject_id.in_(batch))
        had = exists().where(consents.c.user_id == users.c.id, _ended(now))
        ended.update(connection.execute(of_users.where(had)).scalars())
    return ended


def require_consents(connection: Connection, row: Row[Any], owners: Collection[int | None]) -> None:
    """Whether faces may be given to the users with these keys, None for nobody's.

    `row` is that of the collection. Raises `PolicyError` where consent is required and one of them
    has none that is valid.
    """
    if not policy_of(connection, row.name).consent_required:
        return
    if None in owners:
        raise PolicyError(
            f"{row.name!r} holds only faces of people who have consented: say whose face it is, "
            "with `reknown enroll`",
            row.name,
            "ConsentMissing",
        )
    without = {key for key in owners if key is not None}
    keys = sorted(without)
    for first in range(0, len(keys), _ASKED_AT_ONCE):
        some = consents.c.user_id.in_(keys[first : first + _ASKED_AT_ONCE])
        query = select(consents.c.user_id).where(some, _valid())
        without.difference_update(connection.execute(query).scalars())
    if without:
        told = sorted(without)[:_TOLD]
        rows = connection.execute(select(*USER).where(users.c.id.in_(told))).all()
        names = (each.name for each in names_of_users(connection, rows).values())
        more = f" and {len(without) - len(told)} more" if len(without) > len(told) else ""
        raise PolicyError(
            f"no valid consent of {', '.join(sorted(map(repr, names)))}{more} is on record for "
            f"{row.name!r}: record it with `reknown consent give`",
            row.name,
            "ConsentMissing",
        )


def _ended(now: datetime) -> ColumnElement[bool]:
    """A consent whose time is over, of a user who has given no other that holds."""
    other = consents.alias()
    lasting = or_(other.c.expires_at.is_(None), other.c.expires_at > as_text(now))
    holds = exists().where(
        other.c.user_id == consents.c.user_id, other.c.withdrawn_at.is_(None), lasting
    )
    over = (consents.c.expires_at <= as_text(now)) & consents.c.withdrawn_at.is_(None)
    return over & consents.c.user_id.is_not(None) & ~holds


def _valid() -> ColumnElement[bool]:
    unexpired = or_(consents.c.expires_at.is_(None), consents.c.expires_at > now_text())
    return consents.c.withdrawn_at.is_(None) & unexpired


def _consents() -> Select[Any]:
    return select(*USER, consents).outerjoin_from(consents, users, consents.c.user_id == users.c.id)


def _told_of(connection: Connection, query: Select[Any]) -> list[Consent]:
    return _told(connection, connection.execute(query).all())


def _told(connection: Connection, rows: Sequence[Row[Any]]) -> list[Consent]:
    told = names_of_users(connection, rows)
    return [_consent(row, name_in(told, row.user_subject_id)) for row in rows]


def _consent(row: Row[Any], user: str | None) -> Consent:
    return Consent(
        number=row.id,
        user=user,
        subject_id=row.subject_id,
        given_at=datetime.fromisoformat(row.given_at),
        recorded_by=row.recorded_by,
        text_sha256=row.text_sha256,
        basis=row.basis,
        expires_at=row.expires_at and datetime.fromisoformat(row.expires_at),
        withdrawn_at=row.withdrawn_at and datetime.fromisoformat(row.withdrawn_at),
    )
