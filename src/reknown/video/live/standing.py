"""How a camera is, said once each time that it changes, and when to try it again."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from reknown.video.live.frames import CameraChange, CameraState
from reknown.video.live.messages import Trouble

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from reknown.video.live.frames import LiveLimits

_FLAPPING = 3
_SILENT = "connected, but sends nothing; reconnecting"
_STILL = "the picture has not changed for {:.0f} s, though the camera sends: look at it"
_SLOW = (
    "its pictures cannot be decoded as fast as they come: set it to fewer pixels or frames a "
    "second, or do less else on this machine"
)
_AGAIN = "the connection breaks off again and again: look at the network"
_SILENT_AGAIN = "it connects, then sends nothing, again and again: restart the camera"
_CONNECTED = "it sends pictures"


class CameraStanding:
    """What to say of a camera; times are seconds of the monotonic clock.

    The same again is not said again. One that loses its connection three times before it ran for
    `steady` seconds is said to do so once, and to be connected only when it has run for so long.
    """

    def __init__(
        self,
        limits: LiveLimits,
        now: Callable[[], datetime],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._limits = limits
        self._now = now
        self._chance = chance
        self._said: CameraState | None = None
        self._up_since: float | None = None
        self._slow_at: float | None = None
        self._short_runs = 0
        self._attempts = 0

    def runs(self, now: float, *, saving: bool, still: float) -> CameraChange | None:
        """It sends pictures: some are left out for want of time, and how long all were the same."""
        if self._up_since is None:
            self._up_since = now
        if now - self._up_since >= self._limits.steady:
            self._short_runs = self._attempts = 0
        elif self._short_runs >= _FLAPPING:
            return None
        if still >= self._limits.still:
            return self._say(CameraState.FROZEN, _STILL.format(self._limits.still))
        if saving:
            self._slow_at = now
        if self._slow_at is not None and now - self._slow_at < self._limits.steady:
            return self._say(CameraState.SLOW, _SLOW)
        return self._say(CameraState.CONNECTED, _CONNECTED)

    def silent(self, now: float) -> CameraChange | None:
        """It is connected and nothing comes."""
        return self._down(now, CameraState.FROZEN, _SILENT)

    def fails(self, now: float, trouble: Trouble) -> CameraChange | None:
        """It cannot be connected to, or not any more."""
        refused = trouble in {Trouble.REFUSED, Trouble.REFUSED_CALL}
        state = CameraState.REFUSED if refused else CameraState.LOST
        return self._down(now, state, trouble.value)

    def ends(self, trouble: Trouble) -> CameraChange:
        """Nothing more will come of it."""
        self._said = CameraState.ENDED
        return CameraChange(self._said, self._now(), trouble.value)

    def wait(self) -> float:
        """Seconds until it is to be tried again: longer each time, and not all at once."""
        limits = self._limits
        if self._said is CameraState.REFUSED:
            seconds = limits.refused_wait
        else:
            doubled = limits.first_wait * 2.0 ** min(self._attempts, 30)
            seconds = min(limits.longest_wait, doubled)
        self._attempts += 1
        return seconds * (0.75 + 0.5 * self._chance())

    def _down(self, now: float, state: CameraState, reason: str) -> CameraChange | None:
        was_up, self._up_since, self._slow_at = self._up_since, None, None
        if was_up is not None:
            short = now - was_up < self._limits.steady
            self._short_runs = self._short_runs + 1 if short else 0
            if self._short_runs == _FLAPPING:
                self._said = None
                if state is CameraState.FROZEN:
                    return self._say(state, _SILENT_AGAIN)
                return self._say(CameraState.LOST, _AGAIN)
        if self._short_runs >= _FLAPPING and state is not CameraState.REFUSED:
            return None
        return self._say(state, reason)

    def _say(self, state: CameraState, reason: str) -> CameraChange | None:
        if state is self._said:
            return None
        self._said = state
        return CameraChange(state, self._now(), reason)
