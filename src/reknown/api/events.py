"""Live events as they happen: `GET /events`, a stream of server-sent events.

https://html.spec.whatwg.org/multipage/server-sent-events.html
Each event's id is its number, so that a client goes on where it was. One look at the newest number,
four times a second, serves all streams of a process. What a stream sends is read when its client
has taken what came before, so that a slow one holds no memory.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qsl
from uuid import uuid4

from starlette.responses import Response

from reknown.api.errors import unavailable, wire_error
from reknown.awswire import sigv4
from reknown.awswire.errors import WireError
from reknown.biometrics.errors import InputError, ReknownError
from reknown.services.access import Refusal, actor_of, authenticate, record_refusal
from reknown.services.context import Actor, Context
from reknown.services.live.events import EventChoice, begin_reading, last_sequence, read_on

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive, Scope, Send

    from reknown.api.gateway import Gateway
    from reknown.api.pool import Pool
    from reknown.awswire.sigv4 import HttpRequest
    from reknown.services.access import AccessKey
    from reknown.services.live.events import EventPage, ToldEvent

Result = TypeVar("Result")
OPERATION, ACTION = "ReknownReadEvents", "read live events"
_SERVICE = "rekognition"
_STRANGERS = ""
_PORTION = 50
_KNOWN = {"after", "watch", "collection"}
_NEWEST = "newest"
_LAST_ID = "last-event-id"
_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # a proxy is not to gather what is to be told at once
]


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """Streams at once, in all and of one key; seconds between looks and between signs of life."""

    streams: int = 64
    own_streams: int = 8
    poll_seconds: float = 0.25
    beat_seconds: float = 15.0


@dataclass(frozen=True, slots=True)
class EventFollower:
    """Who follows what, from behind the event `after` on."""

    key: AccessKey
    client: str
    after: int
    choice: EventChoice


class EventStreams:
    """The streams of one process, for one event loop."""

    def __init__(self, gateway: Gateway, limits: StreamLimits = StreamLimits()) -> None:
        self._gateway = gateway
        self._limits = limits
        self._own: Counter[str] = Counter()
        self._stopping = asyncio.Event()
        self._newest = 0
        self._looked = 0.0
        self._look = asyncio.Lock()

    @property
    def count(self) -> int:
        """How many there are now."""
        return self._own.total()

    def stop(self) -> None:
        """Ends all of them soon; whoever follows goes on at another server."""
        self._stopping.set()

    async def open(
        self, http: HttpRequest, client: str, arrival: Pool, *, secure: bool
    ) -> Response:
        """The stream that is asked for, admitted in the pool `arrival`; raises `WireError`."""
        if self._stopping.is_set():
            raise unavailable()
        admit = partial(_on_the_wire, partial(self._admit, http, secure=secure))
        key = await arrival.run(_STRANGERS, admit)
        # before it is written down that somebody reads
        self._enter(key)
        try:
            begin = partial(_on_the_wire, partial(self._begin, key, http, client))
            return _EventStream(self, await arrival.run(_STRANGERS, begin))
        except BaseException:
            self._leave(key)
            raise

    def _enter(self, key: AccessKey) -> None:
        own = self._own[key.key_id]
        if own >= self._limits.own_streams or self.count >= self._limits.streams:
            raise WireError(
                "LimitExceededException",
                f"{self._limits.own_streams} streams of events of one access key and "
                f"{self._limits.streams} in all are open at once: end one first",
                429,
            )
        self._own[key.key_id] += 1

    def _leave(self, key: AccessKey) -> None:
        self._own[key.key_id] -= 1

    def _admit(self, http: HttpRequest, *, secure: bool) -> AccessKey:
        gateway = self._gateway
        signed = sigv4.read_authorization(http, _SERVICE, datetime.now(UTC))
        found = authenticate(gateway.platform.database, gateway.vault, signed.access_key_id)
        if found is None:
            raise sigv4.unknown_key()
        key, secret = found
        sigv4.verify(signed, http, b"", secret, secure=secure)
        return key

    def _begin(self, key: AccessKey, http: HttpRequest, client: str) -> EventFollower:
        context = Context(self._gateway.platform, Actor(actor_of(key.key_id), str(uuid4())))
        asked = _asked(http)
        collection = asked.get("collection")
        choice = EventChoice(asked.get("watch"), collection, key.rights.permits_collection)
        if not key.rights.permits(OPERATION, collection):
            code = "AccessDeniedException"
            record_refusal(context, collection, Refusal(ACTION, OPERATION, code), choice.watch)
            raise WireError(code, f"this access key may not use {OPERATION} there")
        database = context.database
        after = _number(http, asked, lambda: last_sequence(database))
        begin_reading(context, after, choice, follow=True)
        return EventFollower(key, client, after, choice)

    async def run(self, follower: EventFollower, send: Send) -> None:
        """Sends what happens until the server stops, the key is revoked or the task cancelled.

        The place that was taken for it is free then.
        """
        key, after, why = follower.key, follower.after, "gone"
        self._tell(follower, after, "began")
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await _body(send, b"retry: 1000\n\n")
            beat, check = time.monotonic(), _Check(self._limits.beat_seconds)
            while not self._stopping.is_set():
                if check.is_due() and not await asyncio.to_thread(self._holds, key):
                    why = "revoked"
                    break
                if await self._news() > after:
                    page = await asyncio.to_thread(self._read, follower, after)
                    if page.events:
                        await _body(send, b"".join(map(_framed, page.events)))
                        beat = time.monotonic()
                    after = page.reached
                elif time.monotonic() - beat >= self._limits.beat_seconds:
                    await _body(send, b":\n\n")
                    beat = time.monotonic()
                else:
                    await self._pause()
            else:
                why = "stopping"
        except ReknownError:
            why = "the database cannot be used"
        finally:
            self._leave(key)
            self._tell(follower, after, why)
        with suppress(OSError):
            await _body(send, b"", more=False)

    def failed(self, error: Exception) -> None:
        """One broke off, and not because its client has gone."""
        self._gateway.log.error("a stream of live events failed", exc_info=error)

    async def _news(self) -> int:
        """The newest number as of a moment ago."""
        async with self._look:
            if time.monotonic() - self._looked >= self._limits.poll_seconds:
                database = self._gateway.platform.database
                self._newest = await asyncio.to_thread(last_sequence, database)
                self._looked = time.monotonic()
        return self._newest

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), self._limits.poll_seconds)

    def _read(self, follower: EventFollower, after: int) -> EventPage:
        return read_on(self._gateway.platform.database, after, _PORTION, follower.choice)

    def _holds(self, key: AccessKey) -> bool:
        """Whether the key still permits what it did."""
        gateway = self._gateway
        found = authenticate(gateway.platform.database, gateway.vault, key.key_id)
        return found is not None and found[0].rights == key.rights

    def _tell(self, follower: EventFollower, after: int, why: str) -> None:
        self._gateway.log.info(
            "followers of live events",
            key=follower.key.key_id,
            client=follower.client,
            after=after,
            streams=self.count,
            why=why,
        )


class _Check:
    """Says once in so many seconds that it is time to look again."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last = time.monotonic()

    def is_due(self) -> bool:
        """Whether it is time."""
        due = time.monotonic() - self._last >= self._seconds
        if due:
            self._last = time.monotonic()
        return due


