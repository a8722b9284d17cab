"""Threads that deliver what is due, until they are told to stop."""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING

from reknown.biometrics.errors import ReknownError

if TYPE_CHECKING:
    from collections.abc import Callable


_LONGEST_PAUSE = 60.0


class Deliverer:
    """Calls `deliver_one`, which says whether there was anything, until there is nothing.

    In a thread it does so again every `pause` seconds, and tells `failed` where it cannot: after
    twice as long each time, up to a minute.
    """

    def __init__(
        self,
        deliver_one: Callable[[], bool],
        pause: float,
        failed: Callable[[Exception], None],
    ) -> None:
        self._deliver_one = deliver_one
        self._pause = pause
        self._failed = failed
        self._finishing = Event()
        self._stopping = Event()
        self._thread: Thread | None = None

    @property
    def stopping(self) -> bool:
        """Whether nothing further is to be begun."""
        return self._stopping.is_set()

    def start(self) -> None:
        """Goes on delivering in a thread until `stop`."""
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """The thread ends once all that is due by now has been delivered."""
        self._finishing.set()

    def stop(self, seconds: float) -> None:
        """Waits for that, but not for longer; then as long for what is being delivered."""
        self.finish()
        self._join(seconds)
        self._stopping.set()
        self._join(seconds)

    def deliver(self) -> int:
        """Tries everything that is due now once; how many that was. Raises `DatabaseError`."""
        count = 0
        while not self.stopping and self._deliver_one():
            count += 1
        return count

    def _run(self) -> None:
        last, pause = False, self._pause
        while not last:
            last = self._finishing.is_set()
            try:
                self.deliver()
                pause = self._pause
            except Exception as error:  # the next time may go well
                self._failed(error)
                pause = min(2 * pause, _LONGEST_PAUSE)
            self._finishing.wait(pause)

    def _join(self, seconds: float) -> None:
        if self._thread is not None:
            self._thread.join(seconds)


def unexpected(error: Exception) -> Exception | None:
    """The error where its traceback is worth a look: it is a fault, and no message of ours."""
    return None if isinstance(error, ReknownError) else error
