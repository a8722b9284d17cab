"""Servers that go and come back, and sign-ins that end, while somebody is typing."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, expect

from browsing import let_in, visiting
from furnished import PASSWORD, context_of, operator_of
from processes import stopped
from reknown.access.accounts import Role
from reknown.services.accounts import create_account
from servers import Server, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_TYPED = "the gate"


class Place:
    """A server that comes back to the same address; nobody looks at its films."""

    def __init__(self, root: Path, cache: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._options = ("--port", port, "--buckets", root / "buckets", "--video-workers", 0)
        self._data, self._cache = root / "data", str(cache)
        self._running = ExitStack()
        self.server = self._started(None)

    def _started(self, key: tuple[str, str] | None) -> Server:
        server = serving(self._data, *self._options, key=key, REKNOWN_CACHE=self._cache)
        return self._running.enter_context(server)

    def stop(self) -> None:
        self._running.close()

    def start_again(self) -> None:
        self.server = self._started((self.server.key_id, self.server.secret))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, cache_folder: Path) -> Iterator[Place]:
    root = tmp_path_factory.mktemp("coming-and-going")
    bucket = root / "buckets" / "media"
    bucket.mkdir(parents=True)
    (bucket / "film.mp4").write_bytes(b"this is no film")
    place = Place(root, cache_folder)
    client = place.server.client()
    client.create_collection(CollectionId="people")
    film = {"S3Object": {"Bucket": "media", "Name": "film.mp4"}}
    client.start_face_search(Video=film, CollectionId="people")
    with context_of(place.server) as context:
        create_account(context, "ada", Role.OPERATOR, ("*",), PASSWORD)
    yield place
    place.stop()


@pytest.fixture
def visit(browser: Browser, place: Place) -> Iterator[Callable[[], Page]]:
    """New browsers; that a server is not there is no complaint about a script."""
    with visiting(browser, place.server, r"status of 401|ERR_CONNECTION_\w+") as opened:
        yield opened


@pytest.fixture
def token(place: Place) -> str:
    """A sign-in with all rights."""
    with context_of(place.server) as context:
        return operator_of(context)


@pytest.fixture
def typing(visit: Callable[[], Page], place: Place, token: str) -> Page:
    """Somebody with all rights who has begun to fill in a form."""
    page = visit()
    let_in(page, place.server, token)
    _type(page)
    return page


def _type(page: Page) -> None:
    page.goto("/console/settings/keys")
    page.get_by_label("Who or what uses it").fill(_TYPED)


def _send(page: Page) -> None:
    page.get_by_role("button", name="Make the key").click()


def _sign_in(page: Page) -> None:
    page.get_by_label("Account, or id").fill("ada")
    page.get_by_label("Password, or").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def _made(page: Page, name: str) -> None:
    expect(page.get_by_text(f"It is for {name}")).to_be_visible()
    page.goto("/console/settings/keys")


def test_a_slow_server_gets_a_form_once(typing: Page, place: Place) -> None:
    typing.get_by_label("Who or what uses it").fill("once")
    with stopped(place.server.process.pid):
        typing.get_by_role("button", name="Make the key").dblclick()
        typing.wait_for_timeout(300)
    _made(typing, "once")
    expect(typing.get_by_role("cell", name="once", exact=True)).to_have_count(1)


def test_a_sign_in_that_ends_while_somebody_types_loses_nothing(
    visit: Callable[[], Page],
) -> None:
    page = visit()
    page.goto("/console/settings/keys?undo=x")
    _sign_in(page)
    page.get_by_label("Who or what uses it").fill(_TYPED)
    other = page.context.new_page()
    other.goto("/console")
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("heading", level=1)).to_have_text("Sign in")
    _send(page)
    expect(page.get_by_role("alert")).to_contain_text("You are signed out")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="sign in in another tab").click()
    _sign_in(opened.value)
    _send(page)
    _made(page, _TYPED)


def test_nobody_sends_a_form_in_the_name_of_another(typing: Page) -> None:
    typing.context.clear_cookies()
    other = typing.context.new_page()
    other.goto("/console")
    _sign_in(other)
    _send(typing)
    expect(typing.get_by_role("alert")).to_contain_text("Somebody else has signed in")
    expect(typing.get_by_label("Who or what uses it")).to_have_value(_TYPED)


def test_what_was_signed_out_is_gone_for_who_goes_back(typing: Page) -> None:
    typing.goto("/console/people/people")
    typing.get_by_role("button", name="Sign out").click()
    expect(typing.get_by_role("heading", level=1)).to_have_text("Sign in")
    for _ in range(2):
        typing.go_back()
        expect(typing.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert "the gate" not in typing.content()


def test_going_back_and_loading_again_send_nothing_twice(typing: Page) -> None:
    typing.goto("/console/settings")
    typing.get_by_label("Why").fill("a test")
    typing.get_by_role("button", name="Stop all searches").click()
    typing.get_by_role("button", name="Resume searches of all").click()
    expect(typing.get_by_text("are stopped")).to_have_count(0)
    typing.reload()
    typing.go_back()
    typing.go_forward()
    typing.goto("/console")
    expect(typing.get_by_text("are stopped")).to_have_count(0)
    typing.goto("/console/ledger?operation=stop+searches")
    expect(typing.locator("tbody tr")).to_have_count(1)


def test_two_tabs_of_one_person_are_both_good(typing: Page) -> None:
    second = typing.context.new_page()
    _type(second)
    for page in (typing, second):
        _send(page)
        expect(page.get_by_label("The key and its secret")).to_be_visible()


def test_nothing_typed_is_lost_with_the_server(typing: Page, place: Place) -> None:
    typing.get_by_label("Who or what uses it").fill("the door")
    films = typing.context.new_page()
    films.goto("/console/films/people")
    films.get_by_label("Bucket").fill(_TYPED)
    link = films.get_by_role("link", name="media/film.mp4")
    link.focus()
    with films.expect_response(lambda answer: answer.url.endswith("films/people")):
        pass  # the list is read again by itself
    films.wait_for_timeout(100)
    expect(link).to_be_focused()
    place.stop()
    _send(typing)
    expect(typing.get_by_role("alert")).to_contain_text("what you typed is still here")
    expect(typing.get_by_label("Who or what uses it")).to_have_value("the door")
    expect(films.get_by_role("alert")).to_contain_text("goes on by itself")
    place.start_again()
    expect(films.get_by_role("alert")).to_have_count(0)
    expect(films.get_by_label("Bucket")).to_have_value(_TYPED)
    expect(link).to_be_focused()
    _send(typing)
    _made(typing, "the door")
    expect(typing.get_by_role("cell", name="the door")).to_have_count(1)
