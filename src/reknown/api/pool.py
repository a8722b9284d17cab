"""Work outside the event loop: so much at once, so much waiting, and no more."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from reknown.awswire.errors import WireError

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.api.metrics import Metrics

Result = TypeVar("Result")


class Pool:
    """`workers` threads and room for `waiting` more pieces of work."""

    def __init__(self, name: str, workers: int, waiting: int, metrics: Metrics) -> None:
        self._workers = workers
        self._room = workers + waiting
        self._inside = 0
        self._running = metrics.running.labels(name)
        self._waiting = metrics.waiting.labels(name)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix=f"reknown-{name}")

    async def run(self, work: Callable[[], Result]) -> Result:
        """`work()` in a thread; to be called from the event loop.

        Raises `WireError` ThrottlingException at once when there is no room.
        """
        if self._inside >= self._room:
            raise WireError(
                "ThrottlingException",
                "Slow down; more requests are waiting than this server has room for.",
            )
        self._count(+1)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._count(-1)

    def close(self) -> None:
        """Waits for what has begun."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _count(self, change: int) -> None:
        self._inside += change
        self._running.set(min(self._inside, self._workers))
        self._waiting.set(max(self._inside - self._workers, 0))
