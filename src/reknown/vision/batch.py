"""Work on many images at once with bounded memory."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import CancelledError, ThreadPoolExecutor
from threading import Condition
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD_PER_WORKER = 1
# Threads are made as they are needed; more are not.
_MOST_WAITING = 1_024
# After so long a thread that waits for its turn asks again how many there are.
_LOOK_SECONDS = 0.2


def map_bounded(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int | Callable[[], int] | None = None,
    abandon: Callable[[], object] = lambda: None,
) -> Iterator[tuple[Item, Result]]:
    """(item, `work(item)`) in the order of `items`; as many threads as there are cores.

    Only a few items a thread are in hand at any time, however many there are. Decoding,
    resizing and the networks release Python's global lock, so threads use every core.
    The first exception of `work` ends the iteration; what has not begun is dropped.

    Where `workers` can be called, it says how many there are now, for threads that only wait for
    others. `abandon` is called when the iteration ends early, before what has begun is waited for.
    """
    most = workers or available_cores()
    turns = _Turns(most if callable(most) else lambda: most)
    pending: deque[tuple[Item, Future[Result]]] = deque()
    threads = _MOST_WAITING if callable(most) else most
    with ThreadPoolExecutor(threads, thread_name_prefix="reknown") as pool:
        try:
            for item in items:
                pending.append((item, pool.submit(turns.take, work, item)))
                while len(pending) > turns.most() * _AHEAD_PER_WORKER:
                    first, future = pending.popleft()
                    yield first, future.result()
            while pending:
                first, future = pending.popleft()
                yield first, future.result()
        except BaseException:
            turns.end()
            for _, future in pending:
                future.cancel()
            abandon()
            raise


class _Turns:
    """Lets `most` items be in work at once, however that changes meanwhile."""

    def __init__(self, most: Callable[[], int]) -> None:
        self.most = most
        self._changed = Condition()
        self._taken = 0
        self._ended = False

    def take(self, work: Callable[[Item], Result], item: Item) -> Result:
        """Works on the item when it is its turn; raises `CancelledError` after the end."""
        with self._changed:
            while not self._ended and self._taken >= self.most():
                self._changed.wait(_LOOK_SECONDS)
            if self._ended:
                raise CancelledError
            self._taken += 1
        try:
            return work(item)
        finally:
            with self._changed:
                self._taken -= 1
                self._changed.notify()

    def end(self) -> None:
        """Nothing more is begun."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()


def available_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
