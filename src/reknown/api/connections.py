"""Connections: how long each may keep the server waiting, and which has to go when it is full."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from reknown.api.bodies import LARGER_BODY

if TYPE_CHECKING:
    import asyncio

# Between an answer that says that the server stops and the end of the connection.
_LAST_SECONDS = 0.5
# More chunks than `chunks` may come of a body of which each has so many bytes on average.
_CHUNK_BYTES = 64


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How long the server waits for its clients, and for how many.

    Seconds for the head of a request, for the next request or to take an answer, and, when the
    server stops, for the rest of a body and for answers; bytes of a head, of a body
    whether anybody reads it or not, and on the wire beside a body; chunks beyond those of a
    reasonable size; requests that wait behind another; connections at once.
    """

    head_seconds: float = 20.0
    idle_seconds: int = 60
    rest_seconds: float = 3.0
    stop_seconds: float = 6.5
    head_bytes: int = 64 * 1024
    body_bytes: int = 64 * 1024 * 1024
    wire_bytes: int = 64 * 1024
    chunks: int = 1000
    pipelined: int = 100
    connections: int = 1000


@dataclass(slots=True)
class _Received:
    """What has come of one request so far."""

    in_head: bool = True
    in_body: bool = False
    head_bytes: int = 0
    wire_bytes: int = 0
    body_bytes: int = 0
    chunks: int = 0
    most: int = 0

    def take_more(self, most: int) -> None:
        """This body may have so many bytes: its sender is known, and it is written as it comes."""
        self.most = max(self.most, most)


class LimitedProtocol(HttpToolsProtocol):
    """HTTP with limits on idle time, on what comes in, and on the number of connections.

    A body may come in chunks, but what is on the wire beside it has to be in proportion: a chunk
    has a name and extensions, which nobody reads and everybody has to pass over.

    When there is no room for another connection, the one goes that has kept the server waiting
    the longest: those that say nothing cannot shut out those that do.
    """

    def __init__(self, *arguments: Any, limits: ConnectionLimits, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._limits = limits
        self._deadline: asyncio.TimerHandle | None = None
        self._taken_by: asyncio.TimerHandle | None = None
        self._received = _Received(in_head=False)
        self._since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The clock starts with the connection."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._expect_head()
        self._make_room()

    def data_received(self, data: bytes) -> None:
        """The clock starts again with the first byte after an answer."""
        if self._deadline is None and not self._at_work():
            self._expect_head()
        before = self._received
        in_head, in_body = before.in_head, before.in_body
        super().data_received(data)
        # a block in which a request begins is counted with neither
        if before is self._received:
            before.head_bytes += len(data) if in_head and before.in_head else 0
            before.wire_bytes += len(data) if in_body else 0
            self._check(before)

    def on_message_begin(self) -> None:
        """Bytes are counted from here; the head of a pipelined request has no clock."""
        if len(self.pipeline) >= self._limits.pipelined:
            self.transport.abort()
            raise ValueError("too many requests are waiting behind another")
        self._received = _Received(most=self._limits.body_bytes)
        super().on_message_begin()

    def on_chunk_header(self) -> None:
        """A chunk begins; what this raises is answered with 400."""
        received = self._received
        received.chunks += 1
        if received.chunks > self._limits.chunks + received.body_bytes // _CHUNK_BYTES:
            raise ValueError("the chunks of the body are too small")

    def on_body(self, body: bytes) -> None:
        """What counts of all that is on the wire."""
        self._received.body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """What follows belongs to the next request."""
        self._received.in_body = False
        super().on_message_complete()

    def on_headers_complete(self) -> None:
        """The clock stops."""
        self._received.in_head, self._received.in_body = False, True
        self._since = self.loop.time()
        self._stop_clock()
        super().on_headers_complete()
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]
        scope.setdefault("extensions", {})[LARGER_BODY] = self._received.take_more

    def on_response_complete(self) -> None:
        """From now on the client is waited for."""
        self._since = self.loop.time()
        super().on_response_complete()

    def timeout_keep_alive_handler(self) -> None:
        """A client that has not taken the last answer by now does not get it."""
        self.transport.abort()

    def pause_writing(self) -> None:
        """The client does not read: it may not do so for long."""
        super().pause_writing()
        self._since = self.loop.time()
        self._taken_by = self.loop.call_later(self._limits.idle_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads."""
        super().resume_writing()
        if self._taken_by is not None:
            self._taken_by.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is expected any more."""
        self._stop_clock()
        if self._taken_by is not None:
            self._taken_by.cancel()
        self.pipeline.clear()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """The server stops: what has been asked is answered, what is still being said is not.

        Who has not sent all by then is told so, and has a moment to take that answer.
        """
        super().shutdown()
        if self._waits():
            self.loop.call_later(self._limits.rest_seconds + _LAST_SECONDS, self._give_up)
        self.loop.call_later(self._limits.stop_seconds + _LAST_SECONDS, self.transport.abort)

    def _check(self, received: _Received) -> None:
        beside = received.wire_bytes - received.body_bytes
        if (
            received.head_bytes > self._limits.head_bytes
            or received.body_bytes > received.most
            or beside > self._limits.wire_bytes + received.body_bytes
        ):
            self.transport.abort()

    def _at_work(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _waits(self) -> bool:
        """Whether it is the client's turn."""
        return not self._at_work() or self.cycle.more_body or self.flow.write_paused

    def _give_up(self) -> None:
        if self._waits():
            self.transport.abort()

    def _make_room(self) -> None:
        if len(self.connections) <= self._limits.connections:
            return
        others = [one for one in self.connections if isinstance(one, LimitedProtocol)]
        open_ones = [one for one in others if not one.transport.is_closing()]
        if len(open_ones) > self._limits.connections:
            waiting = (one for one in open_ones if one._waits())
            min(waiting, key=lambda one: one._since).transport.abort()

    def _expect_head(self) -> None:
        self._deadline = self.loop.call_later(self._limits.head_seconds, self.transport.abort)

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
