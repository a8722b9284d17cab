"""Cameras over SRT: GStreamer sends, the system's libsrt receives."""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from broadcasts import film, free_udp_port, needs_srt, playing, steady
from processes import children
from reknown.video.live.camera import LiveCamera
from reknown.video.live.cameras import Camera, CameraKind
from reknown.video.live.frames import CameraState
from reknown.video.live.srt import SrtSettings
from watching import QUICK, frames, said, watch

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

pytestmark = needs_srt

CONNECTED, LOST, FROZEN = CameraState.CONNECTED, CameraState.LOST, CameraState.FROZEN
REFUSED = CameraState.REFUSED
# a GStreamer that starts for the first time looks at all its plugins
PATIENT = replace(QUICK, connect=40.0)
SECRET = "s3cret-passphrase"
H264 = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=12"
H265 = (
    "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=12 ! h265parse config-interval=-1"
)


def picture(encoder: str = H264) -> str:
    return (
        "videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=25/1 "
        f"! {encoder} ! mpegtsmux alignment=7"
    )


@contextmanager
def mast(
    port: int, source: str, passphrase: str | None = None, mode: str = "listener"
) -> Iterator[subprocess.Popen[str]]:
    """Sends it over SRT."""
    secret = f"passphrase={passphrase}" if passphrase else ""
    sink = f'srtsink uri="srt://127.0.0.1:{port}?mode={mode}" {secret}'
    with playing(f"{source} ! {sink}") as process:
        yield process


def gate(port: int, passphrase: str | None = None, **more: object) -> Camera:
    srt = replace(SrtSettings(passphrase), **more)  # type: ignore[arg-type]
    return Camera("gate", CameraKind.SRT, f"srt://127.0.0.1:{port}", srt=srt)


@pytest.mark.parametrize(
    ("encoder", "passphrase"), [(H264, None), (H265, SECRET)], ids=["H.264", "H.265, encrypted"]
)
def test_what_comes_over_srt_is_watched(encoder: str, passphrase: str | None) -> None:
    port = free_udp_port()
    with (
        mast(port, picture(encoder), passphrase),
        LiveCamera(gate(port, passphrase, stream_id="#!::r=yard"), PATIENT) as cam,
    ):
        seen = watch(cam, frames(30))
        (reader,) = children(os.getpid(), "reknown.video.live.child")
        for name in ("cmdline", "environ"):
            told = Path(f"/proc/{reader}/{name}").read_bytes()
            assert b"127.0.0.1" not in told
            assert SECRET.encode() not in told
    assert seen.states == [CONNECTED]
    assert {frame.pixels.shape for frame in seen.frames} == {(240, 320, 3)}
    for before, after in pairwise(seen.frames[1:]):
        passed = after.time_ms - before.time_ms
        assert passed == pytest.approx(40 * (after.number - before.number), abs=25)


def test_a_wrong_passphrase_is_refused_and_said_to_be() -> None:
    port = free_udp_port()
    with mast(port, picture(), SECRET):
        for passphrase in (None, "wr0ng-passphrase"):
            with LiveCamera(gate(port, passphrase), PATIENT) as cam:
                seen = watch(cam, said(REFUSED))
            assert seen.reasons == [
                "it refuses this passphrase or stream id: correct it in the cameras file"
            ]


def test_nobody_there_is_said_to_be_out_of_reach() -> None:
    with LiveCamera(gate(free_udp_port()), replace(QUICK, silent=1.0)) as cam:
        seen = watch(cam, lambda _: cam.reconnects >= 2)
    assert seen.states == [LOST]
    assert "cannot be reached" in seen.reasons[0]


def test_a_camera_that_stops_is_frozen_and_one_that_ends_is_lost_until_it_is_back() -> None:
    port = free_udp_port()
    with mast(port, picture()) as sender:
        cam = LiveCamera(gate(port), PATIENT)
        seen = watch(cam, frames(5))
        sender.send_signal(signal.SIGSTOP)
        seen = watch(cam, said(CONNECTED, FROZEN), seen)
        sender.send_signal(signal.SIGCONT)
        seen = watch(cam, said(FROZEN, CONNECTED), seen)
        sender.terminate()
        seen = watch(cam, said(CONNECTED, LOST), seen)
    assert "broke off" in seen.reasons[-1]
    with cam, mast(port, picture()):
        seen = watch(cam, said(LOST, CONNECTED), seen)
    assert all(before.time_ms <= after.time_ms for before, after in pairwise(seen.frames))


def test_a_flood_over_srt_is_read_as_fast_as_it_was_filmed(tmp_path: Path) -> None:
    place = tmp_path / "film.ts"
    place.write_bytes(b"".join(data for _, data in film(steady(60))))
    port, limits = free_udp_port(), replace(PATIENT, ahead=3.0)
    flood = f"filesrc location={place} blocksize=1316"
    began = time.monotonic()
    with LiveCamera(gate(port), limits) as cam, mast(port, flood):
        watch(cam, frames(1))
        until = time.monotonic() + 3
        watch(cam, lambda _: time.monotonic() > until)
        passed = time.monotonic() - began
        assert cam.counts.frames < 25 * (passed + limits.ahead + 3)


def test_a_camera_may_call_and_nobody_without_the_passphrase() -> None:
    port = free_udp_port()
    with LiveCamera(gate(port, SECRET, listens=True), QUICK) as cam:
        with mast(port, picture(), "wr0ng-passphrase", "caller"):
            seen = watch(cam, said(LOST))
        assert "has not called" in seen.reasons[0]
        assert cam.reconnects == 0
        with mast(port, picture(), SECRET, "caller") as sender:
            seen = watch(cam, frames(5), seen)
            sender.terminate()
            seen = watch(cam, said(LOST, CONNECTED, LOST), seen)
        with mast(port, picture(), SECRET, "caller"):
            watch(cam, said(LOST, CONNECTED), seen)


def test_two_cannot_be_called_at_one_port() -> None:
    port = free_udp_port()
    camera = gate(port, SECRET, listens=True)
    with LiveCamera(camera, QUICK) as first:
        watch(first, said(LOST))
        with LiveCamera(camera, QUICK) as second:
            seen = watch(second, said(LOST))
    assert "who else has the port" in seen.reasons[0]


def test_without_libsrt_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("libsrt.so.1.5", "libsrt-gnutls.so.1.5"):
        (tmp_path / name).write_bytes(b"")
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    with LiveCamera(gate(free_udp_port()), QUICK) as cam:
        seen = watch(cam, said(LOST))
    assert "apt install libsrt1.5-openssl" in seen.reasons[0]
