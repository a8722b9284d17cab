from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from contexts import events, faces
from reknown.biometrics.errors import InputError, NotFoundError, PolicyError
from reknown.biometrics.policy import Policy
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.gallery.collections import claim
from reknown.gallery.consents import add_consent
from reknown.gallery.schema import consents as table
from reknown.gallery.users import ensure_user
from reknown.ledger import log
from reknown.ledger.records import GiveConsentRecord, RefuseSearchRecord, WithdrawConsentRecord
from reknown.services.galleries.enrolment import GroupImage, Outcome, enrol_group
from reknown.services.galleries.pages import PageRequest
from reknown.services.galleries.users import UserRequest, create_user, delete_user
from reknown.services.policies.consents import (
    consent_to,
    give_consent,
    list_consents,
    show_consents,
    withdraw_consent,
)
from reknown.services.policies.retention import Swept, sweep
from reknown.services.policies.rules import set_policy
from reknown.services.proofs.tables.check import check_tables
from reknown.services.searches.images import identify
from reknown.services.searches.search import Query
from reknown.services.searches.sightings import find_person
from reknown.services.searches.stored import search_by_face, search_by_user

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.services.context import Context
    from reknown.services.galleries.enrolment import EnrolmentResult

TEXT = b"I agree that my face is compared."
SIGNED = consent_to(TEXT, "signed on paper")
QUERY = Query("people")


@pytest.fixture
def required(context: Context, collection: str) -> None:
    set_policy(context, collection, Policy(consent_required=True))


def test_a_consent_is_kept_with_who_when_and_what(context: Context, collection: str) -> None:
    until = datetime.now(UTC) + timedelta(days=1)
    given = give_consent(context, collection, "Eileen", consent_to(TEXT, "told", until))
    assert (given.user, given.recorded_by, given.basis) == ("Eileen", "tester", "told")
    assert given.text_sha256 == hashlib.sha256(TEXT).hexdigest()
    assert given.holds(datetime.now(UTC))
    assert not given.holds(until)
    assert show_consents(context, collection, "Eileen") == [given]
    (event,) = events(context, GiveConsentRecord.OPERATION)
    assert event.record == GiveConsentRecord(1, given.subject_id, given.text_sha256, until, "told")


@pytest.mark.usefixtures("required")
def test_nobody_is_enrolled_without_consent(
    context: Context, enrol: Callable[..., EnrolmentResult], eileen: bytes
) -> None:
    result = enrol(eileen, "Eileen")
    assert result.outcome is Outcome.REFUSED
    assert "consent give" in result.reason
    with pytest.raises(PolicyError, match="say whose face it is"):
        enrol_group(context, "people", GroupImage(eileen))
    assert not faces(context)
    give_consent(context, "people", "Eileen", SIGNED)
    assert enrol(eileen, "Eileen").outcome is Outcome.ENROLLED
    with pytest.raises(PolicyError):
        delete_user(context, UserRequest("people", "Eileen"), keep_faces=True)


@pytest.mark.usefixtures("required")
def test_an_expired_consent_is_none(
    context: Context, enrol: Callable[..., EnrolmentResult], eileen: bytes
) -> None:
    give_consent(context, "people", "Eileen", SIGNED)
    with context.database.begin() as connection:
        connection.execute(update(table).values(expires_at="2020-01-01T00:00:00.000000+00:00"))
    assert enrol(eileen, "Eileen").outcome is Outcome.REFUSED


@pytest.mark.usefixtures("required")
def test_a_consent_counts_in_its_own_collection(
    context: Context, enrol: Callable[..., EnrolmentResult], eileen: bytes
) -> None:
    from reknown.services.galleries.collections import create_collection

    create_collection(context, "others")
    give_consent(context, "others", "Eileen", SIGNED)
    assert enrol(eileen, "Eileen").outcome is Outcome.REFUSED


