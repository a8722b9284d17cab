"""A camera that is watched: its newest frame, or word of how it is."""

from __future__ import annotations

import os
import socket
import stat
import time
from collections import deque
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.shortages import shortage
from reknown.video.live import messages
from reknown.video.live.cameras import IN_PIECES, CameraKind
from reknown.video.live.clocks import StreamClock, WallClock
from reknown.video.live.frames import CameraCounts, LiveFrame, LiveLimits
from reknown.video.live.kinesis import FragmentMark, Fragments
from reknown.video.live.messages import Trouble
from reknown.video.live.process import CameraProcess, wait_for
from reknown.video.live.standing import CameraStanding

if TYPE_CHECKING:
    from reknown.video.live.cameras import Camera
    from reknown.video.live.frames import CameraChange


_FRESH = 1.0
# Packets without a picture: some cameras make a whole one every ten seconds only.
_BLIND = 30.0
# What is the matter with a file itself, and what is to be said where that is more than this.
_NO_FILM = frozenset({Trouble.FORMAT, Trouble.NO_VIDEO, Trouble.BROKE_OFF, Trouble.ENDED})
_NO_USE = {
    Trouble.NOT_THERE: "no such file, or no right to read it",
    Trouble.TOO_LARGE: "its frames are too large",
}


class LiveCamera:
    """Connects when it is first asked for a frame, and again whenever the connection is lost.

    `next` is for one thread, which has to live as long as the camera does: the process that reads
    it ends with that thread. `stop` and `counts` are for any.
    """

    def __init__(self, camera: Camera, limits: LiveLimits = LiveLimits()) -> None:
        self._camera = camera
        if camera.kind in IN_PIECES:
            limits = replace(limits, silent=limits.silent_between)
        self._limits = limits
        wall = WallClock()
        self._clock = StreamClock(wall)
        self._standing = CameraStanding(limits, wall.now)
        self._connection: _Connection | None = None
        self._source: _Film | Fragments | None = None
        self._mark: FragmentMark | None = None
        self._retry_at = 0.0
        self._pending: deque[LiveFrame] = deque()
        self._woken, self._waker = socket.socketpair()
        self._stopped = self._ended = False
        self._tally = CameraCounts()
        self._connections = self._handed_out = 0

    def __enter__(self) -> LiveCamera:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._disconnect()
        self._woken.close()
        self._waker.close()

    @property
    def counts(self) -> CameraCounts:
        """What it has come to so far."""
        tally, connection = self._tally, self._connection
        if connection is None:
            return tally
        return replace(
            tally,
            frames=tally.frames + connection.frames,
            bytes=tally.bytes + connection.bytes,
        )

    @property
    def reconnects(self) -> int:
        """How often connecting to it again was tried; 0 for a film."""
        return self._tally.reconnects

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come: it was stopped, or a file is at its end."""
        return self._stopped or self._ended

    def stop(self) -> None:
        """`next` returns at once from now on, in whichever thread it waits."""
        self._stopped = True
        with suppress(OSError):
            self._waker.send(b"\0")

    def next(self, seconds: float) -> LiveFrame | CameraChange | None:
        """The newest frame that nobody has had, or what has changed.

        None after `seconds` without either, and at once when it is over. Raises `InputError` for a
        file that is no film.
        """
        until = time.monotonic() + seconds
        while not self.is_over:
            if self._pending:
                return self._pending.popleft()
            found = self._step(until)
            if found is not None:
                return found
            if time.monotonic() >= until:
                break
        return None

    def _step(self, until: float) -> LiveFrame | CameraChange | None:
        """One thing that there is to do or to hear, or to wait for."""
        connection, now = self._connection, time.monotonic()
        if connection is None:
            if now >= self._retry_at:
                return self._connect(now)
            wait_for(min(until, self._retry_at) - now, self._woken)
            return None
        try:
            message = connection.hear()
            if message is not None:
                return self._heard(connection, message, now)
            connection.ask(now, until)
        except (ConnectionError, ValueError):
            return self._fail(now, Trouble.CRASHED)
        late = connection.late_at(self._limits)
        if now >= late:
            return self._silence(connection, now)
        wait_for(min(until, late) - now, self._woken, connection.socket)
        return None

    def _connect(self, now: float) -> CameraChange | None:
        self._connections += 1
        self._tally = replace(self._tally, reconnects=self._connections - 1)
        self._clock.reconnected()
        try:
            self._source = _open_source(self._camera, self._limits, self._fresh_mark(now))
            source = self._source.descriptor if self._source else None
            self._connection = _Connection(CameraProcess(self._camera, self._limits, source))
        except OSError as error:
            absent = self._source is None and shortage(error) is None
            return self._fail(now, Trouble.NOT_THERE if absent else Trouble.CRASHED)
        return None

    def _fresh_mark(self, now: float) -> FragmentMark | None:
        """Where to go on, if that is not so long ago that now would be out of reach."""
        mark = self._mark
        return mark if mark and now - mark.at < self._limits.ahead / 2 else None

    def _heard(
        self, connection: _Connection, message: messages.Message, now: float
    ) -> LiveFrame | CameraChange | None:
        if isinstance(message, messages.Over):
            trouble = (self._source and self._source.trouble) or Trouble[message.trouble]
            fell_silent = trouble is Trouble.NO_ANSWER and connection.frames
            return self._freeze(now) if fell_silent else self._fail(now, trouble)
        if isinstance(message, messages.Beat):
            connection.beats(message, now)
            if not message.bytes and self._camera.srt is not None:
                return self._standing.fails(now, Trouble.NOT_CALLED)
        else:
            frame = self._frame(connection, message, now)
            if frame is None:
                return None
            self._pending.append(frame)
        if not connection.frames:
            return None
        still = 0.0 if self._camera.kind is CameraKind.FILE else connection.still
        change = self._standing.runs(now, saving=connection.saving, still=still)
        return change or (self._pending.popleft() if self._pending else None)

    def _frame(
        self, connection: _Connection, shown: messages.FrameShown, now: float
    ) -> LiveFrame | None:
        """What is in the shared memory, unless it has waited there."""
        was_late = now >= connection.asked_until
        arrived = connection.shows(shown, now)
        if shown.want != connection.asked or (was_late and now - arrived > _FRESH):
            return None
        pixels = connection.process.pixels(shown)
        number = self._tally.frames + shown.number
        if number <= self._handed_out:
            raise ValueError("that one was handed out already")
        passed_over = number - self._handed_out - 1
        self._handed_out = number
        self._tally = replace(self._tally, passed_over=self._tally.passed_over + passed_over)
        time_ms, at = self._clock.tick(shown.stamp, arrived)
        fragment = None
        if isinstance(self._source, Fragments) and shown.stamp is not None:
            fragment = self._source.log.at(shown.stamp)
        return LiveFrame(number, time_ms, at, passed_over, pixels, fragment)

    def _silence(self, connection: _Connection, now: float) -> CameraChange | None:
        if not connection.beaten:
            return self._fail(now, Trouble.NO_ANSWER)
        if now - connection.heard_at < self._limits.silent:
            return self._fail(now, Trouble.NO_VIDEO)
        if self._camera.kind is CameraKind.FILE:
            return self._fail(now, Trouble.CRASHED)
        return self._freeze(now)

    def _freeze(self, now: float) -> CameraChange | None:
        self._disconnect()
        change = self._standing.silent(now)
        self._retry_at = now + self._standing.wait()
        return change

    def _fail(self, now: float, trouble: Trouble) -> CameraChange | None:
        was_read = bool(self._connection and self._connection.frames)
        self._disconnect()
        if self._camera.kind is not CameraKind.FILE:
            # nothing else has an end, whatever it says
            trouble = Trouble.BROKE_OFF if trouble is Trouble.ENDED else trouble
        elif was_read:  # from its beginning once more it would be a lie
            self._ended = True
            return self._standing.ends(trouble)
        elif trouble in _NO_FILM | _NO_USE.keys():  # it would be none the next time either
            self._ended = True
            name = self._camera.name
            if trouble in _NO_USE:
                raise InputError(f"cannot read the film of camera {name}: {_NO_USE[trouble]}")
            raise InputError(f"{name} is no film that can be read")
        change = self._standing.fails(now, trouble)
        self._retry_at = now + self._standing.wait()
        return change

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._tally, connection, self._connection = self.counts, self._connection, None
            connection.process.close()
        if self._source is not None:
            self._mark, source, self._source = self._source.mark, self._source, None
            source.close()


class _Connection:
    """What is known of one connection, and what it was asked for last."""

    def __init__(self, process: CameraProcess) -> None:
        self.process = process
        self.frames = self.bytes = 0
        self.saving = self.beaten = False
        self.still = 0.0
        self.asked, self.asked_until = 0, 0.0
        self.heard_at = self._frame_at = self._arrived = time.monotonic()

    @property
    def socket(self) -> socket.socket:
        return self.process.connection

    def hear(self) -> messages.Message | None:
        return self.process.hear()

    def ask(self, now: float, until: float) -> None:
        """For a frame, unless that has been done."""
        if now >= self.asked_until and self.process.ask(self.asked + 1, max(0.0, until - now)):
            self.asked, self.asked_until = self.asked + 1, until

    def beats(self, beat: messages.Beat, now: float) -> None:
        self._count(beat.frames, now)
        self.bytes = max(self.bytes, beat.bytes)
        self.saving, self.still = beat.saving, beat.still
        self.heard_at, self.beaten = now, beat.bytes > 0
        if not self.beaten:  # nobody has called: what comes then has its whole time
            self._frame_at = now

    def shows(self, shown: messages.FrameShown, now: float) -> float:
        """When the frame arrived, as far as that can be; raises `ValueError` for what cannot be."""
        if shown.want == self.asked:
            self.asked_until = min(self.asked_until, now)
        self._count(shown.number, now)
        self.heard_at, self.beaten = now, True
        self._arrived = min(max(self._arrived, shown.arrived), now)
        return self._arrived

    def late_at(self, limits: LiveLimits) -> float:
        """When it will have been without a word, or without a picture, for too long."""
        if not self.beaten:
            return self.heard_at + limits.connect
        return min(self.heard_at + limits.silent, self._frame_at + _BLIND)

    def _count(self, frames: int, now: float) -> None:
        if frames > self.frames:
            self.frames, self._frame_at = frames, now


class _Film:
    """A file, opened here: its process is given no name of it."""

    trouble: Trouble | None = None
    mark: FragmentMark | None = None

    def __init__(self, place: str) -> None:
        self.descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        if not stat.S_ISREG(os.fstat(self.descriptor).st_mode):
            self.close()
            raise FileNotFoundError

    def close(self) -> None:
        os.close(self.descriptor)


def _open_source(
    camera: Camera, limits: LiveLimits, mark: FragmentMark | None
) -> _Film | Fragments | None:
    """What the process reads from instead of an address; raises `OSError`."""
    if camera.kind is CameraKind.FILE:
        return _Film(camera.place)
    if camera.kind is CameraKind.KINESIS:
        return Fragments(camera, mark, limits.silent)
    return None
