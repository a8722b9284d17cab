from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.biometrics.errors import InputError
from reknown.biometrics.records import Profile


@pytest.mark.parametrize(
    "url",
    [
        "www.example.org",
        "www.imdb.com/name/nm1757263",
        "https://example.org:8443/a/b?c=d&e#f",
        "http://bücher.example/ada",
    ],
)
def test_web_addresses(url: str) -> None:
    assert Profile((url,)).urls == (url,)


@pytest.mark.parametrize(
    "url",
    [
        "",
        " ",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://example.org",
        "example.org/a b",
        "example.org/<b>",
        "example.org/'",
        "example.org\nexample.org",
        "example.org\0",
        "example.org/\ud800",
        "//example.org",
        "javascript:0?0:alert(document.domain)",
        "JavaScript:1/alert(1)",
        "example.org/\x1b[2J",
        "example.org/\u202e",
        "...",
    ],
)
def test_what_a_browser_must_not_be_handed(url: str) -> None:
    with pytest.raises(InputError, match="web address"):
        Profile((url,))


def test_addresses_have_a_length_in_all() -> None:
    assert Profile(("a." + "a" * 1022,) * 2)
    with pytest.raises(InputError, match="2048 characters"):
        Profile(("a." + "a" * 1022, "a." + "a" * 1023))


@given(st.one_of(st.text(), st.from_regex(r"\A[a-z]{1,9}:.{0,20}", fullmatch=True)))
def test_what_is_taken_has_no_other_scheme_and_no_markup(text: str) -> None:
    with suppress(InputError):
        (url,) = Profile((text,)).urls
        assert url == text
        assert re.match("https?://", url) or not re.match("[A-Za-z0-9+.-]+:(?![0-9])", url)
        assert not re.search(r"[\s<>\"']", url)
