from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from servers import REKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers import Server

PASSWORD = "four small words here"


def _account(console: Server, name: str, *options: str) -> None:
    command = [str(REKNOWN), "accounts", "add", name, *options, "--data", str(console.data)]
    subprocess.run(command, input=PASSWORD, text=True, check=True, capture_output=True)


def _sign_in(page: Page, name: str, secret: str, path: str = "/console") -> None:
    page.goto(path)
    page.get_by_label("Account, or id").fill(name)
    page.get_by_label("Password, or").fill(secret)
    page.get_by_role("button", name="Sign in").click()


def test_who_is_not_signed_in_is_asked_to_and_goes_on(
    visit: Callable[[], Page], console: Server
) -> None:
    page = visit()
    _sign_in(page, console.key_id, console.secret, "/console/people/people")
    expect(page.get_by_role("heading", level=1)).to_have_text("People of people")
    page.get_by_role("button", name="Sign out").click()
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
                *("Overview", "People", "Unknown", "Identify", "Archive", "Films", "Accuracy"),
                "Compare",
            ],
        ),
        ("reviewer", ["Overview"]),
        ("auditor", ["Overview", "Ledger"]),
        (
            "operator",
            [
                *("Overview", "People", "Unknown", "Identify", "Archive", "Films", "Review"),
                *("Accuracy", "Consents", "Policy", "Compare", "Ledger", "Settings"),
            ],
        ),
    ],
)
def test_each_role_sees_what_it_may_do(
    visit: Callable[[], Page], console: Server, role: str, links: list[str]
) -> None:
    _account(console, f"a-{role}", "--role", role)
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
    _account(console, "reader", "--role", "auditor")
    page = visit()
    _sign_in(page, "reader", PASSWORD)
    with page.expect_response(re.compile("people/people")) as response:
        page.goto("/console/people/people")
    assert response.value.status == 403


def test_a_collection_of_others_is_not_shown(visit: Callable[[], Page], console: Server) -> None:
    _account(console, "guest", "--collection", "guests-*")
    page = visit()
    _sign_in(page, "guest", PASSWORD)
    expect(page.locator(".card")).to_have_count(0)
