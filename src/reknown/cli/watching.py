"""A camera watched from the terminal: what it tells, a line an event."""

from __future__ import annotations

import math
import signal
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.biometrics.live import LiveEventKind
from reknown.cli.output import EXIT_DONE, EXIT_NEGATIVE, console, counted, print_json, printable
from reknown.services.live.events import purge_events
from reknown.services.live.planned import settings_from
from reknown.services.live.recording import WantedFilm
from reknown.services.live.sources import NOT_WATCHED
from reknown.services.live.telling import described, summary, tell
from reknown.services.live.watching import Told, watch
from reknown.storage.database import reading
from reknown.video.live.camera import LiveCamera
from reknown.video.live.cameras import Camera, CameraKind
from reknown.video.live.frames import CameraChange, CameraState, LiveFrame

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from reknown.biometrics.live import LiveEvent
    from reknown.configuration import Settings
    from reknown.services.context import Context
    from reknown.services.live.planned import AskedWatch
    from reknown.services.live.recording import RecordedFilm
    from reknown.services.live.scenes import Scene
    from reknown.services.live.watching import WatchCounts

_STATUS_SECONDS = 0.5
_LEAST_PACED_SECONDS = 2.0
_COLOURS = {
    LiveEventKind.ARRIVED: "green",
    LiveEventKind.SEEN: "green",
    LiveEventKind.LEFT: "dim",
    LiveEventKind.CAMERA: "yellow",
}


def films_of(
    camera: Camera, record: Path | None, annotate: Path | None, *, force: bool
) -> tuple[WantedFilm, ...]:
    """The films to make; raises `InputError` for the one that is watched."""
    films = tuple(
        WantedFilm(place, annotated, force)
        for place, annotated in ((record, False), (annotate, True))
        if place is not None
    )
    for film in films:
        if camera.kind is CameraKind.FILE and _are_one(film.place, Path(camera.place)):
            raise InputError(f"{film.place} is what is watched: name another file to record to")
    if force and not films:
        raise InputError("--force replaces films: it goes with --record or --annotate")
    return films


