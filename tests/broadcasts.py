"""Cameras for tests: streams that a small server of the web sends as they would come.

Pictures are plain grey, two levels brighter from each to the next, so that a pixel says which
picture it is.
"""

from __future__ import annotations

import io
import itertools
import re
import shutil
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest
from PIL import Image

from reknown.video.live.libsrt import find_libsrt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    Route = Callable[["Visitor"], None]

_DARKEST, _STEP, _SHADES = 20, 2, 100
_CLOCK = 90_000
_SYSTEM_PYTHON = "/usr/bin/python3"
_HAS_GSTREAMER = "import gi; gi.require_version('GstRtspServer', '1.0')"
_HAS_SRT = """
import gi
gi.require_version("Gst", "1.0")
from gi.repository import Gst
Gst.init(None)
assert Gst.ElementFactory.find("srtsink")
"""


def picture(number: int, size: tuple[int, int] = (320, 240)) -> NDArray[np.uint8]:
    """The `number`-th one, RGB; after a hundred they begin again."""
    shade = _DARKEST + _STEP * (number % _SHADES)
    return np.full((size[1], size[0], 3), shade, np.uint8)


def number_of(pixels: NDArray[np.uint8]) -> int:
    """Which one it is."""
    return round((float(pixels.mean()) - _DARKEST) / _STEP)


def film(  # noqa: PLR0913 - what a camera can be told
    times_ms: Iterable[int],
    *,
    size: tuple[int, int] = (320, 240),
    codec: str = "libx264",
    container: str = "mpegts",
    start: float = 1.0,
    sound: bool = False,
    turns: int = 0,
    paint: Callable[[int, tuple[int, int]], NDArray[np.uint8]] = picture,
) -> list[tuple[float, bytes]]:
    """Pictures at these times, and the bytes of each with the seconds at which they are due.

    The stream's own clock begins at `start` seconds. `turns` is how often whole pictures say
    that all have to be turned by 90 degrees against the clock.
    """
    output = _Pieces()
    with av.open(output, "w", format=container, options=_OPTIONS.get(container, {})) as file:
        stream: Any = file.add_stream(codec, rate=25, options=_ENCODERS.get(codec, {}))
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        if codec != "mjpeg":
            stream.time_base = stream.codec_context.time_base = Fraction(1, _CLOCK)
        ear = file.add_stream("mp2", rate=48_000) if sound else None
        for number, time_ms in enumerate(times_ms):
            output.now = time_ms / 1000
            frame = av.VideoFrame.from_ndarray(paint(number, size), format="rgb24")
            frame.pts = round((start + time_ms / 1000) * _CLOCK)
            frame.time_base = Fraction(1, _CLOCK)
            file.mux([_turned(packet, codec, turns) for packet in stream.encode(frame)])
            if ear is not None:
                file.mux(ear.encode(_silence(start + time_ms / 1000)))
        file.mux(stream.encode(None))
    return output.pieces


def _turned(packet: Any, codec: str, turns: int) -> Any:
    """With a message of its display orientation, before the picture itself."""
    if not (turns and packet.is_keyframe):
        return packet
    advanced = codec == "libx264"
    # neither flipped, the angle, for all pictures until the next such message (H.264, H.265: D.1)
    bits = f"000{turns * 0x4000:016b}" + ("0100" + "1" if advanced else "1" + "1000")
    message = int(bits, 2).to_bytes(3, "big")
    unit = (b"\x06" if advanced else b"\x4e\x01") + b"\x2f\x03" + message + b"\x80"
    data = bytes(packet)
    place = next(
        found.start()
        for found in re.finditer(b"\0\0\1", data)
        if (data[found.end()] & 31 in {1, 5} if advanced else data[found.end()] >> 1 & 63 < 32)
    )
    turned = av.Packet(data[:place] + b"\0\0\1" + unit + data[place:])
    turned.stream, turned.time_base, turned.is_keyframe = packet.stream, packet.time_base, True
    turned.pts, turned.dts = packet.pts, packet.dts
    return turned


# without delay: what is sent at a time shows what was filmed then
_ENCODERS = {
    "libx264": {"preset": "ultrafast", "tune": "zerolatency", "g": "10", "bf": "0"},
    "libx265": {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "x265-params": "keyint=10:bframes=0:log-level=none",
    },
}
_OPTIONS = {
    "mpegts": {"flush_packets": "1", "mpegts_copyts": "1"},
    "matroska": {"live": "1", "cluster_time_limit": "30000", "cluster_size_limit": "5000000"},
}


def endless(pixels: NDArray[np.uint8], *, every: int, rate: float) -> Iterator[tuple[float, bytes]]:
    """The same picture (height, width, 3) again and again, and when each of them is due.

    One of so many is whole, the first one to begin with.
    """
    output = _Pieces()
    with av.open(output, "w", format="mpegts", options=_OPTIONS["mpegts"]) as file:
        told = _ENCODERS["libx264"] | {"g": str(every)}
        stream: Any = file.add_stream("libx264", rate=25, options=told)
        stream.height, stream.width = pixels.shape[:2]
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
        packets = []
        for number in range(every):
            frame.pts = number
            packets += stream.encode(frame)
        packets += stream.encode(None)
        for number in itertools.count():
            known = packets[number % len(packets)]
            packet = av.Packet(bytes(known))
            packet.stream, packet.is_keyframe = stream, known.is_keyframe
            packet.time_base = Fraction(1, _CLOCK)
            packet.pts = packet.dts = round((1 + number / rate) * _CLOCK)
            file.mux(packet)
            yield number / rate, b"".join(data for _, data in output.pieces)
            output.pieces.clear()


