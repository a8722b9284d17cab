"""A real RTSP server, GStreamer's: what cameras speak."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import videos
from broadcasts import film, needs_rtsp, tower
from processes import children
from reknown.video.live.camera import LiveCamera
from reknown.video.live.cameras import Camera, CameraKind
from reknown.video.live.frames import CameraState
from watching import QUICK, frames, places_in, said, watch

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = needs_rtsp

CONNECTED, LOST, FROZEN = CameraState.CONNECTED, CameraState.LOST, CameraState.FROZEN
REFUSED = CameraState.REFUSED
# a GStreamer that starts for the first time looks at all its plugins
PATIENT = replace(QUICK, silent=3.0, connect=40.0)
H264 = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=12 ! rtph264pay name=pay0"
H265 = "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=12 ! rtph265pay name=pay0"
SOUND = "audiotestsrc is-live=true ! alawenc ! rtppcmapay name=pay1"


def picture(encoder: str, size: tuple[int, int] = (320, 240), rate: int = 25) -> str:
    width, height = size
    return (
        "videotestsrc is-live=true pattern=ball "
        f"! video/x-raw,width={width},height={height},framerate={rate}/1 ! {encoder}"
    )


def gate(address: str, **more: object) -> Camera:
    return replace(Camera("gate", CameraKind.RTSP, address), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pipeline", "shape", "udp"),
    [
        (picture(H264), (240, 320, 3), False),
        (picture(H265), (240, 320, 3), False),
        (f"{picture(H264, (1920, 1080))} {SOUND}", (1080, 1920, 3), False),
        (picture(H264), (240, 320, 3), True),
        (picture(H265), (240, 320, 3), True),
    ],
    ids=["H.264", "H.265", "1080p with sound", "H.264 over UDP", "H.265 over UDP"],
)
def test_what_an_rtsp_server_sends_is_watched(
    pipeline: str, shape: tuple[int, ...], udp: bool
) -> None:
    with tower(pipeline) as here, LiveCamera(gate(here.address, udp=udp), PATIENT) as cam:
        seen = watch(cam, frames(30))
    assert seen.states == [CONNECTED]
    assert {frame.pixels.shape for frame in seen.frames} == {shape}
    for before, after in pairwise(seen.frames[1:]):
        passed = after.time_ms - before.time_ms
        assert passed == pytest.approx(40 * (after.number - before.number), abs=25)


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_uneven_and_turned_pictures_come_as_they_were(codec: str, tmp_path: Path) -> None:
    upright = np.full((320, 240, 3), 30, np.uint8)
    upright[:160] = 220
    times = videos.uneven(0, 20_000, seed=5)
    place = tmp_path / "film.mkv"
    pieces = film(
        times,
        codec=f"libx{codec[1:]}",
        container="matroska",
        turns=1,
        paint=lambda *_: np.rot90(upright, -1),
    )
    place.write_bytes(b"".join(data for _, data in pieces))
    whole = f"{codec}parse ! video/x-{codec},stream-format=byte-stream,alignment=au"
    played = f"filesrc location={place} ! matroskademux ! {whole} ! rtp{codec}pay name=pay0"
    with tower(played) as here, LiveCamera(gate(here.address), PATIENT) as cam:
        seen = watch(cam, frames(40))
    assert places_in(times, seen) == 1
    for frame in seen.frames:
        assert frame.pixels.shape == upright.shape
        assert np.abs(frame.pixels.astype(int) - upright).mean() < 5


def test_a_server_that_is_stopped_is_frozen_and_goes_on() -> None:
    with tower(picture(H264)) as here, LiveCamera(gate(here.address), PATIENT) as cam:
        seen = watch(cam, frames(5))
        here.process.send_signal(signal.SIGSTOP)
        seen = watch(cam, said(CONNECTED, FROZEN), seen)
        here.process.send_signal(signal.SIGCONT)
        seen = watch(cam, said(FROZEN, CONNECTED), seen)
    assert all(before.time_ms <= after.time_ms for before, after in pairwise(seen.frames))


def test_a_server_that_dies_is_lost_and_found_again() -> None:
    with tower(picture(H264)) as here:
        cam = LiveCamera(gate(here.address), PATIENT)
        seen = watch(cam, frames(5))
    with cam:
        seen = watch(cam, said(CONNECTED, LOST), seen)
        with tower(picture(H264), port=here.port):
            seen = watch(cam, said(LOST, CONNECTED), seen)
    assert seen.states == [CONNECTED, LOST, CONNECTED]


def test_a_password_goes_to_the_camera_alone() -> None:
    with tower(picture(H264), "viewer", "s3cret/p@ss") as here:
        with LiveCamera(gate(here.address, user="viewer", password="s3cret/p@ss"), PATIENT) as cam:
            seen = watch(cam, frames(3))
            (reader,) = children(os.getpid(), "reknown.video.live.child")
            for name in ("cmdline", "environ"):
                assert b"s3cret" not in Path(f"/proc/{reader}/{name}").read_bytes()
        assert seen.states == [CONNECTED]
        with LiveCamera(gate(here.address, user="viewer", password="wr0ng"), PATIENT) as cam:
            seen = watch(cam, said(REFUSED))
        with LiveCamera(gate(here.address), PATIENT) as cam:
            seen = watch(cam, said(REFUSED), seen)
    assert set(seen.reasons) == {seen.reasons[0]}
    assert "wr0ng" not in seen.reasons[0]


def test_a_path_that_is_not_there_is_said_to_be() -> None:
    with tower(picture(H264)) as here:
        address = here.address.replace("/cam", "/none")
        with LiveCamera(gate(address), PATIENT) as cam:
            assert "no such stream" in watch(cam, said(LOST)).reasons[0]


@contextmanager
def answering(text: str) -> Iterator[tuple[str, list[bytes]]]:
    """A camera that says the same to whatever it is asked, and what it was asked."""
    heard: list[bytes] = []
    over = threading.Event()

    def serve(listener: socket.socket) -> None:
        while not over.is_set():
            with suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    connection.settimeout(5)
                    while data := connection.recv(4096):
                        heard.append(data)
                        connection.sendall(text.encode())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield f"rtsp://127.0.0.1:{listener.getsockname()[1]}/cam", heard
        finally:
            over.set()
            thread.join()


@pytest.mark.parametrize("scheme", ["rtsp", "http", "file"])
def test_nobody_goes_where_a_camera_sends_its_viewers(scheme: str) -> None:
    with answering("RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n") as (there, heard):
        away = there.replace("rtsp", scheme, 1)
        redirect = f"RTSP/1.0 302 Found\r\nCSeq: 1\r\nLocation: {away}\r\n\r\n"
        with answering(redirect) as (address, _), LiveCamera(gate(address), QUICK) as cam:
            seen = watch(cam, lambda seen: seen.states)
        assert heard == []
    assert seen.states == [LOST]
    assert "another place" in seen.reasons[0]


def test_a_server_that_says_nothing_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"rtsp://127.0.0.1:{listener.getsockname()[1]}/cam"
        began = time.monotonic()
        with LiveCamera(gate(address), QUICK) as cam:
            seen = watch(cam, said(LOST))
        assert time.monotonic() - began < 30
    assert "does not answer" in seen.reasons[0]
