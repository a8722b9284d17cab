"""When a frame was: by the stream's clock, which may leap, and by the wall's, which may too."""

from __future__ import annotations

import time
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_WINDOW = 30.0
_MOST_IN_WINDOW = 4096
# A playlist begins with up to half a minute at once; more than that is another clock.
_LEAP_AHEAD, _LEAP_BACK = 45.0, 1.0
_LEAP_BEHIND = 15.0
# No clock is that wrong, but in a year a good one gains minutes.
_DRIFT = 0.01
# What time servers correct little by little, and how long anything more has to last.
_SLEW, _BELIEVED_AFTER = 0.25, 10.0


class LowestDelay:
    """The least of the delays within the last half minute: what the way takes without waiting."""

    def __init__(self, window: float = _WINDOW) -> None:
        self._window = window
        self._delays: deque[tuple[float, float]] = deque()

    def add(self, now: float, delay: float) -> float:
        """The least one, with this one."""
        delays = self._delays
        while delays and delays[-1][1] >= delay:
            delays.pop()
        delays.append((now, delay))
        while delays[0][0] < now - self._window or len(delays) > _MOST_IN_WINDOW:
            delays.popleft()
        return delays[0][1]


class WallClock:
    """UTC for moments of the monotonic clock.

    A leap of the system's clock is believed once it has lasted: those that set a wrong clock right
    and those that are taken back at once look the same at first.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._offset = wall() - monotonic()
        self._differs_since: float | None = None

    def at(self, moment: float) -> datetime:
        """What the wall's clock says at a moment of the monotonic one."""
        now = self._monotonic()
        offset = self._wall() - now
        if abs(offset - self._offset) <= _SLEW:
            self._offset, self._differs_since = offset, None
        elif self._differs_since is None:
            self._differs_since = now
        elif now - self._differs_since >= _BELIEVED_AFTER:
            self._offset, self._differs_since = offset, None
        return datetime.fromtimestamp(moment + self._offset, UTC)

    def now(self) -> datetime:
        """What it says now."""
        return self.at(self._monotonic())


class StreamClock:
    """Milliseconds since the first frame of a watch, which never go back.

    They are the stream's own where its clock runs on, so that uneven frame rates come out right.
    Where it leaps, begins again, says nothing or belongs to another connection, time has passed as
    on the monotonic clock, from which it can never get far away.
    """

    def __init__(self, wall: WallClock | None = None) -> None:
        self._wall = wall or WallClock()
        self._first: float | None = None
        self._base: float | None = None
        self._stamp = self._seconds = 0.0
        self._delay = LowestDelay()

    def reconnected(self) -> None:
        """What comes next is by another clock."""
        self._base = None

    def tick(self, stamp: float | None, arrived: float) -> tuple[int, datetime]:
        """For a frame at `stamp` seconds of the stream that came at a monotonic moment.

        Milliseconds, and UTC when it would have come had nothing held it up.
        """
        self._first = arrived if self._first is None else self._first
        passed = arrived - self._first
        reference = arrived if stamp is None else stamp
        if self._base is None or self._leaps(self._base + reference, reference, passed):
            self._base = max(self._seconds, passed) - reference
            self._delay = LowestDelay()
        self._seconds = max(self._seconds, self._base + reference)
        self._stamp = reference
        delay = self._delay.add(arrived, arrived - self._seconds)
        return round(self._seconds * 1000), self._wall.at(self._seconds + delay)

    def _leaps(self, seconds: float, reference: float, passed: float) -> bool:
        drift = _DRIFT * passed
        within = -_LEAP_BEHIND - drift < seconds - passed < _LEAP_AHEAD + drift
        return reference < self._stamp - _LEAP_BACK or not within
