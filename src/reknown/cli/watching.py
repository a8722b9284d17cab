"""A camera watched from the terminal: what it tells, a line an event."""

from __future__ import annotations

import re
import signal
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.biometrics.geometry import Point
from reknown.biometrics.live import LiveEventKind
from reknown.cli.output import EXIT_DONE, EXIT_NEGATIVE, console, counted, print_json, printable
from reknown.services.live.telling import described, tell
from reknown.services.live.watches import require_unwatched
from reknown.services.live.watching import Told, watch
from reknown.storage.database import reading
from reknown.video.live.camera import LiveCamera
from reknown.video.live.cameras import Camera, CameraKind, load_cameras
from reknown.video.live.frames import CameraChange, CameraState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from reknown.biometrics.live import LiveEvent
    from reknown.biometrics.regions import Region
    from reknown.configuration import Settings
    from reknown.services.context import Context
    from reknown.services.live.telling import ToldEvent
    from reknown.services.live.watching import WatchCounts, WatchSettings
    from reknown.video.live.following import LiveStep
    from reknown.video.live.frames import LiveFrame

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")
_BOX = 4
_STATUS_SECONDS = 0.5
_ENDED = "it is not watched any more"
_COLOURS = {
    LiveEventKind.ARRIVED: "green",
    LiveEventKind.SEEN: "green",
    LiveEventKind.LEFT: "dim",
    LiveEventKind.CAMERA: "yellow",
}


def chosen_camera(file: Path | None, wanted: str) -> Camera:
    """The camera of this name, or the film at this place; raises `InputError`."""
    cameras = {} if file is None else load_cameras(file)
    if wanted in cameras:
        return cameras[wanted]
    film = Path(wanted)
    if film.is_file():
        name = _NOT_IN_NAMES.sub("-", film.stem).strip("-")[:100] or "film"
        return Camera(name, CameraKind.FILE, str(film.absolute()))
    close = get_close_matches(wanted, cameras, n=1)
    if close:
        advice = f"did you mean {close[0]}?"
    elif cameras:
        advice = f"there are {', '.join(cameras)}"
    else:
        advice = "name a cameras file with --cameras, or a film"
    raise InputError(f"there is no camera and no film {wanted!r}: {advice}")


def zone_of(text: str) -> Region:
    """A part of the picture: a box as four shares, or the corners of a polygon."""
    try:
        corners = [tuple(map(float, pair.split(","))) for pair in text.split()]
        if len(corners) == 1 and len(corners[0]) == _BOX:
            left, top, width, height = corners[0]
            right, bottom = left + width, top + height
            corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        region = tuple(Point(x, y) for x, y in corners)
    except ValueError:
        region = ()
    # half a pixel beyond the edge is what rounded shares come to; NaN is nowhere
    if not region or not all(-0.01 <= side <= 1.01 for p in region for side in (p.x, p.y)):
        raise InputError(
            f"--zone {text!r}: write LEFT,TOP,WIDTH,HEIGHT as shares from 0 to 1, such as "
            "0,0,0.5,1, or the corners of a polygon, such as '0,0 0.5,0 0.5,1'"
        )
    return region


def watch_camera(
    settings: Settings, camera: Camera, wanted: WatchSettings, seconds: float | None, *, json: bool
) -> int:
    """Watches until that many seconds have passed, the camera ends, or Ctrl-C; the exit status."""
    from reknown.cli.session import opened_with

    with opened_with(settings) as context, LiveCamera(camera) as live:
        require_unwatched(context, wanted.name)
        source = _Ending(live, seconds)
        with _stopped_by_hand(source), _Teller(context, json=json) as teller:
            counts = watch(context, wanted, source, Told(teller.event, teller.frame))
        teller.sum_up(counts, source.watched_seconds)
    return EXIT_DONE if teller.known else EXIT_NEGATIVE


class _Ending:
    """A camera that ends when its time is over or somebody wants it to."""

    def __init__(self, camera: LiveCamera, seconds: float | None) -> None:
        self._camera = camera
        self._began = time.monotonic()
        self._until = None if seconds is None else self._began + seconds
        self._stopped = False

    @property
    def watched_seconds(self) -> float:
        """For how long it was watched."""
        return time.monotonic() - self._began

    def stop(self) -> None:
        """The next answer is that it has ended."""
        self._stopped = True

    def next(self, seconds: float) -> LiveFrame | CameraChange | None:
        """As the camera has it."""
        over = self._until is not None and time.monotonic() >= self._until
        if over or self._stopped:
            return CameraChange(CameraState.ENDED, datetime.now(UTC), _ENDED)
        return self._camera.next(seconds)


@contextmanager
def _stopped_by_hand(source: _Ending) -> Iterator[None]:
    """Ctrl-C ends the watch in order; a second one at once."""

    def stop(_number: int, _frame: object) -> None:
        source.stop()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class _Teller:
    """Prints what is told; on a terminal, a last line says how the watch is."""

    def __init__(self, context: Context, *, json: bool) -> None:
        self._context = context
        self._json = json
        self._out: Console = console()
        self._status = self._out.status("waiting for the camera")
        self._shows = not json and self._out.is_terminal
        self._shown = 0.0
        self.known = False

    def __enter__(self) -> _Teller:
        if self._shows:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def event(self, event: LiveEvent) -> None:
        """One line."""
        self.known |= bool(event.candidates)
        with reading(self._context.database) as connection:
            (told,) = tell(connection, [event])
        if self._json:
            print_json(described(told))
            return
        line = f"{event.at.astimezone():%H:%M:%S}  {event.kind.value:8} {_words(told)}"
        self._out.print(printable(line), style=_COLOURS[event.kind], markup=False)

    def frame(self, _frame: LiveFrame, step: LiveStep, counts: WatchCounts) -> None:
        """Twice a second, how it is."""
        now = time.monotonic()
        if self._shows and now - self._shown >= _STATUS_SECONDS:
            self._shown = now
            self._status.update(
                f"{counted(len(step.present), 'face')} now, {counts.looked:,} frames looked at, "
                f"{counts.passed_over:,} passed over, {counts.lag_seconds:.1f} s behind"
            )

    def sum_up(self, counts: WatchCounts, seconds: float) -> None:
        """A last line on standard error."""
        real = counts.stream_seconds / seconds if seconds else 0.0
        searches = f"{counts.searches:,} search" + ("" if counts.searches == 1 else "es")
        sys.stderr.write(
            f"watched {seconds:.1f} s, {real:.2f} times real time: "
            f"{counted(counts.frames + counts.passed_over, 'frame')}, "
            f"{counts.passed_over:,} passed over, {counts.looked:,} looked at; {searches}, "
            f"{counted(counts.events, 'event')}; {counts.lag_seconds:.2f} s behind at the end\n"
        )


def _words(told: ToldEvent) -> str:
    event = told.event
    if event.kind is LiveEventKind.CAMERA:
        return f"{event.state}" + (f": {event.reason}" if event.reason else "")
    names = [
        f"{told.name_of(it) or it.face_id}"
        + (f" {it.score:.3f}" if it.similarity is None else f" {it.similarity:.1f}")
        for it in event.candidates
    ]
    said = ", ".join(names) if names else "a stranger"
    if event.kind is LiveEventKind.LEFT and event.since and event.until:
        said += f", was there for {(event.until - event.since).total_seconds():.0f} s"
    if event.reason:
        said += f" ({event.reason})"
    return said + "".join(f" [{name}]" for name in event.lists)
