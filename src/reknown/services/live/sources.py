"""Where the frames of a watch come from, as whoever watches sees it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Protocol

from reknown.biometrics.errors import InputError, TakenOverError
from reknown.video.live.cameras import Camera, CameraKind, load_cameras
from reknown.video.live.frames import CameraChange, CameraState

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.video.live.frames import LiveFrame

NOT_WATCHED = "it is not watched any more"
_LONGEST_WAIT = 0.25
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")


def chosen_camera(file: Path | None, wanted: str) -> Camera:
    """The camera of this name, or the film at this place; raises `InputError`."""
    cameras = {} if file is None else load_cameras(file)
    if wanted in cameras:
        return cameras[wanted]
    film = Path(wanted)
    if film.is_file():
        name = _NOT_IN_NAMES.sub("-", film.stem).strip("-")[:100] or "film"
        return Camera(name, CameraKind.FILE, str(film.absolute()))
    if "://" in wanted:  # perhaps with a password, which is not repeated
        raise InputError(
            "a camera is watched by its name: write its address into a cameras file, and name that "
            "with --cameras"
        )
    close = get_close_matches(wanted, cameras, n=1)
    if close:
        advice = f"did you mean {close[0]}?"
    elif cameras:
        advice = f"there are {', '.join(cameras)}"
    else:
        advice = "name a cameras file with --cameras, or a film"
    raise InputError(
        f"there is no camera and no film {wanted!r}: {advice}; a watch that is stored is started "
        "with `reknown watches start`"
    )


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
        self._taken = Event()
        self._reason = NOT_WATCHED

    @property
    def reconnects(self) -> int:
        """As the source has it."""
        return self._source.reconnects

    def stop(self, reason: str = NOT_WATCHED) -> None:
        """The next answer is that it is at its end, for the first reason that was given."""
        if not self._stopped.is_set():
            self._reason = reason
        self._stopped.set()

    def take_away(self) -> None:
        """The next answer is `TakenOverError`, whoever stops it too: another one says how it is."""
        self._taken.set()
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
        if self._taken.is_set():
            raise TakenOverError("another worker has this watch by now")
        return CameraChange(CameraState.ENDED, datetime.now(UTC), self._reason)
