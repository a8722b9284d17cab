from __future__ import annotations

import pytest

from reknown.api.proxies import TrustedProxies
from reknown.awswire.sigv4 import HttpRequest


def _origin(
    trusted: tuple[str, ...], peer: str, *headers: tuple[str, str], secure: bool = False
) -> tuple[str, bool]:
    pairs = tuple((name.encode(), value.encode()) for name, value in headers)
    request = HttpRequest("POST", b"/", b"", pairs)
    return TrustedProxies.of(trusted).origin(request, peer, secure=secure)


_FORGED = ("x-forwarded-for", "6.6.6.6"), ("x-forwarded-proto", "https")


@pytest.mark.parametrize("trusted", [(), ("10.0.0.1",), ("::1",)])
def test_nobody_else_is_believed_also_not_this_machine(trusted: tuple[str, ...]) -> None:
    assert _origin(trusted, "127.0.0.1", *_FORGED) == ("127.0.0.1", False)
    assert _origin(trusted, "127.0.0.1", *_FORGED, secure=True) == ("127.0.0.1", True)


@pytest.mark.parametrize("trusted", ["127.0.0.1", "127.0.0.0/8"])
def test_a_trusted_one_is(trusted: str) -> None:
    assert _origin((trusted,), "127.0.0.1", *_FORGED) == ("6.6.6.6", True)
    assert _origin((trusted,), "127.0.0.1") == ("127.0.0.1", False)
    assert _origin((trusted,), "", *_FORGED) == ("", False)


@pytest.mark.parametrize(
    ("said", "client"),
    [
        ("6.6.6.6, 1.2.3.4", "1.2.3.4"),
        ("6.6.6.6, 1.2.3.4, 10.0.0.7", "1.2.3.4"),
        ("6.6.6.6,1.2.3.4:5678 , 10.0.0.7:80", "1.2.3.4"),
        ("2001:db8::1, 10.0.0.7", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("10.0.0.8, 10.0.0.7", "10.0.0.8"),
        ("6.6.6.6, made up, 10.0.0.7", "10.0.0.7"),
        ("made up", "10.0.0.1"),
        ("", "10.0.0.1"),
    ],
)
def test_of_several_the_last_that_is_no_proxy_counts(said: str, client: str) -> None:
    trusted = ("10.0.0.0/8",)
    assert _origin(trusted, "10.0.0.1", ("x-forwarded-for", said))[0] == client
    parts = [("x-forwarded-for", part) for part in said.split(",")]
    assert _origin(trusted, "::ffff:10.0.0.1", *parts)[0] == client


@pytest.mark.parametrize(
    ("said", "secure"), [("https", True), ("HTTPS", True), ("https, http", False), ("ftp", False)]
)
def test_the_nearest_proxy_says_how_it_was_called(said: str, secure: bool) -> None:
    trusted = ("10.0.0.1",)
    assert _origin(trusted, "10.0.0.1", ("x-forwarded-proto", said), secure=True)[1] is secure
