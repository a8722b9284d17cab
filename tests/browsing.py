"""A real browser, which Debian's Chromium is: tests are skipped where there is none."""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, sync_playwright

from reknown.console.protection import COOKIE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import BrowserContext, Page

    from servers import Server


_QUIET = (
    "--no-sandbox",  # the tests may run as root, where Chromium's own cannot
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One a file: as long as it runs, no other may have an event loop of its own."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no browser here: on Debian, apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*_QUIET])
        yield browser
        browser.close()


@contextmanager
def visiting(
    browser: Browser, server: Server, expected: str = r"status of 40[0134]"
) -> Iterator[Callable[[], Page]]:
    """New browsers that know nothing of each other; what scripts complain of is an error.

    Unless it is `expected`.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def complain(kind: str, text: str) -> None:
        # a page that says that something is wrong, not there or not allowed is one of those
        if kind == "error" and not re.search(expected, text):
            complaints.append(text)

    def opened() -> Page:
        context = browser.new_context(base_url=server.address)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complain(line.type, line.text))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def let_in(page: Page, server: Server, token: str) -> None:
    """Gives a browser a sign-in."""
    page.context.add_cookies([{"name": COOKIE, "value": token, "url": f"{server.address}/console"}])


def send(page: Page, button: str) -> None:
    """Sends a form, which asks first whether somebody is there, and waits for the answer."""
    with page.expect_navigation():
        page.get_by_role("button", name=button, exact=True).click()
