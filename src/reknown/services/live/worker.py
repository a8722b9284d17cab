"""A worker on watches: claims those whose cameras it has, and watches each in a thread."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING

from reknown.biometrics.errors import (
    DatabaseError,
    InputError,
    NotFoundError,
    PolicyError,
    ReknownError,
    UncalibratedError,
)
from reknown.biometrics.live import LiveCounts
from reknown.ledger import log as ledger
from reknown.ledger.records import FailWatchRecord
from reknown.services.context import Actor, Context
from reknown.services.live.alert_lists import tell_lists
from reknown.services.live.ending import end_held
from reknown.services.live.following_limits import BROKEN_OFF
from reknown.services.live.leftovers import close_watch
from reknown.services.live.plans import plan_of
from reknown.services.live.rights import why_ended
from reknown.services.live.showing import showing
from reknown.services.live.sources import NOT_WATCHED, StoppableSource
from reknown.services.live.watches import rest_words, stream_of
from reknown.services.live.watching import Told, why_over
from reknown.storage.database import reading
from reknown.video.live.frames import CameraChange, CameraState
from reknown.watches import watches
from reknown.watches.watches import Hold, WatchState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from structlog.typing import FilteringBoundLogger

    from reknown.services.context import Platform
    from reknown.services.live.plans import WatchPlan
    from reknown.services.live.scenes import Scene
    from reknown.services.live.sources import FrameSource
    from reknown.services.live.watching import WatchCounts
    from reknown.storage.database import Connection
    from reknown.video.live.cameras import Camera
    from reknown.video.live.cameras_file import CamerasFile
    from reknown.watches.watches import WatchedCamera, WatchLease

    Opened = Callable[[Camera], AbstractContextManager[FrameSource]]
    Watching = Callable[[Context, WatchedCamera, WatchPlan, FrameSource, Told], None]
    """Watches until the source is at its end; raises what ends a watch."""

WORKER = Actor("worker")
MOST_ATTEMPTS = 10
_LONGEST_WAIT = 60
_STOP_SECONDS = 10.0
_LONGEST_MESSAGE = 500
_OURS = "Something failed in the worker: its log tells more."
_GIVEN_BACK = "its worker was stopped: it waits for another one"
_CHANGED = "it was changed in the cameras file: it is opened anew"
_AT_ITS_END = "The film of the camera is at its end."
# What does not go away by itself, and what the caller can do something about.
_LASTING = (PolicyError, NotFoundError, UncalibratedError, InputError)


@dataclass(frozen=True, slots=True)
class WatchIntervals:
    """Leases, and seconds: between renewals and looks for watches, and how long is "well".

    Another worker has taken over within a lease, two looks of a `Closer` and one here: ten seconds.
    """

    lease: timedelta = timedelta(seconds=8)
    renew: float = 2.0
    poll: float = 1.0
    well: float = 60.0


@dataclass(frozen=True, slots=True)
class WatchMakings:
    """What watches are worked on with: the cameras, and how one is opened and watched."""

    file: CamerasFile
    opened: Opened
    watching: Watching


class WatchWorker:
    """Watches at most `streams` cameras at once, in threads between `start` and `stop`."""

    def __init__(
        self,
        platform: Platform,
        makings: WatchMakings,
        streams: int,
        log: FilteringBoundLogger,
        intervals: WatchIntervals = WatchIntervals(),
    ) -> None:
        self._platform = platform
        self._makings = makings
        self._streams = streams
        self._log = log
        self._intervals = intervals
        self._stopping = Event()
        self._sessions: list[_Session] = []
        self._thread = Thread(target=self._run, name="watches", daemon=True)

    def start(self) -> None:
        """Looks for watches from now on."""
        self._log.info("ready", streams=self._streams, cameras=sorted(self._makings.file.cameras))
        self._thread.start()

    def stop(self) -> None:
        """Gives all watches back and waits for that, but no longer than some seconds."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._look()
            except DatabaseError as error:
                self._log.error("the watches cannot be read", error=str(error))
            except Exception:  # the next look may go well
                self._log.exception("a look for watches failed")
            self._stopping.wait(self._intervals.poll)
        for session in self._sessions:
            session.give_back(_GIVEN_BACK)
        until = time.monotonic() + _STOP_SECONDS
        for session in self._sessions:  # what is not done by then runs out with its lease
            session.join(max(until - time.monotonic(), 0.0))

    def _read_cameras(self) -> None:
        """Reads the file again where it was written, and gives back whose cameras are others."""
        file = self._makings.file
        try:
            if not file.read_again():
                return
        except InputError as error:
            self._log.error("the cameras file is not read", error=str(error))
            return
        self._log.info("the cameras file was read again", cameras=sorted(file.cameras))
        for session in self._sessions:
            if camera_of(file.cameras, session.watched) != session.camera:
                session.give_back(_CHANGED)

    def _look(self) -> None:
        """Claims as many as there is room for."""
        self._read_cameras()
        self._sessions = [session for session in self._sessions if session.is_alive()]
        if len(self._sessions) >= self._streams:
            return
        with reading(self._platform.database) as connection:
            waiting = watches.list_waiting(connection)
        for watch in waiting:
            camera = camera_of(self._makings.file.cameras, watch.camera)
            if camera is None or len(self._sessions) >= self._streams:
                continue
            with self._platform.database.begin() as connection:
                lease = watches.claim(connection, watch, self._intervals.lease)
            if lease is not None:
                self._begin(lease, camera)

    def _begin(self, lease: WatchLease, camera: Camera) -> None:
        session = _Session(self._platform, self._makings, lease, camera, self._log, self._intervals)
        self._sessions.append(session)
        session.start()


