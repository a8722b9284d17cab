"""Whatever people call things is text on every page, on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Dialog, FilePayload, Page, expect

from browsing import let_in, visiting
from furnished import (
    BASIS,
    FILE,
    FILM,
    KEY,
    PERSON,
    REASON,
    Furnished,
    furnished_server,
    is_page,
    script,
)
from postgres_server import own_database
from reknown.cli.demo_images import EILEEN, jpeg

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SHOWN = {
    "/people/{collection}": PERSON,
    "/people/{collection}/{subject}": FILE,
    "/films/{collection}": FILM,
    "/films/{collection}/{job}": FILM,
    "/cameras/{collection}": PERSON,
    "/consents/{collection}": BASIS,
    "/settings/keys": KEY,
    "/settings/keys/{key}": KEY,
    "/settings": REASON,
    "/ledger": REASON,
}
# An image of a name that was taken for markup, and a sum of one that was taken for a template.
_RUN = """() => document.querySelector('img[src="x"], svg[onload]') !== null
    || document.body.textContent.includes("person '\\">49")"""


@pytest.fixture(scope="module", params=["SQLite", "PostgreSQL"])
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, cache_folder: Path
) -> Iterator[Furnished]:
    """A server on each database, with hostile names of everything."""
    if request.param == "SQLite":
        yield request.getfixturevalue("furnished")
        return
    url = own_database(request.getfixturevalue("postgres_url"))
    with furnished_server(tmp_path_factory.mktemp("postgres"), cache_folder, url) as it:
        yield it


@pytest.fixture
def page(browser: Browser, place: Furnished) -> Iterator[Page]:
    """The operator's; any script that ran would have asked something."""
    asked: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    with visiting(browser, place.server) as opened:
        page = opened()
        page.on("dialog", dismiss)
        let_in(page, place.server, place.token)
        yield page
        assert asked == []


def _text(page: Page) -> str:
    assert not page.evaluate(_RUN), page.url
    return page.locator("body").text_content() or ""


def test_names_are_text_on_every_page(page: Page, place: Furnished) -> None:
    for address in place.addresses():
        if is_page(page.request.get(address).headers):
            page.goto(address)
            assert REASON in _text(page), address
    for path, name in _SHOWN.items():
        page.goto(place.address(path))
        assert name in _text(page), path


def test_a_key_is_called_something_on_every_page(page: Page, place: Furnished) -> None:
    page.context.clear_cookies()
    key_id, secret = place.key
    page.goto("/console/settings")
    page.get_by_label("Account, or id").fill(key_id)
    page.get_by_label("Password, or").fill(secret)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text(f"{KEY} may not do this")
    assert _text(page).count(KEY) == 2


_FORMS = (
    ("/settings/accounts", {"Name to sign in with": "a", "Password": "p"}, "Add the account"),
    ("/settings/keys", {"Who or what": "k", "Operations": "o"}, "Make the key"),
    ("/policy/{collection}", {"The rules, in TOML": "r"}, "Put the policy in force"),
    ("/people/{collection}", {"Find a person": "n"}, "Find"),
    ("/unknown/{collection}/{number}", {"Another group": "g"}, "The same person"),
    ("/films/{collection}", {"Bucket": "b", "Film in it": "f"}, "Search the film"),
    ("/archive/{collection}", {"A person's name": "a", "Lowest": "l"}, "Search the archive"),
    ("/ledger", {"Who": "w", "Where": "w"}, "Show"),
)


def test_what_is_wrong_is_said_as_text(page: Page, place: Furnished) -> None:
    for path, fields, button in _FORMS:
        page.goto(place.address(path))
        for label, value in fields.items():
            page.get_by_label(label, exact=len(label) < 6).fill(script(value))
        with page.expect_navigation():
            page.get_by_role("button", name=button, exact=True).click()
        typed = page.locator("input").evaluate_all("all => all.map(each => each.value)")
        assert "<img" in _text(page) + "".join(typed), path


def test_files_are_text_in_what_was_found(page: Page, place: Furnished) -> None:
    picture = FilePayload(name=FILE, mimeType="image/jpeg", buffer=jpeg(EILEEN.crop()))
    page.goto(place.address("/identify/{collection}"))
    page.get_by_label("A picture").set_input_files(picture)
    page.get_by_role("button", name="Search people").click()
    expect(page.locator("figcaption")).to_have_text(FILE.replace('"', "%22"))  # by the browser
    page.goto(place.address("/archive/{collection}"))
    page.get_by_label("Or a picture").set_input_files(picture)
    page.get_by_role("button", name="Search the archive").click()
    expect(page.locator(".grid li").first).to_contain_text("file '\">")
    assert not page.evaluate(_RUN)


def test_what_was_done_is_said_as_text(page: Page, place: Furnished) -> None:
    page.goto(place.address("/people/{collection}/{subject}"))
    page.get_by_text("Rename or merge").click()
    other = script("other", "</p>")
    page.get_by_label("Another name for this person").fill(other)
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("status")).to_contain_text(f"{PERSON} is called {other} now.")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(PERSON)
    assert not page.evaluate(_RUN)


def test_collections_that_cannot_be_are_text(page: Page) -> None:
    for path in ("people", "identify", "policy", "reviews", "films"):
        page.goto(f"/console/{path}/%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E")
        assert "<img" in _text(page), path
