"""Packets -> the newest frame: all are decoded as they come, and one is kept."""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass
from fractions import Fraction
from threading import Condition
from typing import TYPE_CHECKING, Any

import av.error
import numpy as np

from reknown.video.decode import Uprightness
from reknown.video.live.cameras import IN_PIECES, CameraKind
from reknown.video.live.clocks import LowestDelay
from reknown.video.live.messages import Beat, Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.video.live.messages import Open

_BEAT_SECONDS = 0.25
_LOOK_SECONDS = 1.0
_LONGEST_REST = 0.2
# The share of its time that it spends with decoding when it is what holds the stream up.
_BUSY = 0.8
_WELL = 0.3
# Clocks of cameras are not that wrong, but in a year even a good one gains minutes.
_DRIFT = 0.01
# By so much pieces are shown faster than they were filmed, until they have to be waited for: what
# came late once is not late for ever, and nobody's clock is quite right.
_FASTER = 0.1
_SPARE_PACKETS = 10_000
_MOST_FRAMES, _SPARE_FRAMES = 120, 4_000


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """The `number`-th frame, as FFmpeg has it; `turns` by 90 degrees against the clock raise it."""

    raw: Any
    turns: int
    number: int
    stamp: float | None
    arrived: float


class Newest:
    """The newest frame, for whoever asks for one that it has not had."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._frame: Decoded | None = None
        self._taken = False

    def put(self, frame: Decoded) -> None:
        """In place of the one before."""
        with self._changed:
            self._frame = frame
            self._changed.notify_all()

    def take(self, seconds: float) -> Decoded | None:
        """Waits for one, when the one before is done with; nobody gets it a second time."""
        with self._changed:
            self._taken = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._frame is not None, seconds)
            frame, self._frame = self._frame, None
            self._taken = frame is not None
            return frame

    def drain(self, seconds: float) -> None:
        """Waits until the last one has been taken and is done with."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is None and not self._taken, seconds)


class StreamReading:
    """Reads a stream to its end, in `order`'s bounds; `tell` hears of how it goes."""

    def __init__(self, order: Open, newest: Newest, tell: Callable[[Beat], None]) -> None:
        self._order = order
        self._newest = newest
        self._tell = tell
        self._pace = _Pace(order)
        self._paced = CameraKind(order.kind) in IN_PIECES | {CameraKind.FILE}
        self._still = _Stillness()
        self._uprightness = Uprightness()
        self._frames = self._bytes = 0
        self._saving = False
        self._told = 0.0

    def read(self, container: Any, stream: Any) -> None:
        """Until nothing more comes; raises what FFmpeg raises."""
        packets = container.demux(stream)
        asked = time.monotonic()
        while (packet := next(packets, None)) is not None:
            began = time.monotonic()
            self._bytes += packet.size
            self._pace.packet(began - asked)
            frames = _decoded(packet)
            self._pace.decoded(time.monotonic() - began)
            for raw in frames:
                self._keep(raw)
            self._save_time(stream)
            self._beat()
            self._pace.rest(self._beat)
            asked = time.monotonic()
        self._told = 0.0
        self._beat()

    def _keep(self, raw: Any) -> None:
        seconds = self._stamp(raw)
        turns = self._uprightness.turns_of(raw)
        self._frames += 1
        self._pace.frame(seconds, time.monotonic())
        if self._paced:  # others are by themselves
            self._pace.wait_for_now(self._beat)
        now = time.monotonic()
        self._still.see(raw, now)
        self._newest.put(Decoded(raw, turns, self._frames, seconds, now))

    def _stamp(self, raw: Any) -> float | None:
        """Its time by the stream's clock; pictures one by one have none, and FFmpeg makes it up."""
        if raw.pts is None or self._order.kind == CameraKind.MJPEG.value:
            return None
        return float(raw.pts * Fraction(raw.time_base))

    def _save_time(self, stream: Any) -> None:
        """Where decoding is what holds it up, only whole pictures are decoded until it is not."""
        if not self._saving and self._pace.is_held_up:
            self._saving, stream.codec_context.skip_frame = True, "NONKEY"
        elif self._saving and self._pace.behind < _WELL * self._order.behind:
            self._saving, stream.codec_context.skip_frame = False, "DEFAULT"

    def _beat(self) -> None:
        now = time.monotonic()
        if now - self._told >= _BEAT_SECONDS:
            self._told = now
            self._tell(Beat(self._frames, self._bytes, self._saving, self._still.seconds(now)))


