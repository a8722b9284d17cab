"""Work outside the event loop: so much at once, so much waiting, and no more."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, TypeVar

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
        self._begun: set[Future[Any]] = set()
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
            future = self._threads.submit(work)
            self._begun.add(future)
            future.add_done_callback(self._begun.discard)
            return await asyncio.wrap_future(future)
        finally:
            self._count(-1)

    def close(self, patience: float) -> int:
        """Waits so many seconds for what has begun; how much of it still runs then."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        return len(wait(set(self._begun), patience).not_done)

    def _count(self, change: int) -> None:
        self._inside += change
        self._running.set(min(self._inside, self._workers))
        self._waiting.set(max(self._inside - self._workers, 0))