def steady(seconds: float, rate: float = 25.0) -> list[int]:
    """Times of pictures at a constant rate."""
    return [round(1000 * number / rate) for number in range(round(seconds * rate))]


def jpeg(number: int) -> bytes:
    """A picture as a file."""
    buffer = io.BytesIO()
    Image.fromarray(picture(number)).save(buffer, "JPEG")
    return buffer.getvalue()


@dataclass
class Visitor:
    """A request, to be answered by a route."""

    handler: BaseHTTPRequestHandler
    number: int

    @property
    def gone(self) -> threading.Event:
        """Set when the server is to end."""
        event: threading.Event = self.handler.server.over  # type: ignore[attr-defined]
        return event

    def begin(self, kind: str = "video/mp2t", status: int = 200, **headers: str) -> None:
        """The head of an answer without an end."""
        self.handler.send_response(status)
        self.handler.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.send_header("Connection", "close")
        self.handler.end_headers()

    def send(self, data: bytes) -> None:
        """Some more of it."""
        self.handler.wfile.write(data)
        self.handler.wfile.flush()

    def play(self, pieces: Iterable[tuple[float, bytes]], since: float | None = None) -> None:
        """Each when it is due, from now on."""
        since = time.monotonic() if since is None else since
        for due, data in pieces:
            if self.gone.wait(max(0.0, since + due - time.monotonic())):
                return
            self.send(data)


@dataclass
class Station:
    """A server of the web; `visits` are the paths that were asked for, `heads` their headers."""

    address: str
    routes: dict[str, Route]
    visits: list[str] = field(default_factory=list)
    heads: list[Any] = field(default_factory=list)


@contextmanager
def station(routes: dict[str, Route], port: int = 0) -> Iterator[Station]:
    """Runs one."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            found.visits.append(self.path)
            found.heads.append(self.headers)
            route = routes.get(path)
            if route is None:
                self.send_error(404)
                return
            try:
                route(Visitor(self, found.visits.count(self.path)))
            except OSError:  # whoever asked is gone
                self.close_connection = True

        do_POST = do_GET  # noqa: N815 - as the library has it

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        over = threading.Event()

    server = Server(("127.0.0.1", port), Handler)
    found = Station(f"http://127.0.0.1:{server.server_address[1]}", routes)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield found
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def sending(pieces: list[tuple[float, bytes]], kind: str = "video/mp2t") -> Route:
    """A route that plays them and ends."""

    def route(visitor: Visitor) -> None:
        visitor.begin(kind)
        visitor.play(pieces)

    return route


@dataclass(frozen=True)
class Tower:
    """A running RTSP server."""

    process: subprocess.Popen[str]
    port: int

    @property
    def address(self) -> str:
        """Of its stream."""
        return f"rtsp://127.0.0.1:{self.port}/cam"


def has(words: str) -> bool:
    """Whether the system's Python gets through these."""
    if not shutil.which(_SYSTEM_PYTHON):
        return False
    command = [_SYSTEM_PYTHON, "-c", words]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


needs_rtsp = pytest.mark.skipif(
    not has(_HAS_GSTREAMER), reason="needs GStreamer's RTSP server: see CONTRIBUTING.md"
)
needs_srt = pytest.mark.skipif(
    find_libsrt() is None or not has(_HAS_SRT),
    reason="needs libsrt and GStreamer's srtsink: see CONTRIBUTING.md",
)


@contextmanager
def tower(pipeline: str, *credentials: str, port: int = 0) -> Iterator[Tower]:
    """A real RTSP server that serves what the pipeline makes at /cam."""
    script = Path(__file__).with_name("rtsp_server.py")
    command = [_SYSTEM_PYTHON, str(script), str(port), pipeline, *credentials]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield Tower(process, int(process.stdout.readline()))
        finally:
            process.kill()


def free_udp_port() -> int:
    """One that nobody has now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def playing(pipeline: str) -> Iterator[subprocess.Popen[str]]:
    """GStreamer plays it, in a process of its own; at SIGTERM that says goodbye and ends."""
    command = [_SYSTEM_PYTHON, str(Path(__file__).with_name("gstreamer.py")), pipeline]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "playing\n"
            yield process
        finally:
            process.kill()


class _Pieces:
    """A file that FFmpeg writes to, with the time at which it did so."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pieces: list[tuple[float, bytes]] = []

    def write(self, data: bytes) -> int:
        self.pieces.append((self.now, bytes(data)))
        return len(data)


def _silence(at: float) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.zeros((1, 1152), np.int16), format="s16", layout="mono")
    frame.sample_rate = 48_000
    frame.pts = round(at * 48_000)
    frame.time_base = Fraction(1, 48_000)
    return frame