def _decoded(packet: Any) -> list[Any]:
    """The frames that it completes; what is damaged is passed over."""
    try:
        frames = packet.decode()
    except av.error.MemoryError:
        raise TroubleError(Trouble.CRASHED) from None
    except av.error.FFmpegError:
        return []
    return [raw for raw in frames if not raw.is_corrupt]


class _Pace:
    """How the stream's clock and the wall's go together, and how much is read at all."""

    def __init__(self, order: Open) -> None:
        self._order = order
        self._lowest = LowestDelay()
        self._in_pieces = CameraKind(order.kind) in IN_PIECES
        self._first: float | None = None
        self._began = self._frame_at = self._waited = 0.0
        self._ahead = 0.0
        self._packets = _Bucket(order.packets_a_second, _SPARE_PACKETS)
        self._shown = _Bucket(_MOST_FRAMES, _SPARE_FRAMES)
        self._busy = 0.0
        self._looked = time.monotonic()
        self._busy_share = 0.0
        self.behind = 0.0

    @property
    def is_held_up(self) -> bool:
        return self.behind > self._order.behind and self._busy_share > _BUSY

    def packet(self, waited: float) -> None:
        """One has come, for which so many seconds were waited."""
        self._packets.take()
        self._waited += waited

    def decoded(self, seconds: float) -> None:
        """So long was spent on a packet."""
        self._busy += seconds
        now = time.monotonic()
        if (passed := now - self._looked) >= _LOOK_SECONDS:
            self._busy_share = self._busy / passed
            self._busy, self._looked = 0.0, now

    def frame(self, stamp: float | None, now: float) -> None:
        self._shown.take()
        if stamp is None:
            return
        delay = now - stamp
        lowest = self._lowest.add(now, delay)
        self.behind = delay - lowest
        # a clock that leaps back and forth is neither ahead nor behind
        if self._first is None or abs(delay - self._first) > 2 * self._order.ahead:
            self._first, self._began = delay, now
            self._lowest = LowestDelay()
            self.behind = 0.0
        elif self._in_pieces:
            self._first = self._eased(self._first, delay, now)
        self._ahead = self._first - delay
        self._frame_at, self._waited = now, 0.0

    def _eased(self, first: float, delay: float, now: float) -> float:
        """A little sooner than before, or later by as much as it had to be waited for."""
        sooner = first - _FASTER * (now - self._frame_at)
        return min(max(sooner, delay), sooner + self._waited)

    def wait_for_now(self, meanwhile: Callable[[], None]) -> None:
        """Until the time of the frame has come."""
        self._wait(lambda: self._ahead, meanwhile)

    def rest(self, meanwhile: Callable[[], None]) -> None:
        """Where more comes than a camera sends, until it is its time."""
        drift = _DRIFT * (time.monotonic() - self._began)
        self._wait(lambda: self._ahead - self._order.ahead - drift, meanwhile)
        self._wait(lambda: max(self._packets.missing(), self._shown.missing()), meanwhile)

    def _wait(self, seconds: Callable[[], float], meanwhile: Callable[[], None]) -> None:
        until = time.monotonic() + seconds()
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _LONGEST_REST))
            meanwhile()


class _Bucket:
    """So many a second, and some to spare."""

    def __init__(self, rate: float, spare: float) -> None:
        self._rate, self._spare = rate, spare
        self._left, self._at = spare, time.monotonic()

    def take(self) -> None:
        now = time.monotonic()
        self._left = min(self._spare, self._left + (now - self._at) * self._rate) - 1
        self._at = now

    def missing(self) -> float:
        """Seconds until there is one again."""
        return max(0.0, -self._left / self._rate)


class _Stillness:
    """For how long the picture has been the same, to the last bit; looked at every second."""

    def __init__(self) -> None:
        self._since = self._looked = 0.0
        self._sum = -1

    def see(self, raw: Any, now: float) -> None:
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        plane = raw.planes[0]
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: raw.height]
        found = zlib.crc32(rows[:, : raw.width].tobytes())
        if found != self._sum:
            self._sum, self._since = found, now

    def seconds(self, now: float) -> float:
        return max(0.0, now - self._since) if self._since else 0.0
