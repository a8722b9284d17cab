"""What people agreed to: to whom a consent belongs, until when it holds, whether it was ended."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from msgspec import UNSET

from reknown.biometrics.errors import NotFoundError
from reknown.gallery.collections import list_collections
from reknown.gallery.consents import list_consents, misplaced_consents
from reknown.ledger.records import (
    DeleteCollectionRecord,
    GiveConsentRecord,
    WithdrawConsentRecord,
)
from reknown.ledger.verification.faults import Fault
from reknown.services.proofs.tables.said import Said, StatedKind, deeds
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from reknown.gallery.consents import Consent
    from reknown.ledger.log import Event
    from reknown.storage.database import Database

_KIND = StatedKind("consent", lambda number: f"consent {number}")


@dataclass(frozen=True, slots=True)
class _Given:
    collection: str
    subject_id: str
    recorded_by: str
    text_sha256: str
    expires_at: datetime | None
    basis: str | None
    withdrawn: bool = False


def consent_faults(database: Database) -> Iterator[Fault]:
    """Consents that hold otherwise than the ledger says; raises `DatabaseError`."""
    said: dict[int, Said[_Given]] = {}
    of_collection: dict[str, list[int]] = {}
    for event in deeds(database, GiveConsentRecord, WithdrawConsentRecord, DeleteCollectionRecord):
        _apply(said, of_collection, event)
    there = ((number, _as_told(said.get(number), given)) for number, given in _stored(database))
    yield from _KIND.faults(said, dict(there))
    with reading(database) as connection:
        misplaced = misplaced_consents(connection)
    for number in misplaced:
        last = said.get(number)
        yield Fault(
            "consent",
            f"consent {number} counts for another person than the one who gave it",
            record=None if last is None else last.record,
        )


def _apply(
    said: dict[int, Said[_Given]], of_collection: dict[str, list[int]], event: Event
) -> None:
    name, record = event.collection or "", event.record
    if isinstance(record, GiveConsentRecord):
        state = _Given(
            name,
            record.subject_id,
            event.actor,
            record.text_sha256,
            record.expires_at,
            None if record.basis is UNSET else record.basis,
        )
        said[record.consent] = Said(state, event.id)
        of_collection.setdefault(name, []).append(record.consent)
    elif isinstance(record, WithdrawConsentRecord):
        for number in record.consents:
            given = said.get(number)
            if given is not None and given.state is not None:
                said[number] = Said(replace(given.state, withdrawn=True), event.id)
    else:
        for number in of_collection.pop(name, ()):
            said.pop(number, None)


def _as_told(said: Said[_Given] | None, given: _Given) -> _Given:
    """Without the basis, where the record is from before records had it."""
    older = said is not None and said.state is not None and said.state.basis is None
    return replace(given, basis=None) if older else given


def _stored(database: Database) -> Iterator[tuple[int, _Given]]:
    for name in _collections(database):
        after: str | None = None
        while True:
            try:
                with reading(database) as connection:
                    page = list_consents(connection, name, after)
            except NotFoundError:  # deleted meanwhile
                break
            yield from ((each.number, _given(name, each)) for each in page.items)
            if (after := page.next) is None:
                break


def _given(collection: str, consent: Consent) -> _Given:
    return _Given(
        collection,
        consent.subject_id,
        consent.recorded_by,
        consent.text_sha256,
        consent.expires_at,
        consent.basis,
        consent.withdrawn_at is not None,
    )


def _collections(database: Database) -> Iterator[str]:
    after: str | None = None
    while True:
        with reading(database) as connection:
            page = list_collections(connection, after)
        yield from (each.name for each in page.items)
        if (after := page.next) is None:
            break
