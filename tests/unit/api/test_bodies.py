from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from starlette.requests import Request

from reknown.api.bodies import Bodies, BodyLimits
from reknown.awswire.errors import WireError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LIMITS = BodyLimits(body_bytes=10, all_bytes=15, body_seconds=0.05, rest_seconds=0.05)


def request(*parts: bytes, length: str | None = None, ends: bool = True) -> Request:
    """A request with a body in these parts; `ends` is whether the client ever sends the last."""
    messages: list[Any] = [{"type": "http.request", "body": p, "more_body": True} for p in parts]
    if ends:
        messages.append({"type": "http.request"})

    async def receive() -> Any:
        if not messages:
            await asyncio.sleep(10)
        return messages.pop(0)

    headers = [] if length is None else [(b"content-length", length.encode())]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive)


def gone() -> Request:
    """A request whose client goes away."""

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    return Request({"type": "http", "method": "POST", "path": "/", "headers": []}, receive)


async def read(bodies: Bodies, one: Request) -> bytes:
    with bodies.room() as room:
        return await bodies.read(one, room)


def refusal(work: Callable[[], Awaitable[object]]) -> WireError:
    async def run() -> None:
        await work()

    with pytest.raises(WireError) as caught:
        asyncio.run(run())
    return caught.value


@pytest.mark.parametrize("length", [None, "10", "0010", "0"])
def test_a_body_is_read(length: str | None) -> None:
    bodies = Bodies(LIMITS)
    assert asyncio.run(read(bodies, request(b"01234", b"56789", length=length))) == b"0123456789"
    assert asyncio.run(read(bodies, request())) == b""


@pytest.mark.parametrize(
    "length", ["11", "0" * 30 + "11", "9" * 5000, "-1", "+1", "1.0", "0x1", "", "\u0661"]
)
def test_stated_lengths_are_checked_before_reading(length: str) -> None:
    bodies = Bodies(LIMITS)
    one = request(b"0", length=length.encode().decode("latin-1"), ends=False)
    if length == "":
        one = request(b"0" * 11, length=length)
    error = refusal(lambda: read(bodies, one))
    assert (error.status, error.code) == (413, "RequestEntityTooLargeException")


def test_what_is_sent_counts_more_than_what_is_stated() -> None:
    bodies = Bodies(LIMITS)
    error = refusal(lambda: read(bodies, request(b"012345", b"678910", length="2")))
    assert (error.status, error.code) == (413, "RequestEntityTooLargeException")


@pytest.mark.parametrize("length", [None, "6"])
def test_some_may_send_less_than_others(length: str | None) -> None:
    bodies = Bodies(LIMITS)

    async def six() -> bytes:
        with bodies.room() as room:
            return await bodies.read(request(b"0" * 6, length=length), room, 5)

    assert refusal(six).status == 413


def test_all_bodies_together_are_limited_until_they_are_done_with() -> None:
    bodies = Bodies(LIMITS)

    async def two() -> None:
        with bodies.room() as room:
            await bodies.read(request(b"0" * 10), room)
            with bodies.room() as other:
                assert await bodies.read(request(b"0" * 5, length="10"), other) == b"0" * 5
            await read(bodies, request(b"0" * 6))

    assert refusal(two).code == "ThrottlingException"
    assert asyncio.run(read(bodies, request(b"0" * 10))) == b"0" * 10


def test_announcing_takes_no_room() -> None:
    bodies = Bodies(LIMITS)

    async def many() -> bytes:
        waiting = [asyncio.ensure_future(read(bodies, request(ends=False, length="10")))] * 5
        await asyncio.sleep(0)
        got = await read(bodies, request(b"0" * 10))
        for one in waiting:
            one.cancel()
        return got

    assert asyncio.run(many()) == b"0" * 10


def test_slow_and_lost_clients() -> None:
    bodies = Bodies(LIMITS)
    slow = refusal(lambda: read(bodies, request(b"0", ends=False)))
    assert (slow.status, slow.code) == (408, "RequestTimeoutException")
    assert refusal(lambda: read(bodies, gone())).code == "RequestAbortedException"


@pytest.mark.parametrize(
    "one", [request(b"0" * 5), request(b"0" * 6, b"0" * 6, ends=False), request(ends=False), gone()]
)
def test_the_rest_is_thrown_away_within_limits(one: Request) -> None:
    async def run() -> None:
        async with asyncio.timeout(5):
            await Bodies(LIMITS).discard(one)

    asyncio.run(run())