class _EventStream(Response):
    """Runs until its client has gone."""

    def __init__(self, streams: EventStreams, follower: EventFollower) -> None:
        super().__init__()
        self._streams = streams
        self._follower = follower

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        sending = asyncio.ensure_future(self._streams.run(self._follower, send))
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (sending, leaving):
                each.cancel()
            sent, _ = await asyncio.gather(sending, leaving, return_exceptions=True)
            if isinstance(sent, Exception) and not isinstance(sent, OSError):
                self._streams.failed(sent)


def _on_the_wire(work: Callable[[], Result]) -> Result:
    """What it returns; raises `WireError` for all that a caller can act on."""
    try:
        return work()
    except ReknownError as error:
        raise wire_error(error, OPERATION, None) from error


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _body(send: Send, body: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


def _framed(told: ToldEvent) -> bytes:
    event = told.event
    # JSON has no line breaks of its own
    return f"id: {event.sequence}\nevent: {event.kind.value}\ndata: {told.text()}\n\n".encode()


def _asked(http: HttpRequest) -> dict[str, str]:
    """What the address asks for; raises `InputError`."""
    try:
        pairs = parse_qsl(
            http.query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=9
        )
    except ValueError as error:
        raise InputError("the query of /events is not name=value&name=value") from error
    asked = dict(pairs)
    if unknown := asked.keys() - _KNOWN:
        raise InputError(f"/events takes {', '.join(sorted(_KNOWN))}, not {min(unknown)!r}")
    if len(asked) < len(pairs):
        raise InputError("/events takes each of its parameters once")
    return asked


def _number(http: HttpRequest, asked: dict[str, str], newest: Callable[[], int]) -> int:
    """Behind which event to begin: what a client heard last goes before what it asked at first."""
    told = http.values(_LAST_ID)
    text = told[0].decode("latin-1") if told else asked.get("after", _NEWEST)
    if text == _NEWEST:
        return newest()
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise InputError(f"events have numbers, and {text[:20]!r} is none")
    return int(text)
