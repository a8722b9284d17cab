"""Consents: given, read, and withdrawn, which erases the person. All of it is in the ledger."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.gallery import consents
from reknown.gallery.collections import claim
from reknown.gallery.consents import Consent, NewConsent
from reknown.gallery.names import require_text
from reknown.gallery.users import ensure_user, key_of_user
from reknown.ledger import log
from reknown.ledger.records import (
    GiveConsentRecord,
    ListConsentsRecord,
    WithdrawConsentRecord,
)
from reknown.services.galleries.users import delete_person

if TYPE_CHECKING:
    from reknown.services.context import Context
    from reknown.services.galleries.pages import PageRequest
    from reknown.storage.database import Connection
    from reknown.storage.paging import Page

__all__ = [
    "Consent",
    "NewConsent",
    "consent_to",
    "give_consent",
    "list_consents",
    "moment_of",
    "show_consents",
    "withdraw_consent",
    "withdraw_ended",
]


def consent_to(text: bytes, basis: str, expires_at: datetime | None = None) -> NewConsent:
    """A consent to this text; raises `InputError` for one that is empty or has ended already."""
    if not text.strip():
        raise InputError("the text of a consent is empty: give the file that was agreed to")
    require_text("a consent's basis", basis)
    if expires_at is not None and expires_at <= datetime.now(UTC):
        raise InputError(f"the consent ended at {expires_at:%Y-%m-%d %H:%M} already")
    return NewConsent(hashlib.sha256(text).hexdigest(), basis, expires_at)


def moment_of(text: str) -> datetime:
    """A date such as 2027-12-31, with or without a time; in UTC unless it says otherwise.

    Raises `InputError`.
    """
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InputError(f"{text[:40]!r} is not a date: write it as 2027-12-31") from None


def give_consent(context: Context, collection: str, user: str, new: NewConsent) -> Consent:
    """Puts down that this person has agreed; makes the user if it is missing.

    Raises `NotFoundError` for the collection, `InputError` for a name that cannot be stored, and
    for a basis that has the name: the ledger keeps it for good.
    """
    if re.search(rf"(?<!\w){re.escape(user)}(?!\w)", new.basis, re.IGNORECASE):
        raise InputError(
            "the basis of a consent stays in the ledger when the person is deleted: leave out "
            "their name"
        )
    with context.database.begin() as connection:
        key = ensure_user(connection, claim(connection, collection).id, user)
        given = consents.add_consent(connection, key, new, context.actor.name)
        record = GiveConsentRecord(
            given.number, given.subject_id, given.text_sha256, given.expires_at, given.basis
        )
        log.append(connection, context.actor, collection, record)
    return given


def withdraw_consent(context: Context, collection: str, user: str) -> tuple[int, ...]:
    """Ends all consents of this person and deletes what there is of them, in one transaction.

    The numbers of the consents. Raises `NotFoundError`.
    """
    with context.database.begin() as connection:
        claim(connection, collection)
        return _withdraw(connection, context, collection, user)


def withdraw_ended(connection: Connection, context: Context, collection: str, now: datetime) -> int:
    """The same for some people whose consents have all come to their ends; how many."""
    people = consents.people_to_erase(connection, collection, now)
    for user in people:
        _withdraw(connection, context, collection, user)
    return len(people)


def _withdraw(
    connection: Connection, context: Context, collection: str, user: str
) -> tuple[int, ...]:
    numbers = tuple(
        consents.withdraw_consents(connection, key_of_user(connection, collection, user))
    )
    # their records are of the same request, whose nonce the last one consumes
    part = context.by(replace(context.actor, nonce=None))
    subject_id, gone = delete_person(connection, part, collection, user)
    record = WithdrawConsentRecord(numbers, subject_id, gone)
    log.append(connection, context.actor, collection, record)
    return numbers


def show_consents(context: Context, collection: str, user: str) -> list[Consent]:
    """All consents ever given by this person, oldest first; raises `NotFoundError`."""
    with context.database.begin() as connection:
        found = consents.consents_of(connection, key_of_user(connection, collection, user))
        log.append(connection, context.actor, collection, ListConsentsRecord(len(found)))
    return found


def list_consents(context: Context, collection: str, page: PageRequest) -> Page[Consent]:
    """A page of the collection's consents, also of people deleted since.

    Raises `NotFoundError`.
    """
    with context.database.begin() as connection:
        found = consents.list_consents(connection, collection, page.after, page.limit)
        log.append(connection, context.actor, collection, ListConsentsRecord(len(found.items)))
    return found
