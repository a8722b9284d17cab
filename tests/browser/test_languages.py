"""Every page in a language that nobody speaks: what has no accents there is data, or forgotten."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3

from furnished import (
    BASIS,
    CAMERA,
    COLLECTION,
    FILE,
    FILM,
    HOURS,
    KEY,
    LIST,
    PERSON,
    REASON,
    REVIEWER,
    WATCH,
    is_page,
)
from portraits import pair
from pseudo_language import PSEUDO, accented
from reknown.console.protection import COOKIE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from furnished import Furnished

    Field = str | tuple[str, bytes, str]

_SHOWN = ("aria-label", "alt", "title", "placeholder")
_WORD = re.compile(r"[A-Za-z][A-Za-z'-]+")
# Ids, moments, and who somebody is to the ledger, such as cli:ada.
_CODED = re.compile(r"\S*\d\S*|\w+:\w+")
# Names of packs, of collections and of what else the server has, and units.
_NAMES = {
    *("Reknown", "UTC", "MB", "ms", "opencv", "opencv-zoo", "public-domain", "attributes", "text"),
    *("public-domain-accurate", "stopped", "operator", "first", "media", "mirrored", "party"),
    *("pack", "folder", "verify", "StartFaceSearch", "Eileen", "Collins", "Grace", "Hopper"),
}
# What is the same in every language, and what is not text of ours.
_SAME = {"code", "pre", "textarea", "script", "style", "svg"}
_EMPTY = {"br", "img", "input", "link", "meta"}


class _Words(HTMLParser):
    """The words that people see or hear of a page, other than what it marks as English."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.language = ""
        self._open: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "html":
            self.language = given["lang"] or ""
        other = tag in _SAME or (tag != "html" and given.get("lang") == "en")
        if not self._inside() and not other:
            for name, value in given.items():
                ours = name in _SHOWN or (name.startswith("data-") and " " in (value or ""))
                if ours and value:
                    self.handle_data(value)
        if tag not in _EMPTY:
            self._open.append(other)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _EMPTY:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside():
            self.found.update(_WORD.findall(_CODED.sub("", data)))

    def _inside(self) -> bool:
        return any(self._open)


def _ask(
    furnished: Furnished, address: str, accepted: str, fields: Mapping[str, Field] | None = None
) -> urllib3.BaseHTTPResponse:
    """A page, or what comes of its form."""
    headers = {"cookie": f"{COOKIE}={furnished.token}", "accept-language": accepted}
    method, url = "GET" if fields is None else "POST", furnished.server.address + address
    return urllib3.request(method, url, headers=headers, fields=fields, redirect=False)


def _words(answer: urllib3.BaseHTTPResponse) -> set[str]:
    """Those that are not accented; raises for a page that is not of the language."""
    read = _Words()
    read.feed(answer.data.decode())
    assert read.language == PSEUDO
    assert answer.headers["vary"] == "Accept-Language"
    return read.found


def _token(furnished: Furnished) -> dict[str, Field]:
    found = re.search(
        r'name="form_token" value="(\w+)"', _ask(furnished, "/console", "").data.decode()
    )
    assert found is not None
    return {"form_token": found[1]}


@pytest.fixture(scope="module")
def data() -> set[str]:
    """Words of what there is here."""
    names = (PERSON, FILE, FILM, BASIS, REASON, KEY, COLLECTION, REVIEWER, WATCH, CAMERA, HOURS)

    return _NAMES | {*_WORD.findall(" ".join((*names, LIST)))}


def test_no_page_says_what_cannot_be_translated(furnished: Furnished, data: set[str]) -> None:
    found: dict[str, set[str]] = {}
    for address in furnished.addresses():
        answer = _ask(furnished, address, PSEUDO)
        if is_page(answer.headers):
            found[address] = _words(answer) - data
    assert len(found) > 20
    assert {address: each for address, each in found.items() if each} == {}


def test_nor_does_what_answers_a_form(furnished: Furnished, data: set[str]) -> None:
    picture = "pair.jpg", pair(), "image/jpeg"
    typed = {"pair", "jpg", "much'", "name", "once"}  # and which field is missing
    forms: tuple[tuple[str, dict[str, Field]], ...] = (
        ("/identify/{collection}", {"picture": picture}),
        ("/archive/{collection}", {"picture": picture}),
        ("/compare", {"probe": picture, "reference": picture}),
        ("/compare", {"probe": picture, "reference": picture, "similarity": "much"}),
        ("/settings/keys", {"name": KEY, "operations": "None"}),
        ("/settings/keys", {}),
        ("/unknown/{collection}/{number}/split", {}),
        ("/no-such-page", {}),
    )
    found: dict[str, set[str]] = {}
    for path, fields in forms:
        answer = _ask(furnished, furnished.address(path), PSEUDO, _token(furnished) | fields)
        found[f"{path} {list(fields)}"] = _words(answer) - data - typed
    wrong = _ask(furnished, "/console/sign-in", PSEUDO, {"name": "nobody", "password": "x"})
    found["sign-in"] = _words(wrong) - data
    assert {address: each for address, each in found.items() if each} == {}


@pytest.mark.parametrize(
    ("back", "message"),
    [("", "Group %(number)s is put aside."), ("yes", "Group %(number)s is shown again.")],
)
def test_what_was_done_is_said_in_the_language_of_the_page(
    furnished: Furnished, back: str, message: str
) -> None:
    address = furnished.address("/unknown/{collection}/{number}/ignore")
    answer = _ask(furnished, address, PSEUDO, _token(furnished) | {"back": back})
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert query["done"] == [accented(message) % {"number": furnished.places["number"]}]


def test_what_use_cases_say_is_marked_as_english(furnished: Furnished) -> None:
    fields = _token(furnished) | {"name": KEY, "operations": "None"}
    address = furnished.address("/settings/keys")
    said: list[str] = []
    for language in (PSEUDO, "fr"):
        page = _ask(furnished, address, language, fields).data.decode()
        said += re.findall(r'role="alert" id="error">(.*?)</p>', page)
    assert len(said) == 2
    assert said[0] == f'<span lang="en">{said[1]}</span>'


@pytest.mark.parametrize("accepted", ["", "fr, de;q=0.5", "en-US, eo;q=0.9"])
def test_whoever_asks_for_no_other_language_gets_english(
    furnished: Furnished, accepted: str
) -> None:
    page = _ask(furnished, "/console", accepted).data.decode()
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert page.count("lang=") == 1
    assert ">Overview</a>" in page


def test_programs_are_told_the_same_everywhere(furnished: Furnished) -> None:
    address = furnished.address("/people/{collection}") + ".json?after=nobody"
    told = [_ask(furnished, address, each).data for each in (PSEUDO, "en")]
    assert told[0] == told[1]
