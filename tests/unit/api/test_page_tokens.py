from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reknown.api.page_tokens import PageTokens
from reknown.biometrics.errors import PageError

TOKENS = PageTokens(bytes(range(32)))
_PLACES = st.text(max_size=40)
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@given(scope=st.text(max_size=300), after=_PLACES)
def test_a_place_comes_back(scope: str, after: str) -> None:
    token = TOKENS.seal(scope, after)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,255}", token)
    assert TOKENS.open(scope, token) == after
    assert TOKENS.seal(scope, after) == token


@given(scope=st.text(max_size=20), other=st.text(max_size=20), after=_PLACES)
def test_a_token_is_for_one_list(scope: str, other: str, after: str) -> None:
    assume(scope != other)
    with pytest.raises(PageError, match="Invalid Pagination Token"):
        TOKENS.open(other, TOKENS.seal(scope, after))


@given(junk=st.one_of(st.text(max_size=300), st.text(_LETTERS, max_size=300)))
def test_what_was_not_made_here_is_refused(junk: str) -> None:
    with pytest.raises(PageError, match="Invalid Pagination Token"):
        TOKENS.open("ListFaces", junk)


@given(data=st.data(), after=_PLACES)
def test_a_changed_character_is_noticed(data: st.DataObject, after: str) -> None:
    token = TOKENS.seal("ListFaces", after)
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from(_LETTERS))
    assume(letter != token[place])
    with pytest.raises(PageError):
        TOKENS.open("ListFaces", token[:place] + letter + token[place + 1 :])


def test_spare_bits_are_not_passed_over() -> None:
    for after in ("", "1", "12", "123"):
        token = TOKENS.seal("s", after)
        for letter in set(_LETTERS) - {token[-1]}:
            with pytest.raises(PageError):
                TOKENS.open("s", token[:-1] + letter)


@pytest.mark.parametrize("change", ["{}=", "{}==", " {}", "{}\n", "{}A", "{}AAAA"])
def test_nothing_may_surround_a_token(change: str) -> None:
    with pytest.raises(PageError):
        TOKENS.open("s", change.format(TOKENS.seal("s", "7")))


def test_another_key_opens_nothing() -> None:
    token = TOKENS.seal("s", "7")
    assert PageTokens(bytes(range(32))).open("s", token) == "7"
    with pytest.raises(PageError):
        PageTokens(bytes(32)).open("s", token)


def test_tokens_tell_nothing_of_the_place() -> None:
    tokens = [TOKENS.seal("s", str(number)) for number in range(100, 130)]
    assert len({token[:8] for token in tokens}) == 30
    assert "bytes" not in repr(TOKENS)


def test_the_longest_place() -> None:
    assert len(TOKENS.seal("s" * 1000, "9" * 174)) <= 255
    with pytest.raises(PageError, match="too long"):
        TOKENS.seal("s", "9" * 175)


def test_threads_share_it() -> None:
    def there_and_back(number: int) -> bool:
        return TOKENS.open(f"s{number % 7}", TOKENS.seal(f"s{number % 7}", "9" * number)) == (
            "9" * number
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(there_and_back, range(150)))
