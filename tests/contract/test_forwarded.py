"""Whom the server believes when it is told of other addresses."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

import callers
from servers import Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_UNSIGNED = "UNSIGNED-PAYLOAD"


@pytest.fixture(scope="module")
def believing(tmp_path_factory: pytest.TempPathFactory, cache_folder: Path) -> Iterator[Server]:
    """A server behind two proxies, the nearer one on this machine."""
    proxies = ("--trusted-proxy", "127.0.0.1", "--trusted-proxy", "10.0.0.0/8")
    data = tmp_path_factory.mktemp("behind")
    with serving(data, *proxies, REKNOWN_CACHE=str(cache_folder)) as server:
        yield server


def _call(server: Server, **forwarded: str) -> tuple[int, str]:
    """The status, and the client as the log has it."""
    signed = callers.sign(server, "ListCollections", {})
    headers = signed.headers | {f"X-Forwarded-{name}": text for name, text in forwarded.items()}
    return _send(server, headers, signed.body)


def _send(server: Server, headers: dict[str, str], body: bytes) -> tuple[int, str]:
    connection = HTTPConnection(urlsplit(server.address).netloc, timeout=60)
    try:
        connection.request("POST", "/", body, headers)
        answer = connection.getresponse()
        request_id = answer.headers["x-amzn-requestid"]
        answer.read()
    finally:
        connection.close()
    while not (line := [line for line in server.log if request_id in line]):
        pass
    return answer.status, str(json.loads(line[0])["client"])


def test_nobody_is_believed_who_was_not_named(server: Server) -> None:
    assert _call(server, For="203.0.113.7", Proto="https") == (200, "127.0.0.1")


def test_a_proxy_that_was_named_is_believed(believing: Server) -> None:
    assert _call(believing, For="203.0.113.7") == (200, "203.0.113.7")
    assert _call(believing) == (200, "127.0.0.1")


def test_what_a_client_says_of_itself_is_not_believed(believing: Server) -> None:
    assert _call(believing, For="1.2.3.4, 203.0.113.7, 10.0.0.5") == (200, "203.0.113.7")


def test_https_is_believed_of_a_proxy_alone(server: Server, believing: Server) -> None:
    forwarded = {"X-Forwarded-Proto": "https"}
    for one, status in ((server, 400), (believing, 200)):
        signed = callers.sign(one, "ListCollections", {}, payload=_UNSIGNED)
        assert _send(one, signed.headers | forwarded, signed.body)[0] == status
        signed = callers.sign(one, "ListCollections", {}, payload=_UNSIGNED)
        assert _send(one, signed.headers, signed.body)[0] == 400