@pytest.mark.usefixtures("required")
def test_withdrawal_erases_at_once_and_keeps_the_proof(
    context: Context, enrol: Callable[..., EnrolmentResult], eileen: bytes
) -> None:
    given = give_consent(context, "people", "Eileen", SIGNED)
    enrol(eileen, "Eileen")
    (face,) = faces(context)
    assert identify(context, QUERY, eileen).found.rows[0]
    assert withdraw_consent(context, "people", "Eileen") == (given.number,)
    assert not faces(context)
    assert not identify(context, QUERY, eileen).found.rows[0]
    with pytest.raises(NotFoundError):
        search_by_user(context, QUERY, "Eileen")
    (kept,) = list_consents(context, "people", PageRequest(None, 10)).items
    assert (kept.user, kept.subject_id, kept.text_sha256) == (
        None,
        given.subject_id,
        given.text_sha256,
    )
    assert kept.withdrawn_at is not None
    (event,) = events(context, WithdrawConsentRecord.OPERATION)
    assert event.record == WithdrawConsentRecord((given.number,), given.subject_id, (face.face_id,))
    # an earlier consent is no consent of whoever has the name next
    assert enrol(eileen, "Eileen").outcome is Outcome.REFUSED


def test_who_agreed_until_a_moment_is_not_found_after_it_and_erased_once(
    context: Context, enrol: Callable[..., EnrolmentResult], eileen: bytes, grace: bytes
) -> None:
    until = datetime.now(UTC) + timedelta(days=1)
    given = give_consent(context, "people", "Eileen", consent_to(TEXT, "told", until))
    give_consent(context, "people", "Grace", consent_to(TEXT, "told", until))
    give_consent(context, "people", "Grace", SIGNED)
    enrol(eileen, "Eileen")
    enrol(grace, "Grace", "2.jpg")
    assert sweep(context) == []
    assert identify(context, QUERY, eileen).found.rows[0]
    with context.database.begin() as connection:
        ended = update(table).where(table.c.expires_at.is_not(None))
        connection.execute(ended.values(expires_at="2026-01-01T00:00:00.000000+00:00"))
    # at once, before any sweep
    assert not identify(context, QUERY, eileen).found.rows[0]
    assert identify(context, QUERY, grace).found.rows[0]
    (face,) = faces(context, user="Eileen")
    for search in (
        lambda: search_by_user(context, QUERY, "Eileen"),
        lambda: search_by_face(context, QUERY, face.face_id),
        lambda: find_person(context, "people", "Eileen", ThresholdChoice(90)),
    ):
        with pytest.raises(PolicyError) as raised:
            search()
        assert raised.value.reason == "ConsentEnded"
    assert len(events(context, RefuseSearchRecord.OPERATION)) == 3
    assert sweep(context) == [Swept("people", 0, 0, 0, 0, people=1)]
    assert [each.user for each in faces(context)] == ["Grace"]
    (event,) = events(context, WithdrawConsentRecord.OPERATION)
    assert event.record == WithdrawConsentRecord((given.number,), given.subject_id, (face.face_id,))
    assert sweep(context) == []


def test_a_user_without_consents_can_withdraw_too(context: Context, collection: str) -> None:
    create_user(context, UserRequest(collection, "Eileen"))
    assert withdraw_consent(context, collection, "Eileen") == ()
    with pytest.raises(NotFoundError):
        withdraw_consent(context, collection, "Eileen")


def test_a_consent_has_to_make_sense() -> None:
    with pytest.raises(InputError, match="empty"):
        consent_to(b" \n", "signed")
    with pytest.raises(InputError, match="ended"):
        consent_to(TEXT, "signed", datetime.now(UTC))
    with pytest.raises(InputError, match="basis"):
        consent_to(TEXT, "")


@pytest.mark.parametrize("basis", ["signed by Eileen", "eileen, on paper", "told (EILEEN)"])
def test_a_basis_names_nobody(context: Context, collection: str, basis: str) -> None:
    with pytest.raises(InputError, match="leave out their name"):
        give_consent(context, collection, "Eileen", consent_to(TEXT, basis))
    assert give_consent(context, collection, "Al", consent_to(TEXT, "by postal mail")).basis


def test_a_consent_whose_record_has_no_basis_is_as_it_was_said(
    context: Context, collection: str
) -> None:
    with context.database.begin() as connection:
        key = ensure_user(connection, claim(connection, collection).id, "Eileen")
        given = add_consent(connection, key, SIGNED, context.actor.name)
        older = GiveConsentRecord(given.number, given.subject_id, given.text_sha256, None)
        log.append(connection, context.actor, collection, older)
    assert events(context, GiveConsentRecord.OPERATION)[-1].record == older
    compared: list[tuple[int, int]] = []
    assert check_tables(context.database, lambda *done: compared.append(done)) == []
    assert compared == [(number, 5) for number in range(6)]
