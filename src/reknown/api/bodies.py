"""Reading request bodies without letting anybody fill the memory or wait for ever."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

from reknown.api.errors import unavailable
from reknown.awswire.errors import WireError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator

    from starlette.requests import Request

# How a connection is told that this body may be larger.
LARGER_BODY = "reknown.larger_body"
# For the rest of a body that is refused because the server stops.
_STOPPED_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Bytes of one body and of all bodies in memory at once; seconds for a body to arrive.

    `rest_seconds` is how long a client that has been refused may go on sending.

    What goes on to a disk as it comes may take a second more for every `slowest` bytes; of such
    there are `streams` at once, and so many of one client as `own_streams`.
    """

    body_bytes: int = 16 * 1024 * 1024
    all_bytes: int = 512 * 1024 * 1024
    body_seconds: float = 60.0
    rest_seconds: float = 5.0
    slowest: float = 16 * 1024.0
    streams: int = 16
    own_streams: int = 3


class Room:
    """What one request takes of the memory for bodies."""

    __slots__ = ("taken",)

    def __init__(self) -> None:
        self.taken = 0


class Bodies:
    """Keeps account of the bodies in memory; for one event loop."""

    def __init__(self, limits: BodyLimits) -> None:
        self._limits = limits
        self._held = 0
        self._arriving: set[asyncio.Timeout] = set()
        self._stops_at: float | None = None
        self._streams: Counter[str] = Counter()

    @contextmanager
    def room(self) -> Iterator[Room]:
        """For a body to be read into; given back when the context ends."""
        room = Room()
        try:
            yield room
        finally:
            self._held -= room.taken

    async def read(self, request: Request, room: Room, most: int | None = None) -> bytes:
        """The body; raises `WireError` when it is too much, or too much just now.

        `most` is for what takes fewer bytes than requests may have.
        """
        most = self._limits.body_bytes if most is None else most
        _check_stated_size(request, most)
        try:
            async with self._in_time(self._limits.body_seconds):
                return await self._all(request, room, most)
        except TimeoutError as error:
            raise self._late() from error
        except ClientDisconnect as error:
            raise WireError("RequestAbortedException", "The client went away.") from error

    async def stream(self, request: Request, who: str, most: int) -> AsyncGenerator[bytes, None]:
        """The parts of a body of `most` bytes as they come, for a disk; raises as `read` does.

        Only the time in which the client is waited for counts.
        """
        _check_stated_size(request, most)
        # what is said here is heard by the connection, which knows smaller bodies alone
        request.scope.get("extensions", {}).get(LARGER_BODY, lambda _: None)(most)
        received, left = 0, self._limits.body_seconds
        loop, parts = asyncio.get_running_loop(), request.stream()
        with self._one_of(who):
            while True:
                began = loop.time()
                try:
                    async with self._in_time(left):
                        part = await anext(parts, None)
                except TimeoutError as error:
                    raise self._late() from error
                except ClientDisconnect as error:
                    raise WireError("RequestAbortedException", "The client went away.") from error
                if part is None:
                    return
                received += len(part)
                if received > most:
                    raise _too_large(most)
                left += len(part) / self._limits.slowest - (loop.time() - began)
                yield part

    @contextmanager
    def _one_of(self, who: str) -> Iterator[None]:
        limits = self._limits
        if self._streams[who] >= limits.own_streams or self._streams.total() >= limits.streams:
            raise WireError(
                "ThrottlingException", "Too many uploads at once: wait until another has ended."
            )
        self._streams[who] += 1
        try:
            yield
        finally:
            self._streams[who] -= 1
            self._streams += Counter()  # forgets those that have none

    def _late(self) -> WireError:
        if self._stops_at is not None:
            return unavailable()
        return WireError(
            "RequestTimeoutException",
            f"The request did not arrive within {self._limits.body_seconds:g} seconds.",
            408,
        )

    async def discard(self, request: Request) -> None:
        """Lets a refused client send the rest, within limits.

        To close the connection earlier would take the answer away from it.
        """
        size = 0
        seconds = self._limits.rest_seconds if self._stops_at is None else _STOPPED_SECONDS
        # RuntimeError: all of it has been read
        with suppress(TimeoutError, ClientDisconnect, RuntimeError):
            async with asyncio.timeout(seconds):
                async for part in request.stream():
                    size += len(part)
                    if size > self._limits.body_bytes:
                        return

    def stop(self, seconds: float) -> None:
        """What has not arrived within that time is not waited for."""
        self._stops_at = asyncio.get_running_loop().time() + seconds
        for deadline in self._arriving:
            deadline.reschedule(self._earlier(deadline.when()))

    @asynccontextmanager
    async def _in_time(self, seconds: float) -> AsyncIterator[None]:
        """Raises `TimeoutError` when the body takes too long, or the server stops meanwhile."""
        loop = asyncio.get_running_loop()
        latest = self._earlier(loop.time() + seconds)
        async with asyncio.timeout_at(latest) as deadline:
            self._arriving.add(deadline)
            try:
                yield
            finally:
                self._arriving.remove(deadline)

    def _earlier(self, when: float | None) -> float | None:
        return min((each for each in (when, self._stops_at) if each is not None), default=None)

    async def _all(self, request: Request, room: Room, most: int) -> bytes:
        parts = []
        async for part in request.stream():
            self._take(room, len(part), most)
            parts.append(part)
        return b"".join(parts)

    def _take(self, room: Room, size: int, most: int) -> None:
        # What has arrived counts, not what was announced: announcing costs nothing.
        room.taken += size
        self._held += size
        if room.taken > most:
            raise _too_large(most)
        if self._held > self._limits.all_bytes:
            raise WireError(
                "ThrottlingException", "Slow down; too many large requests are being received."
            )


def _check_stated_size(request: Request, most: int) -> None:
    stated = request.headers.get("content-length", "0")
    # as text: numbers of thousands of digits are not worth reading
    digits = stated.lstrip("0") or "0"
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > 12 or int(digits) > most:
        raise _too_large(most)


def _too_large(most: int) -> WireError:
    return WireError(
        "RequestEntityTooLargeException", f"A request has {most:,} bytes at most.", 413
    )
