"""A real server and a real browser, which Debian's Chromium is: skipped where there is none."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from servers import Server, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

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


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory, eileen: bytes, grace: bytes) -> Path:
    """Folders of two people, one picture each; Eileen's name wants to be a script."""
    root = tmp_path_factory.mktemp("people")
    for name, data in (("Eileen <b>Collins", eileen), ("Grace Hopper", grace)):
        (root / name).mkdir()
        (root / name / "1.jpg").write_bytes(data)
    return root


@pytest.fixture(scope="session")
def console(
    tmp_path_factory: pytest.TempPathFactory, cache_folder: Path, folder: Path
) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("console"), REKNOWN_CACHE=str(cache_folder)) as server:
        server.reknown("enroll", folder)
        yield server


@pytest.fixture
def visit(browser: Browser, console: Server) -> Iterator[Callable[[], Page]]:
    """New browsers that know nothing of each other; what scripts complain of fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def complain(kind: str, text: str) -> None:
        # a page that says that something is wrong, not there or not allowed is one of those
        if kind == "error" and not re.search(r"status of 40[034]", text):
            complaints.append(text)

    def opened() -> Page:
        context = browser.new_context(base_url=console.address)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complain(line.type, line.text))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def operator(visit: Callable[[], Page], console: Server) -> Page:
    """Signed in with all rights."""
    page = visit()
    link = console.reknown("console", "--json")
    page.goto(f"/console/sign-in?link={link.rpartition('link=')[2].split(chr(34))[0]}")
    page.get_by_role("button", name="Open the console").click()
    return page