class _Session(Thread):
    """One watch as long as this worker has it."""

    def __init__(
        self,
        platform: Platform,
        makings: WatchMakings,
        lease: WatchLease,
        camera: Camera,
        log: FilteringBoundLogger,
        intervals: WatchIntervals,
    ) -> None:
        super().__init__(name=f"watch {lease.watch.name}", daemon=True)
        self._platform = platform
        self._makings = makings
        self._lease = lease
        self.watched, self.camera = lease.watch.camera, camera
        self._log = log.bind(watch=lease.watch.name)
        self._intervals = intervals
        self._source: StoppableSource | None = None
        self._state = WatchState.STARTING
        self._hold = Hold.KEPT
        self._unwanted: str | None = None
        self._counts = LiveCounts()
        self._how: str | None = None
        self._given_back = Event()
        self._ended = Event()

    def give_back(self, reason: str) -> None:
        """Ends soon, so that another worker or a new session here can go on."""
        self._given_back.set()
        if self._source is not None:
            self._source.stop(reason)

    def run(self) -> None:
        self._log.info("watch taken", attempt=self._lease.attempt)
        keeper = Thread(target=self._keep, name=f"{self.name} lease", daemon=True)
        keeper.start()
        try:
            error = self._watched()
        finally:
            self._ended.set()
            keeper.join()
        try:
            self._close(error)
        except DatabaseError as trouble:  # its lease runs out
            self._log.error("watch left as it is", error=str(trouble))
        except Exception:
            self._log.exception("watch left as it is")

    def _watched(self) -> Exception | None:
        """What ended it, None where its end came as it should."""
        watch = self._lease.watch
        if self._lease.attempt > MOST_ATTEMPTS:
            return InputError(f"given up: it went wrong {MOST_ATTEMPTS} times")
        try:
            self._renew()
            if self._hold is not Hold.KEPT:
                return None
            plan = plan_of(watch.settings)
            self._say_who_is_gone(plan)
            actor = Actor(
                watch.actor, plan.request_id, purpose=plan.purpose, approval=plan.approval
            )
            with self._makings.opened(self.camera) as opened, self._showing(plan) as show:
                self._source = StoppableSource(opened, self._changed)
                if self._given_back.is_set() or self._hold is not Hold.KEPT:
                    return None

                def seen(scene: Scene, counts: WatchCounts) -> None:
                    self._count(counts)
                    show(scene)

                context = Context(self._platform, actor)
                told = Told(lambda _: None, seen, rests=self._rests)
                self._makings.watching(context, watch, plan, self._source, told)
        except Exception as error:
            return error
        return None

    def _say_who_is_gone(self, plan: WatchPlan) -> None:
        """Whoever was deleted since they came on a list holds up nothing: the others count."""
        with reading(self._platform.database) as connection:
            lists = tell_lists(connection, plan.alerts, named=False)
        for each in lists:
            if each.gone:
                self._log.warning(
                    "people on an alert list are gone", list=each.name, gone=each.gone
                )

    def _showing(self, plan: WatchPlan) -> AbstractContextManager[Callable[[Scene], None]]:
        regions = [zone.region for zone in plan.zones]
        idle = self._intervals.renew
        return showing(self._platform.database, self._lease.watch, regions, self._log, idle)

    def _close(self, error: Exception | None) -> None:
        if self._hold is Hold.LOST:
            self._log.warning("watch was taken over")
        elif self._hold is Hold.UNWANTED:
            self._finish(WatchState.STOPPED, self._unwanted)
        elif error is None and self._given_back.is_set():
            with self._platform.database.begin() as connection:
                watches.release(connection, self._lease)
            self._log.info("watch given back")
        elif error is None:
            self._finish(WatchState.STOPPED, _AT_ITS_END)
        elif isinstance(error, _LASTING):
            self._fail(error)
        else:
            self._try_again(error)

    def _finish(self, state: WatchState, message: str | None) -> None:
        with self._platform.database.begin() as connection:
            if watches.finish(connection, self._lease, state, message):
                self._say_ended(connection, _reason(message))
        self._log.info("watch ended", state=state.value, reason=message or "")

    def _fail(self, error: Exception) -> None:
        watch, message = self._lease.watch, _words(error)
        # the name of its class in letters and digits, as the ledger takes it
        kind = re.sub("[^A-Za-z0-9]", "", type(error).__name__)
        record = FailWatchRecord(watch.name, kind, message)
        with self._platform.database.begin() as connection:
            if not watches.finish(connection, self._lease, WatchState.FAILED, message):
                return
            ledger.append(connection, WORKER, watch.collection, record)
            self._say_ended(connection, _short(why_over(error)))
        self._log.warning("watch failed", reason=message)

    def _try_again(self, error: Exception) -> None:
        if self._lease.attempt >= MOST_ATTEMPTS:
            self._fail(error)
            return
        seconds = min(2 ** (self._lease.attempt - 1), _LONGEST_WAIT)
        with self._platform.database.begin() as connection:
            delay = timedelta(seconds=seconds)
            if watches.release(connection, self._lease, delay, _words(error)):
                self._say_ended(connection, BROKEN_OFF)
        expected = isinstance(error, ReknownError)
        self._log.error(
            "watch broke off",
            error=str(error) if expected else type(error).__name__,
            again_in_seconds=seconds,
            exc_info=None if expected else error,
        )

    def _keep(self) -> None:
        """Renews the lease, and ends the watch where that is not held or not wanted any more."""
        since, well = 0.0, False
        while not self._ended.wait(self._intervals.renew):
            since += self._intervals.renew
            try:
                self._renew()
                if not well and since >= self._intervals.well:
                    with self._platform.database.begin() as connection:
                        watches.went_well(connection, self._lease)
                    well = True
            except DatabaseError:  # perhaps it is back before the lease has run out
                continue
            except Exception:  # who no longer renews would not learn that another one has it
                self._log.exception("the lease was not renewed")
                continue
            if well:  # the next failure is a first one, as the row has it
                self._lease = replace(self._lease, attempt=1)
            if self._hold is not Hold.KEPT:
                return

    def _renew(self) -> None:
        """Once; the watch also ends with the right of whoever started it."""
        watch = self._lease.watch
        with self._platform.database.begin() as connection:
            hold = watches.renew(connection, self._lease, self._intervals.lease, self._counted())
            if hold is Hold.KEPT:
                why = why_ended(connection, watch.actor, watch.collection)
                if why is not None:
                    end_held(connection, self._lease, why, WORKER)
                    hold = Hold.UNWANTED
            if hold is Hold.UNWANTED:
                self._unwanted = watches.find(connection, watch.name).message
        if hold is not Hold.KEPT:
            self._hold = hold
            self._end_source()

    def _say_ended(self, connection: Connection, reason: str) -> None:
        """For those who do not know by the watch itself, which may not have begun."""
        close_watch(connection, self._lease.watch.name, self._lease.watch.collection, reason)

    def _count(self, counts: WatchCounts) -> None:
        self._counts = LiveCounts(
            frames=counts.frames,
            looked=counts.looked,
            passed_over=counts.passed_over,
            faces=counts.faces,
            searches=counts.searches,
            events=counts.events,
            lag_seconds=round(counts.lag_seconds, 3),
        )

    def _counted(self) -> LiveCounts:
        source = self._source
        reconnects = 0 if source is None else source.reconnects
        return replace(self._counts, reconnects=reconnects, camera=self._how)

    def _end_source(self) -> None:
        if self._source is None:
            return
        if self._hold is Hold.LOST:
            self._source.take_away()
        else:
            self._source.stop(_reason(self._unwanted))

    def _changed(self, change: CameraChange) -> None:
        """Has those who look at the watch see how its camera is."""
        self._how, well = change.state.value, change.state is CameraState.CONNECTED
        if well:
            self._state = WatchState.RUNNING
        message = None if well else _short(_camera_words(change))
        self._log.info("camera changed", state=change.state.value, reason=change.reason)
        self._report(message)

    def _rests(self, until: str | None) -> None:
        self._log.info("hours of a watch", rests=until is not None)
        self._report(None if until is None else rest_words(until))

    def _report(self, message: str | None) -> None:
        try:
            with self._platform.database.begin() as connection:
                watches.report(connection, self._lease, self._state, message)
        except DatabaseError as error:
            self._log.error("the watches cannot be read", error=str(error))


def camera_of(cameras: Mapping[str, Camera], wanted: str) -> Camera | None:
    """The camera of this name or ARN; an ARN that no camera has names one by its stream."""
    if wanted in cameras:
        return cameras[wanted]
    by_arn = next((camera for camera in cameras.values() if camera.arn == wanted), None)
    if by_arn is not None:
        return by_arn
    stream = stream_of(wanted)
    return None if stream is None else cameras.get(stream)


def _camera_words(change: CameraChange) -> str:
    if change.state is CameraState.REFUSED:  # the reason says so
        return f"The camera {change.reason.removeprefix('it ')}."
    return f"The camera is {change.state.value}: {change.reason}."


def _words(error: Exception) -> str:
    """For whoever looks at the watch; faults of ours are for the operator's log."""
    return _short(str(error)) if isinstance(error, ReknownError) else _OURS


def _reason(message: str | None) -> str:
    """What people are told of how a watch ended, as events say it."""
    return NOT_WATCHED if message is None else message[0].lower() + message[1:].rstrip(".")


def _short(text: str) -> str:
    return text.replace("\0", "")[:_LONGEST_MESSAGE]
