"""Limits of keys that hold for all processes on one database: who uses what is told twice a second.

Between two looks each goes by what it knows, and where the database is away by itself alone.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING
from uuid import uuid4

from reknown.biometrics.errors import ReknownError
from reknown.services.limits import exchange_uses, pools_of, withdraw_uses

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from structlog.typing import FilteringBoundLogger

    from reknown.api.pool import Pool
    from reknown.services.limits import ToldUses
    from reknown.storage.database import Database

# What one tells is known to all within two of these.
_PAUSE_SECONDS = 0.5
# A process that has said nothing new for so long has died, or is on its own.
SILENT_SECONDS = 3.0
_DELETED_SECONDS = 60.0
_END_SECONDS = 1.0


class Hearing:
    """Who of the other processes lives: no clocks are compared, only whether beats go on."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: dict[ToldUses, float] = {}

    def hear(self, told: Sequence[ToldUses]) -> list[ToldUses]:
        """Those of living processes."""
        now = self._clock()
        self._since = {each: self._since.get(each, now) for each in told}
        return [each for each in told if now - self._since[each] < SILENT_SECONDS]

    @property
    def dead(self) -> list[ToldUses]:
        """What need not be kept any longer."""
        now = self._clock()
        return [each for each, since in self._since.items() if now - since > _DELETED_SECONDS]


class SharedLimits:
    """Keeps these pools informed in a thread, as long as the context."""

    def __init__(
        self, database: Database, pools: Sequence[Pool], log: FilteringBoundLogger
    ) -> None:
        self._database, self._pools, self._log = database, pools, log
        self._process, self._beat = uuid4().hex, 0
        self._hearing = Hearing()
        self._alone = False
        self._stopping = threading.Event()
        # a database that hangs keeps no process from ending
        self._thread = threading.Thread(target=self._run, name="reknown-limits", daemon=True)

    def __enter__(self) -> SharedLimits:
        if self._pools:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        if self._pools:
            self._thread.join(_END_SECONDS)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._attempt(self._exchange)
            self._stopping.wait(_PAUSE_SECONDS)
        self._attempt(lambda: withdraw_uses(self._database, self._process, self._beat))

    def _attempt(self, work: Callable[[], None]) -> None:
        try:
            work()
        except ReknownError as error:
            if not self._alone and not self._stopping.is_set():
                self._log.warning("keys are limited by this process alone", error=str(error))
            self._alone = True
            return
        if self._alone:
            self._log.info("keys are limited by all processes again")
        self._alone = False

    def _exchange(self) -> None:
        self._beat += 1
        own = {pool.name: pool.use() for pool in self._pools}
        told = exchange_uses(self._database, self._process, self._beat, own, self._hearing.dead)
        others = [pools_of(each) for each in self._hearing.hear(told)]
        for pool in self._pools:
            pool.learn([each[pool.name] for each in others if pool.name in each])
