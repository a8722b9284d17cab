"""Work outside the event loop: so much at once, so much waiting, each key in its turn."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from reknown.api.errors import unavailable
from reknown.api.fairness import FairQueue, ThrottledError, Turn, gave_way

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from reknown.api.fairness import Shares
    from reknown.api.metrics import Metrics
    from reknown.services.limits import PoolUse

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """Work, and where its result goes."""

    work: Callable[[], Any]
    answer: asyncio.Future[Any]


class Pool:
    """Threads for as much work as `shares` say, and one more for keys that have none running.

    `run` and `give_up` are for one event loop, the others for any thread.
    """

    def __init__(
        self,
        name: str,
        shares: Shares,
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        # None stands for what other threads do
        self._queue: FairQueue[_Piece | None] = FairQueue(shares, clock)
        self._lock = threading.Lock()
        self._running = metrics.running.labels(name)
        self._waiting = metrics.waiting.labels(name)
        self._throttled = metrics.throttled
        self._threads = ThreadPoolExecutor(shares.slots + 1, thread_name_prefix=f"reknown-{name}")
        self._begun: set[Future[Any]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = False

    async def run(self, key: str, work: Callable[[], Result]) -> Result:
        """`work()` in a thread when it is the key's turn.

        Raises `WireError`: ThrottlingException when there is no room for it, or no longer, and
        ServiceUnavailableException when the server stops before it has ended.
        """
        if self._stopped:
            raise unavailable()
        self._loop = asyncio.get_running_loop()
        piece = _Piece(work, self._loop.create_future())
        try:
            with self._lock:
                loser = self._queue.enter(key, piece)
        except ThrottledError as error:
            self._throttled.labels(error.reason).inc()
            raise
        if loser is not None and not loser.answer.done():
            told = gave_way()
            self._throttled.labels(told.reason).inc()
            loser.answer.set_exception(told)
        self._start()
        return cast("Result", await piece.answer)

    @contextmanager
    def turn(self, key: str) -> Iterator[bool]:
        """A turn for the calling thread, if the key may have one at once; whether it may."""
        with self._lock:
            turn = None if self._stopped else self._queue.claim(key, None)
            self._show()
        try:
            yield turn is not None
        finally:
            if turn is not None:
                self._end(turn)
                # those that wait may begin; the loop may be gone
                if self._loop is not None:
                    with suppress(RuntimeError):
                        self._loop.call_soon_threadsafe(self._start)

    def use(self) -> PoolUse:
        """What keys use of it, for other processes."""
        with self._lock:
            return self._queue.use()

    def learn(self, others: Sequence[PoolUse]) -> None:
        """What they use of the same pool of other processes, to be counted in their limits."""
        with self._lock:
            self._queue.learn(others)

    def give_up(self) -> None:
        """Nothing more begins, and nobody waits any longer for what has begun."""
        self._stopped = True
        with self._lock:
            pieces = list(self._queue.clear())
        for piece in pieces:
            if piece is not None and not piece.answer.done():
                piece.answer.set_exception(unavailable())

    def close(self, seconds: float) -> None:
        """Waits for so long for what has begun."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        wait(set(self._begun), seconds)

    @property
    def at_work(self) -> int:
        """How many threads have not ended."""
        return sum(not future.done() for future in set(self._begun))

    def _start(self) -> None:
        while (turn := self._next()) is not None:
            piece = cast("_Piece", turn.item)
            if piece.answer.done():  # nobody waits for it any more
                self._end(turn)
                continue
            future = self._threads.submit(piece.work)
            self._begun.add(future)
            future.add_done_callback(self._begun.discard)
            asyncio.wrap_future(future).add_done_callback(
                lambda done, turn=turn: self._finish(turn, done)  # type: ignore[misc]
            )

    def _next(self) -> Turn[_Piece | None] | None:
        with self._lock:
            turn = self._queue.start()
            self._show()
        return turn

    def _end(self, turn: Turn[_Piece | None]) -> None:
        with self._lock:
            self._queue.end(turn)
            self._show()

    def _finish(self, turn: Turn[_Piece | None], done: asyncio.Future[Any]) -> None:
        self._end(turn)
        error, answer = done.exception(), cast("_Piece", turn.item).answer
        if answer.done():
            pass
        elif error is None:
            answer.set_result(done.result())
        else:
            answer.set_exception(error)
        self._start()

    def _show(self) -> None:
        self._running.set(self._queue.running)
        self._waiting.set(self._queue.waiting)
