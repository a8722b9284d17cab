from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from browsing import send
from furnished import PASSWORD, context_of
from reknown.access.accounts import Role
from reknown.services.accounts import create_account

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers import Server


def _account(console: Server, name: str, role: Role, *collections: str) -> None:
    with context_of(console) as context:
        create_account(context, name, role, collections or ("*",), PASSWORD)


def _sign_in(page: Page, name: str, secret: str, path: str = "/console") -> None:
    page.goto(path)
    page.get_by_label("Account, or id").fill(name)
    page.get_by_label("Password, or").fill(secret)
    send(page, "Sign in")


def test_who_is_not_signed_in_is_asked_to_and_goes_on(
    visit: Callable[[], Page], console: Server
) -> None:
    page = visit()
    _sign_in(page, console.key_id, console.secret, "/console/people/people")
    expect(page.get_by_role("heading", level=1)).to_have_text("People")
    send(page, "Sign out")
    page.goto("/console/people/people")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.go_back()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


@pytest.mark.parametrize(
    ("role", "links"),
    [
        (
            "keeper",
            [
                *("Overview", "Compare", "People", "Unknown", "Identify", "Archive", "Films"),
                *("Cameras", "Accuracy"),
            ],
        ),
        ("reviewer", ["Overview"]),
        ("auditor", ["Overview", "Ledger"]),
        (
            "operator",
            [
                *("Overview", "Compare", "Ledger", "Settings", "People", "Unknown", "Identify"),
                *("Archive", "Films", "Cameras", "Review", "Accuracy", "Consents", "Policy"),
            ],
        ),
    ],
)
def test_each_role_sees_what_it_may_do(
    visit: Callable[[], Page], console: Server, role: str, links: list[str]
) -> None:
    _account(console, f"a-{role}", Role(role))
    page = visit()
    _sign_in(page, f"a-{role}", PASSWORD)
    shown = page.get_by_role("navigation").get_by_role("link").all_inner_texts()
    if "People" in links:
        page.goto("/console/people/people")
        shown = page.get_by_role("navigation").get_by_role("link").all_inner_texts()
    assert shown == links


def test_a_right_that_is_missing_is_said_and_recorded(
    visit: Callable[[], Page], console: Server
) -> None:
    _account(console, "reader", Role.AUDITOR)
    page = visit()
    _sign_in(page, "reader", PASSWORD)
    with page.expect_response(re.compile("people/people")) as response:
        page.goto("/console/people/people")
    assert response.value.status == 403


def test_a_collection_of_others_is_not_shown(visit: Callable[[], Page], console: Server) -> None:
    _account(console, "guest", Role.KEEPER, "guests-*")
    page = visit()
    _sign_in(page, "guest", PASSWORD)
    expect(page.locator(".card")).to_have_count(0)
