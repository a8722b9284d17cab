"""Looks at watches that were recorded just now: a page that follows looks again and again."""

from __future__ import annotations

import time
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_KEPT_SECONDS = 60.0


class RecentLooks:
    """For a minute each, in the memory of the process that recorded them; for many threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._kept: dict[Hashable, float] = {}

    def keep(self, look: Hashable) -> None:
        """It has been recorded just now."""
        with self._lock:
            self._forget()
            self._kept[look] = self._clock()

    def has(self, look: Hashable) -> bool:
        """Whether its record is not older than a minute."""
        with self._lock:
            self._forget()
            return look in self._kept

    def _forget(self) -> None:
        since = self._clock() - _KEPT_SECONDS
        self._kept = {look: at for look, at in self._kept.items() if at >= since}
