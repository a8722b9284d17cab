"""Where the frames of a watch come from, as whoever watches sees it."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING, Protocol

from reknown.video.live.frames import CameraChange, CameraState

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.video.live.frames import LiveFrame

_LONGEST_WAIT = 0.25


class FrameSource(Protocol):
    """A camera, or what stands for one."""

    @property
    def reconnects(self) -> int:
        """How often connecting to it again was tried; 0 for a film."""
        ...

    def next(self, seconds: float) -> LiveFrame | CameraChange | None:
        """The newest frame, or how the camera is now; None after so long without either."""
        ...


class StoppableSource:
    """A source that others can bring to its end, and that tells them how the camera is."""

    def __init__(self, source: FrameSource, changed: Callable[[CameraChange], None]) -> None:
        self._source = source
        self._changed = changed
        self._stopped = Event()

    @property
    def reconnects(self) -> int:
        """As the source has it."""
        return self._source.reconnects

    def stop(self) -> None:
        """The next answer is that it is at its end."""
        self._stopped.set()

    def next(self, seconds: float) -> LiveFrame | CameraChange | None:
        """As the source has it."""
        while not self._stopped.is_set():
            # in short pieces, so that nobody waits for long who wants it ended
            waited = min(seconds, _LONGEST_WAIT)
            found = self._source.next(waited)
            seconds -= waited
            if isinstance(found, CameraChange):
                self._changed(found)
            if found is not None or seconds <= 0:
                return found
        return CameraChange(CameraState.ENDED, datetime.now(UTC), "it is not watched any more")
