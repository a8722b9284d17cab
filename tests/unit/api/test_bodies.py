from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from starlette.requests import Request

from reknown.api.bodies import Bodies, BodyLimits
from reknown.awswire.errors import WireError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

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


async def streamed(bodies: Bodies, one: Request, most: int = 100, who: str = "ada") -> list[bytes]:
    return [part async for part in bodies.stream(one, who, most)]


def test_a_stream_is_not_held_and_may_be_larger_than_a_body() -> None:
    bodies = Bodies(LIMITS)
    parts = [b"0123456789"] * 9
    assert asyncio.run(streamed(bodies, request(*parts))) == [*parts, b""]


@pytest.mark.parametrize("length", [None, "101"])
def test_a_stream_has_an_end(length: str | None) -> None:
    bodies = Bodies(LIMITS)
    error = refusal(lambda: streamed(bodies, request(b"0" * 60, b"0" * 60, length=length)))
    assert error.code == "RequestEntityTooLargeException"


def test_a_stream_that_dries_up_is_given_up() -> None:
    bodies = Bodies(LIMITS)
    error = refusal(lambda: streamed(bodies, request(b"0", ends=False)))
    assert error.code == "RequestTimeoutException"
    # its place is free again
    assert asyncio.run(streamed(bodies, request(b"0"))) == [b"0", b""]


def test_a_stream_whose_client_goes_away_is_given_up() -> None:
    assert refusal(lambda: streamed(Bodies(LIMITS), gone())).code == "RequestAbortedException"


def test_whoever_reads_a_stream_slowly_does_not_cost_its_client_time() -> None:
    async def read_slowly() -> int:
        size = 0
        async for part in Bodies(LIMITS).stream(request(*[b"0"] * 4), "ada", 100):
            await asyncio.sleep(LIMITS.body_seconds)
            size += len(part)
        return size

    assert asyncio.run(read_slowly()) == 4


def test_a_stream_ends_when_the_server_stops() -> None:
    async def stop_meanwhile() -> None:
        bodies = Bodies(replace(LIMITS, body_seconds=60))
        asyncio.get_running_loop().call_later(0.02, bodies.stop, 0.02)
        await streamed(bodies, request(b"0", ends=False))

    assert refusal(stop_meanwhile).code == "ServiceUnavailableException"


def test_one_of_many_has_few_streams_at_once_and_all_have_some() -> None:
    async def begin(bodies: Bodies, who: str) -> AsyncGenerator[bytes, None]:
        stream = bodies.stream(request(b"0", b"1"), who, 100)
        await anext(stream)
        return stream

    async def crowd() -> list[str]:
        bodies, refused = Bodies(replace(LIMITS, streams=3, own_streams=2)), []
        opened = [await begin(bodies, who) for who in ("ada", "ada", "ben")]
        for who in ("ada", "eve"):
            try:
                await begin(bodies, who)
            except WireError as error:
                refused.append(error.code)
        await opened[0].aclose()
        opened.append(await begin(bodies, "ada"))
        for each in opened:
            await each.aclose()
        return refused

    assert asyncio.run(crowd()) == ["ThrottlingException"] * 2
