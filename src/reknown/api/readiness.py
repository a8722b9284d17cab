"""Whether this server can serve, found out by trying."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_SECONDS = 1.0


class Readiness:
    """Runs `attempt` when asked, but once a second at most however many ask.

    For one event loop, in its own thread: a full queue does not mean the server is dead.
    """

    def __init__(
        self,
        attempt: Callable[[], None],
        left: Callable[[], int] = lambda: 0,
        *,
        patient: bool = False,
    ) -> None:
        """`left` says how many indexes are to be opened; a `patient` server opens them first."""
        self._attempt = attempt
        self.left, self.patient = left, patient
        # not asyncio's own, which the loop waits for at its end however long the database takes
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reknown-readiness")
        self._turn = asyncio.Lock()
        self._next = 0.0
        self._error: Exception | None = None

    async def check(self) -> None:
        """Raises what the last attempt raised."""
        async with self._turn:
            if time.monotonic() >= self._next:
                loop = asyncio.get_running_loop()
                self._error = await loop.run_in_executor(self._thread, self._try)
                self._next = time.monotonic() + _SECONDS
        if self._error is not None:
            raise self._error

    def _try(self) -> Exception | None:
        try:
            self._attempt()
        except Exception as error:
            return error
        return None
