"""Reading request bodies without letting anybody fill the memory or wait for ever."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

from reknown.awswire.errors import WireError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of one body and of all bodies in memory at once; seconds for a body to arrive."""

    body_bytes: int = 16 * 1024 * 1024
    all_bytes: int = 512 * 1024 * 1024
    body_seconds: float = 60.0


class Bodies:
    """Keeps account of the bodies in memory; for one event loop."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._held = 0

    @contextmanager
    def room(self, request: Request) -> Iterator[int]:
        """Reserves what the request says it will send, for as long as the context lasts.

        Raises `WireError` when that is too much, or too much just now.
        """
        size = self._stated_size(request)
        if self._held + size > self._limits.all_bytes:
            raise WireError(
                "ThrottlingException", "Slow down; too many large requests are being received."
            )
        self._held += size
        try:
            yield size
        finally:
            self._held -= size

    async def read(self, request: Request, room: int) -> bytes:
        """The body, `room` bytes at most; raises `WireError`."""
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                return await self._all(request, room)
        except TimeoutError as error:
            raise WireError(
                "RequestTimeoutException",
                f"The request did not arrive within {self._limits.body_seconds:g} seconds.",
                408,
            ) from error
        except ClientDisconnect as error:
            raise WireError("RequestAbortedException", "The client went away.") from error

    async def _all(self, request: Request, room: int) -> bytes:
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size > room:
                raise _too_large(room)
            parts.append(part)
        return b"".join(parts)

    def _stated_size(self, request: Request) -> int:
        stated = request.headers.get("content-length")
        most = self._limits.body_bytes
        if stated is None:  # sent in chunks
            return most
        if not (stated.isascii() and stated.isdecimal()) or int(stated[:12]) > most:
            raise _too_large(most)
        return int(stated)


def _too_large(most: int) -> WireError:
    return WireError(
        "RequestEntityTooLargeException", f"A request has {most:,} bytes at most.", 413
    )
