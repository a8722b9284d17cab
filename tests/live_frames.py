"""Cameras for tests: frames that are handed out by the clock of the film."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from reknown.biometrics.live import Fragment
from reknown.video.live.frames import CameraChange, CameraState, LiveFrame

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)  # a Monday


def at(time_ms: int) -> datetime:
    """The wall's time at that time of the stream."""
    return START + timedelta(milliseconds=time_ms)


def fragment_at(time_ms: int) -> Fragment:
    """As of a Kinesis video stream with a fragment each second."""
    seconds, offset_ms = divmod(time_ms, 1000)
    return Fragment(str(900 + seconds), 50.5 + seconds, 50.0 + seconds, offset_ms / 1000)


def live(frames: Iterable[tuple[NDArray[np.uint8], int]], every: int = 3) -> Iterator[LiveFrame]:
    """One in so many frames, as for someone who is busy with others meanwhile."""
    for number, (pixels, time_ms) in enumerate(frames):
        if number % every == 0:
            yield LiveFrame(number + 1, time_ms, at(time_ms), every - 1 if number else 0, pixels)


class FilmCamera:
    """Hands out frames, and other words of a camera, in the order given, then that it has ended."""

    def __init__(self, given: Iterable[LiveFrame | CameraChange | None]) -> None:
        self._given = iter(given)
        self._last_ms = 0

    def next(self, seconds: float) -> LiveFrame | CameraChange | None:
        """What comes next, at once."""
        del seconds
        ended = CameraChange(CameraState.ENDED, at(self._last_ms), "the film is at its end")
        found = next(self._given, ended)
        if isinstance(found, LiveFrame):
            self._last_ms = found.time_ms
        return found
