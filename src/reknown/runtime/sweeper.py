"""Now and then, beside a server: deletes what was kept long enough, and looks for drift."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from reknown.ledger.actor import Actor
from reknown.services.context import Context
from reknown.services.live.events import purge_events
from reknown.services.oversight.drift import check_drift
from reknown.services.policies.retention import sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from types import TracebackType

    from structlog.typing import FilteringBoundLogger

    from reknown.services.context import Platform
    from reknown.services.policies.retention import Swept

ACTOR = Actor("sweeper")
_PAUSE_SECONDS = 300.0
_STOP_SECONDS = 5.0


class Sweeper:
    """A thread of its own, from entering to leaving; what fails is tried again after a pause.

    Live events are kept for `events_days`. Policies go by the database's clock, or another `clock`.
    """

    def __init__(
        self,
        platform: Platform,
        log: FilteringBoundLogger,
        events_days: int,
        pause: float = _PAUSE_SECONDS,
        clock: Callable[[], datetime | None] = lambda: None,
    ) -> None:
        self._context = Context(platform, ACTOR)
        self._log = log
        self._events_days = events_days
        self._pause = pause
        self._clock = clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)

    def __enter__(self) -> Sweeper:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self._thread.join(_STOP_SECONDS)

    def stop(self) -> None:
        """Nothing further is begun."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.sweep()
            self.check()
            self._stopping.wait(self._pause)

    def sweep(self) -> None:
        """Once; what was deleted is in the log, and so is what kept it from being."""
        for delete in (self._purge_events, self._follow_policies):
            try:
                delete()
            except Exception as error:  # the thread goes on: the next time it may succeed
                self._log.error("what was kept for too long cannot be deleted", error=str(error))

    def check(self) -> None:
        """Compares what is due, once; what has drifted is in the log."""
        try:
            found = check_drift(self._context)
        except Exception as error:  # as above
            self._log.error("scores cannot be compared", error=str(error))
            return
        for each in found:
            if each.checked and each.last is not None and each.last.drifted:
                self._log.warning(
                    "strangers score otherwise than before",
                    collection=each.collection,
                    distance=round(each.last.distance, 4),
                    bound=round(each.last.bound, 4),
                    shift=round(each.last.shift, 4),
                )

    def _purge_events(self) -> None:
        purge_events(self._context.database, self._events_days)

    def _follow_policies(self) -> None:
        self._tell(sweep(self._context, self._clock()))

    def _tell(self, swept: Sequence[Swept]) -> None:
        for each in swept:
            self._log.info(
                "deleted what was kept for too long",
                collection=each.collection,
                faces=each.faces,
                sightings=each.sightings,
                jobs=each.jobs,
                records=each.records,
                people=each.people,
            )
