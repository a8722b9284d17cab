"""The keys of looks through cameras: in the memory of the process that is asked, nowhere else."""

from __future__ import annotations

import time
from threading import Lock
from typing import TYPE_CHECKING

from reknown.sealing.envelopes import Recipient

if TYPE_CHECKING:
    from collections.abc import Callable

_KEPT_SECONDS = 30.0


class LookKeys:
    """By watch and actor, each for as long as somebody looks; safe for many threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._kept: dict[tuple[int, str], tuple[Recipient, float]] = {}

    def of(self, watch: int, actor: str) -> Recipient:
        """The key of a look that goes on, or else a new one: the same for all who ask at once."""
        with self._lock:
            self._forget()
            kept = self._kept.get((watch, actor))
            key = Recipient() if kept is None else kept[0]
            self._kept[watch, actor] = key, self._clock()
            return key

    def _forget(self) -> None:
        since = self._clock() - _KEPT_SECONDS
        self._kept = {which: kept for which, kept in self._kept.items() if kept[1] >= since}