def _are_one(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # at least one is not there
        return False


def watch_camera(
    settings: Settings,
    camera: Camera,
    asked: AskedWatch,
    seconds: float | None,
    films: tuple[WantedFilm, ...],
    *,
    json: bool,
) -> int:
    """Watches until that many seconds have passed, the camera ends, or Ctrl-C; the exit status."""
    from reknown.cli.session import opened_with

    with opened_with(settings) as context:
        purge_events(context.database, settings.events.events_days)  # perhaps nobody else does
        wanted = replace(settings_from(context, asked), camera=camera.name, films=films)
        with (
            LiveCamera(camera) as live,
            _stopped_by_hand(source := _Ending(live, seconds)),
            _Teller(context, asked.name, json=json) as teller,
        ):
            told = Told(teller.event, teller.frame, teller.film, teller.rests, teller.waits)
            counts = watch(context, wanted, source, told)
        teller.sum_up(counts, source)
    return EXIT_DONE if teller.known or counts.untold else EXIT_NEGATIVE


class _Ending:
    """A camera that ends when its time is over or somebody wants it to.

    Its time begins when it is first asked for a frame: the watch has its name by then.
    """

    def __init__(self, camera: LiveCamera, seconds: float | None) -> None:
        self._camera = camera
        self._seconds = math.inf if seconds is None else seconds
        self._began: float | None = None
        self._stopped = False
        self._first: float | None = None

    @property
    def watched_seconds(self) -> float:
        """For how long it was watched."""
        return 0.0 if self._began is None else time.monotonic() - self._began

    @property
    def shown_seconds(self) -> float:
        """For how long since its first frame: connecting takes its time, too."""
        return 0.0 if self._first is None else time.monotonic() - self._first

    def stop(self) -> None:
        """The next answer is that it has ended."""
        self._stopped = True

    def next(self, seconds: float) -> LiveFrame | CameraChange | None:
        """As the camera has it."""
        if self._began is None:
            self._began = time.monotonic()
        if self._stopped or self.watched_seconds >= self._seconds:
            return CameraChange(CameraState.ENDED, datetime.now(UTC), NOT_WATCHED)
        found = self._camera.next(seconds)
        if self._first is None and isinstance(found, LiveFrame):
            self._first = time.monotonic()
        return found


@contextmanager
def _stopped_by_hand(source: _Ending) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the watch in order; a second one at once."""

    def stop(_number: int, _frame: object) -> None:
        source.stop()
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        restore()


class _Teller:
    """Prints what is told; on a terminal, a last line says how the watch is."""

    def __init__(self, context: Context, name: str, *, json: bool) -> None:
        self._context = context
        self._name = name
        self._json = json
        self._out: Console = console()
        self._status = self._out.status("waiting for the camera")
        self._shows = not json and self._out.is_terminal
        self._shown = 0.0
        self.known = self._rested = False

    def __enter__(self) -> _Teller:
        if self._shows:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def event(self, event: LiveEvent) -> None:
        """One line."""
        # whoever was there when another watch broke off only leaves in this one
        self.known |= bool(event.candidates) and event.kind is not LiveEventKind.LEFT
        with reading(self._context.database) as connection:
            (told,) = tell(connection, [event])
        if self._json:
            print_json(described(told))
            return
        line = f"{event.at.astimezone():%H:%M:%S}  {event.kind.value:8} {summary(told)}"
        self._out.print(printable(line), style=_COLOURS[event.kind], markup=False, soft_wrap=True)

    def frame(self, scene: Scene, counts: WatchCounts) -> None:
        """Twice a second, how it is."""
        now = time.monotonic()
        if self._shows and now - self._shown >= _STATUS_SECONDS:
            self._shown = now
            faces = counted(len(scene.known) + len(scene.others), "face")
            self._status.update(
                f"{faces} now, {counts.looked:,} frames looked at, "
                f"{counts.passed_over:,} passed over, {counts.lag_seconds:.1f} s behind"
            )

    def rests(self, until: str | None) -> None:
        """A line on standard error, and what the last line says meanwhile."""
        self._rested = True
        words = "its hours have begun"
        if until is not None:
            words = f"outside its hours until {until}: nothing is looked at"
        self._status.update(words)
        sys.stderr.write(f"{words}\n")

    def waits(self, seconds: int) -> None:
        """A line on standard error: nothing else happens meanwhile."""
        sys.stderr.write(
            f"{self._name} seems to have been killed: waiting up to {seconds} s for its name\n"
        )

    def film(self, film: RecordedFilm) -> None:
        """A line on standard error."""
        left_out = f", {film.left_out:,} left out" if film.left_out else ""
        sys.stderr.write(
            f"recorded {film.place}: {counted(film.frames, 'frame')} of "
            f"{film.duration_ms / 1000:.1f} s{left_out}; SHA-256 {film.sha256}\n"
        )

    def sum_up(self, counts: WatchCounts, source: _Ending) -> None:
        """A last line on standard error."""
        if self._rested and not counts.frames:
            seconds = f"{source.watched_seconds:.1f} s"
            sys.stderr.write(f"waited {seconds} outside its hours; nothing was looked at\n")
            return
        paced = "" if self._rested else pace(counts.stream_seconds, source.shown_seconds)
        searches = f"{counts.searches:,} search" + ("" if counts.searches == 1 else "es")
        sys.stderr.write(
            f"watched {source.watched_seconds:.1f} s{paced}: "
            f"{counted(counts.frames + counts.passed_over, 'frame')}, "
            f"{counts.passed_over:,} passed over, {counts.looked:,} looked at; {searches}, "
            f"{counted(counts.events, 'event')}; {counts.lag_seconds:.2f} s behind at the end\n"
        )
        if counts.untold:
            sys.stderr.write(_untold(counts.untold))


def _untold(count: int) -> str:
    who = "1 person who was there is" if count == 1 else f"{count} people who were there are"
    return f"{who} not told of: the policy lets them be followed no longer today (live_minutes)\n"


def pace(stream_seconds: float, seconds: float) -> str:
    """How fast the stream was followed; nothing where so little of it tells nothing."""
    if seconds < _LEAST_PACED_SECONDS:
        return ""
    return f", {stream_seconds / seconds:.2f} times real time"
