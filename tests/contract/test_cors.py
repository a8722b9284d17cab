"""What a browser asks before it lets a page read an answer, said in plain HTTP."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

import callers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http.client import HTTPMessage

    from servers import Server

_PAGE = "https://photos.example"
# What the JavaScript SDK sends beyond what browsers allow by themselves.
_SDK_HEADERS = (
    "amz-sdk-invocation-id",
    "amz-sdk-request",
    "authorization",
    "content-type",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-target",
    "x-amz-user-agent",
)
_READ_BY_SDK = {"x-amzn-requestid", "x-amzn-errortype", "x-amz-retry-after", "date"}


def _ask(
    server: Server, method: str, headers: Mapping[str, str], body: bytes = b"", path: str = "/"
) -> tuple[int, HTTPMessage, bytes]:
    connection = HTTPConnection(urlsplit(server.address).netloc, timeout=60)
    try:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def _words(headers: HTTPMessage, name: str) -> set[str]:
    return {word.strip().lower() for word in (headers[name] or "").split(",")}


def _readable(headers: HTTPMessage) -> bool:
    """Whether the page may read the answer and all that the SDK needs of its head."""
    allowed = headers["access-control-allow-origin"] in {"*", _PAGE}
    return allowed and _words(headers, "access-control-expose-headers") >= _READ_BY_SDK


@pytest.mark.parametrize("origin", [_PAGE, "http://localhost:5173", "null"])
@pytest.mark.parametrize("path", ["/", "/rekognition/v1/"])
def test_a_preflight_is_allowed_without_a_signature(server: Server, origin: str, path: str) -> None:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": ",".join(_SDK_HEADERS),
    }
    status, headers, _ = _ask(server, "OPTIONS", asked, path=path)
    assert status in {200, 204}
    assert headers["access-control-allow-origin"] in {"*", origin}
    assert "post" in _words(headers, "access-control-allow-methods")
    # named one by one: a star would not stand for authorization
    assert _words(headers, "access-control-allow-headers") >= set(_SDK_HEADERS)
    assert int(headers["access-control-max-age"]) > 0


@pytest.mark.parametrize("path", ["/", "/health", "/ready", "/metrics"])
def test_what_is_for_the_operator_is_not_for_pages(server: Server, path: str) -> None:
    _, headers, _ = _ask(server, "GET", {"Origin": _PAGE}, path=path)
    assert not [name for name in headers if name.lower().startswith("access-control")]


def test_cookies_are_never_asked_for(server: Server) -> None:
    _, headers, _ = _ask(server, "POST", {"Origin": _PAGE})
    assert headers["access-control-allow-credentials"] is None


def test_an_answer_can_be_read_by_the_page(server: Server) -> None:
    signed = callers.sign(server, "ListCollections", {})
    status, headers, _ = _ask(server, "POST", signed.headers | {"Origin": _PAGE}, signed.body)
    assert status == 200
    assert _readable(headers)
    assert headers["x-amzn-requestid"]
    assert headers["date"]


def test_an_error_can_be_read_by_the_page(server: Server, name: str) -> None:
    signed = callers.sign(server, "DescribeCollection", {"CollectionId": name})
    status, headers, body = _ask(server, "POST", signed.headers | {"Origin": _PAGE}, signed.body)
    assert status == 400
    assert _readable(headers)
    assert headers["x-amzn-errortype"] == json.loads(body)["__type"] == "ResourceNotFoundException"


def test_a_refusal_without_a_signature_can_be_read_by_the_page(server: Server) -> None:
    status, headers, body = _ask(
        server,
        "POST",
        {
            "Origin": _PAGE,
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "RekognitionService.ListCollections",
        },
        b"{}",
    )
    assert status == 400
    assert _readable(headers)
    assert headers["date"]
    assert json.loads(body)["__type"] == "MissingAuthenticationTokenException"


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics"])
def test_pages_are_not_let_in_to_what_is_for_the_operator(server: Server, path: str) -> None:
    preflight = {"Origin": _PAGE, "Access-Control-Request-Method": "POST"}
    for method, headers in (
        ("GET", {"Origin": _PAGE}),
        ("OPTIONS", preflight),
        ("POST", preflight),
    ):
        _, answer, _ = _ask(server, method, headers, path=path)
        assert not [name for name in answer if name.lower().startswith("access-control")], method


def test_nor_to_the_welcome(server: Server) -> None:
    status, headers, _ = _ask(server, "GET", {"Origin": _PAGE})
    assert status == 200
    assert headers["access-control-allow-origin"] is None
