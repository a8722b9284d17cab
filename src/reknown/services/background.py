"""Work in threads of this process, beside requests, that ends with it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from reknown.biometrics.errors import ReknownError

if TYPE_CHECKING:
    from collections.abc import Callable

_STOP_SECONDS = 5.0


class InterruptedWorkError(ReknownError):
    """The server was stopped before the work was done."""


class BackgroundWork:
    """What this process has under way; safe for many threads."""

    def __init__(self) -> None:
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()

    def begin(self, name: str, work: Callable[[], None]) -> None:
        """Has a thread do the work, which asks now and then whether it may `go_on`."""
        thread = threading.Thread(target=work, name=name, daemon=True)
        with self._lock:
            self._threads = {each for each in self._threads if each.is_alive()} | {thread}
            thread.start()  # here, or `close` would meet one that cannot be waited for

    @property
    def closed(self) -> bool:
        """Whether all of it is to end."""
        return self._closed.is_set()

    def go_on(self) -> None:
        """Raises `InterruptedWorkError` once all of it is to end."""
        if self.closed:
            raise InterruptedWorkError("the server was stopped")

    def close(self, kill: Callable[[], None] = lambda: None) -> None:
        """Has all of it end, by `kill` where it would not see, and waits until it is noted."""
        self._closed.set()
        kill()
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(_STOP_SECONDS)
