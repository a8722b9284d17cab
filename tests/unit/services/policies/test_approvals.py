from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from contexts import events
from reknown.access.rights import ALL
from reknown.access.vault import Vault
from reknown.biometrics.errors import AccessError, InputError, NotFoundError, PolicyError
from reknown.biometrics.policy import Policy
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.gallery.schema import search_approvals
from reknown.ledger.actor import Actor
from reknown.ledger.records import (
    IdentifyRecord,
    RefuseSearchRecord,
    UseApprovalRecord,
    WithdrawApprovalRecord,
)
from reknown.services.access import actor_of, create_key, rotate_key
from reknown.services.galleries.collections import create_collection
from reknown.services.galleries.pages import PageRequest
from reknown.services.policies.approvals import (
    approval_for,
    grant_approval,
    list_approvals,
    withdraw_approval,
)
from reknown.services.policies.rules import set_policy
from reknown.services.searches.images import identify
from reknown.services.searches.search import Query
from reknown.services.searches.sightings import find_person
from reknown.services.searches.stored import search_by_user
from reknown.storage.clock import as_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.services.context import Context
    from reknown.services.galleries.enrolment import EnrolmentResult

QUERY = Query("people", ThresholdChoice(90))


@pytest.fixture
def ada(context: Context, enrol: Callable[..., EnrolmentResult], eileen: bytes) -> Context:
    """Somebody who may search for the same twice a week."""
    enrol(eileen, "Eileen")
    set_policy(context, "people", Policy(repeat_searches=2))
    return context.by(Actor("cli:ada"))


def granted(context: Context, searcher: Context, searches: int = 1) -> Context:
    """The searcher with an approval by the context's actor."""
    new = approval_for(searcher.actor.name, "case 4711", searches)
    approval = grant_approval(context, "people", new).approval_id
    return searcher.by(replace(searcher.actor, approval=approval))


def refusal(context: Context, probe: bytes) -> str:
    with pytest.raises(PolicyError) as raised:
        identify(context, QUERY, probe)
    written = events(context, RefuseSearchRecord.OPERATION)[-1]
    assert written.record == RefuseSearchRecord(raised.value.reason)
    return raised.value.reason


def test_the_third_search_of_an_image_needs_an_approval(
    context: Context, ada: Context, eileen: bytes
) -> None:
    for _ in range(2):
        identify(ada, QUERY, eileen)
    assert refusal(ada, eileen) == "RepeatedSearch"
    approved = granted(context, ada, 2)
    for left in (1, 0):
        assert identify(approved, QUERY, eileen).found.rows[0]
        used = events(context, UseApprovalRecord.OPERATION)[-1]
        assert used.record == UseApprovalRecord(str(approved.actor.approval), left)
    assert refusal(approved, eileen) == "ApprovalNotValid"
    assert len(events(context, IdentifyRecord.OPERATION)) == 4


def test_a_person_is_the_same_by_whatever_probe_and_entrance(
    context: Context, ada: Context, eileen: bytes
) -> None:
    identify(ada, QUERY, eileen)
    search_by_user(ada, QUERY, "Eileen")
    with pytest.raises(PolicyError):
        find_person(ada, "people", "Eileen", ThresholdChoice(90))
    approved = granted(context, ada)
    find_person(approved, "people", "Eileen", ThresholdChoice(90))
    assert refusal(approved, eileen) == "ApprovalNotValid"


def test_a_search_within_the_limit_leaves_an_approval_as_it_is(
    context: Context, ada: Context, eileen: bytes
) -> None:
    approved = granted(context, ada)
    identify(approved, QUERY, eileen)
    (kept,) = list_approvals(context, "people", PageRequest(None, 10)).items
    assert (kept.searches_left, kept.searcher, kept.reason) == (1, "cli:ada", "case 4711")
    assert kept.granted_by == context.actor.name


def test_an_approval_is_for_one_searcher_and_collection_until_it_ends(
    context: Context, ada: Context, eileen: bytes
) -> None:
    for _ in range(2):
        identify(ada, QUERY, eileen)
    approved = granted(context, ada)
    bob = approved.by(replace(approved.actor, name="cli:bob"))
    assert refusal(bob, eileen) == "ApprovalNotValid"
    with context.database.begin() as connection:
        over = update(search_approvals).values(expires_at=as_text(datetime(2020, 1, 1, tzinfo=UTC)))
        connection.execute(over)
    assert refusal(approved, eileen) == "ApprovalNotValid"


def test_an_approval_that_was_withdrawn_allows_nothing(
    context: Context, ada: Context, eileen: bytes
) -> None:
    for _ in range(2):
        identify(ada, QUERY, eileen)
    approved = granted(context, ada, 3)
    identify(approved, QUERY, eileen)
    approval = str(approved.actor.approval)
    ended = withdraw_approval(context, "people", approval)
    assert refusal(approved, eileen) == "ApprovalNotValid"
    (written,) = events(context, WithdrawApprovalRecord.OPERATION)
    assert written.record == WithdrawApprovalRecord(approval, 2)
    assert withdraw_approval(context, "people", approval) == ended
    assert list_approvals(context, "people", PageRequest(None, 10)).items == (ended,)


def test_what_is_withdrawn_is_an_approval_of_the_collection(context: Context, ada: Context) -> None:
    create_collection(context, "others")
    approval = str(granted(context, ada).actor.approval)
    for collection in ("others", "nowhere"):
        with pytest.raises(NotFoundError):
            withdraw_approval(context, collection, approval)
    with pytest.raises(InputError, match="id of an approval"):
        withdraw_approval(context, "people", "mine")


def test_the_holder_of_a_rotated_key_approves_of_none_of_its_searches(context: Context) -> None:
    create_collection(context, "people")
    vault = Vault(bytes(range(32)))
    first, _ = create_key(context, vault, "gate", ALL)
    second, _ = rotate_key(context, vault, first.key_id, timedelta(days=1))
    third, _ = rotate_key(context, vault, second.key_id, timedelta(days=1))
    other, _ = create_key(context, vault, "desk", ALL)
    new = approval_for(actor_of(first.key_id), "case 4711")
    with pytest.raises(AccessError, match="somebody else"):
        grant_approval(context.by(Actor(actor_of(third.key_id))), "people", new)
    grant_approval(context.by(Actor(actor_of(other.key_id))), "people", new)


def test_how_often_is_told_in_words(context: Context, ada: Context, eileen: bytes) -> None:
    set_policy(context, "people", Policy(repeat_searches=1, repeat_days=1))
    identify(ada, QUERY, eileen)
    with pytest.raises(PolicyError, match="was searched for once in 1 day:"):
        identify(ada, QUERY, eileen)


def test_nobody_approves_of_their_own_searches(ada: Context) -> None:
    with pytest.raises(AccessError, match="somebody else"):
        granted(ada, ada)


def test_approvals_are_bounded_and_of_a_collection(context: Context) -> None:
    for wrong in (("ada", "why"), ("cli:ada", ""), ("cli:ada", "why", 0), ("cli:ada", "why", 1, 0)):
        with pytest.raises(InputError):
            approval_for(*wrong)
    with pytest.raises(NotFoundError):
        grant_approval(context, "nobody", approval_for("cli:ada", "why"))


def test_an_image_without_faces_is_no_search_of_anybody(context: Context, ada: Context) -> None:
    import portraits

    for _ in range(4):
        identify(ada, QUERY, portraits.nobody())
