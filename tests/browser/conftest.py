"""A real server for tests in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from browsing import browser, let_in, visiting
from furnished import Furnished, context_of, furnished_server, operator_of
from postgres_server import postgres_url
from reknown import Reknown
from servers import Server, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

__all__ = ["browser", "postgres_url"]


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
        with Reknown(server.data) as client:
            client.enroll(folder)
        yield server


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory, cache_folder: Path) -> Iterator[Furnished]:
    """A server with one of everything, whose names are hostile."""
    with furnished_server(tmp_path_factory.mktemp("furnished"), cache_folder) as it:
        yield it


@pytest.fixture
def visit(browser: Browser, console: Server) -> Iterator[Callable[[], Page]]:
    """New browsers that know nothing of each other; what scripts complain of fails the test."""
    with visiting(browser, console) as opened:
        yield opened


@pytest.fixture(scope="module")
def token(console: Server) -> str:
    """What the browser of an operator has; one for all tests of a file."""
    with context_of(console) as context:
        return operator_of(context)


@pytest.fixture
def operator(visit: Callable[[], Page], console: Server, token: str) -> Page:
    """Signed in with all rights."""
    page = visit()
    let_in(page, console, token)
    page.goto("/console")
    return page


@pytest.fixture
def stranger(browser: Browser, furnished: Furnished) -> Iterator[Callable[[], Page]]:
    """New browsers where there is one of everything."""
    with visiting(browser, furnished.server) as opened:
        yield opened


@pytest.fixture
def inside(stranger: Callable[[], Page], furnished: Furnished) -> Page:
    """The same, signed in with all rights."""
    page = stranger()
    let_in(page, furnished.server, furnished.token)
    return page
