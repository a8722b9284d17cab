"""Every client's way to sign and send, whether or not the client can be run here."""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest

from vectors import Connection, Vector, vectors

if TYPE_CHECKING:
    from servers import Server

_ALL = vectors()
_LARGE = json.dumps({"Padding": "x" * 1_500_000}).encode()
_HOUR = 3600


@pytest.fixture(params=_ALL, ids=[vector.name for vector in _ALL])
def vector(request: pytest.FixtureRequest) -> Vector:
    made: Vector = request.param
    return made


def test_small_large_and_empty_requests_over_one_connection(server: Server, vector: Vector) -> None:
    with Connection(vector, server) as connection:
        for body in (b"{}", _LARGE, b"", b'{"MaxResults":1}'):
            reply = connection.call("ListCollections", body)
            assert (reply.status, reply.code) == (200, ""), reply


def test_what_is_refused_at_its_head_is_told_and_the_next_request_is_answered(
    server: Server, vector: Vector
) -> None:
    with Connection(vector, server) as connection:
        for body in (b"{}", _LARGE):
            assert connection.call("FindEverybody", body).code == "UnknownOperationException"
        assert connection.call("ListCollections", b"{}").status == 200


def test_a_changed_body_is_refused(server: Server, vector: Vector, name: str) -> None:
    body = json.dumps({"CollectionId": name}).encode()
    with Connection(vector, server) as connection:
        reply = connection.call("CreateCollection", body, signed=body.replace(b"test", b"tent"))
        assert reply.code == "InvalidSignatureException"


def test_a_wrong_clock_is_told_the_right_time(server: Server, vector: Vector) -> None:
    with Connection(vector, server, ahead=_HOUR) as connection:
        refused = connection.call("ListCollections", b"{}")
        assert refused.code == "InvalidSignatureException"
        assert refused.headers["x-amzn-errortype"] == refused.code
        assert "Signature not yet current" in refused.message
        # what the clients that correct their clock do
        told = parsedate_to_datetime(refused.headers["date"]).timestamp()
        connection.ahead -= connection.now() - told
        assert connection.call("ListCollections", b"{}").status == 200


def test_a_proxy_may_send_the_body_in_chunks_within_limits(server: Server, vector: Vector) -> None:
    with Connection(vector, server) as connection:
        for body in (_LARGE, b"{}", b""):
            reply = connection.call("ListCollections", body, chunked=True)
            assert (reply.status, reply.code) == (200, ""), reply
        reply = connection.call("ListCollections", b" " * 17 * 2**20, chunked=True)
        assert (reply.status, reply.code) == (413, "RequestEntityTooLargeException")
