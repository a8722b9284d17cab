"""A process that has been taken over by what it decodes can say anything."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from broadcasts import film, sending, station, steady
from processes import child_of, wait_for_end
from reknown.video.live import camera as camera_module
from reknown.video.live.camera import LiveCamera
from reknown.video.live.cameras import Camera, CameraKind
from reknown.video.live.frames import CameraState, LiveFrame
from reknown.video.live.messages import Beat, FrameShown, Over, encode, read_want
from reknown.video.live.process import CameraProcess
from reknown.video.live.srt import SrtSettings
from reknown.vision.decoding.memory import PixelRoom
from watching import QUICK, said, watch

if TYPE_CHECKING:
    from collections.abc import Callable

LOST = CameraState.LOST
BEAT = Beat(1, 1, saving=False, still=0.0)


class Liar(CameraProcess):
    """Answers whatever it likes, over the real socket."""

    answer: Callable[[socket.socket, int], object]

    def __init__(self, *_: Any) -> None:
        self._room = PixelRoom(3 * QUICK.max_pixels)
        self.connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        threading.Thread(target=self._lie, args=(theirs,), daemon=True).start()

    def _lie(self, theirs: socket.socket) -> None:
        with suppress(OSError), theirs:
            while packet := theirs.recv(65_536):
                type(self).answer(theirs, read_want(packet).number)


def lying(monkeypatch: pytest.MonkeyPatch, answer: Callable[[socket.socket, int], object]) -> None:
    monkeypatch.setattr(Liar, "answer", staticmethod(answer), raising=False)
    monkeypatch.setattr(camera_module, "CameraProcess", Liar)


def gate() -> Camera:
    return Camera("gate", CameraKind.MPEGTS, "http://127.0.0.1:1/cam.ts")


@pytest.mark.parametrize(
    "packet",
    [
        b"\0" * 100,
        b"\xc1",
        msgspec.msgpack.encode({"type": "Over", "trouble": "call 555 1234"}),
        encode(FrameShown(1, 1, 0.0, 0.0, 100_000, 100_000)),
        encode(FrameShown(1, 1, 0.0, 0.0, 0, 0)),
    ],
)
def test_nonsense_ends_the_connection_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, packet: bytes
) -> None:
    lying(monkeypatch, lambda theirs, _: theirs.send(packet))
    with LiveCamera(gate(), QUICK) as cam:
        seen = watch(cam, said(LOST))
    assert "crashed" in seen.reasons[0]


def test_frames_cannot_be_of_the_future_or_go_back(monkeypatch: pytest.MonkeyPatch) -> None:
    lies = iter([(1e9, 5.0), (-1e9, 1e12), (3e8, 0.0), (0.0, 1e12), (None, 3.0)] * 40)

    def answer(theirs: socket.socket, want: int) -> None:
        stamp, arrived = next(lies)
        theirs.send(encode(BEAT))
        theirs.send(encode(FrameShown(want, want, stamp, arrived, 4, 4)))

    lying(monkeypatch, answer)
    began = time.time()
    with LiveCamera(gate(), QUICK) as cam:
        frames = [found for _ in range(100) if isinstance(found := cam.next(0.5), LiveFrame)]
    assert len(frames) > 20
    assert all(before.time_ms <= after.time_ms for before, after in itertools.pairwise(frames))
    assert frames[-1].time_ms <= 1000 * (time.time() - began) + 50_000
    assert all(began - 1 <= frame.at.timestamp() <= time.time() + 1 for frame in frames)


def test_a_frame_cannot_be_handed_out_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    lying(
        monkeypatch,
        lambda theirs, want: theirs.send(encode(FrameShown(want, 7, None, 0.0, 4, 4))),
    )
    with LiveCamera(gate(), QUICK) as cam:
        seen = watch(cam, said(LOST))
        assert cam.counts.passed_over == 6
    assert len(seen.frames) == 1


def test_an_end_that_it_invents_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    lying(monkeypatch, lambda theirs, _: theirs.send(encode(Over("ENDED"))))
    with LiveCamera(gate(), QUICK) as cam:
        seen = watch(cam, said(LOST))
        assert not cam.is_over
    assert "broke off" in seen.reasons[0]


def test_words_without_end_keep_nobody_from_stopping(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(theirs: socket.socket, _: int) -> None:
        while True:
            theirs.send(encode(BEAT))

    lying(monkeypatch, answer)
    with LiveCamera(gate(), QUICK) as cam:
        for _ in range(5):
            began = time.monotonic()
            cam.next(0.2)
            assert time.monotonic() - began < 30


def test_who_has_called_at_last_has_the_time_to_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    called = time.monotonic() + 1

    def answer(theirs: socket.socket, want: int) -> None:
        theirs.send(encode(Beat(0, 0, saving=False, still=0.0)))
        while time.monotonic() < called:
            time.sleep(0.1)
        theirs.send(encode(FrameShown(want, want, None, 0.0, 4, 4)))

    lying(monkeypatch, answer)
    listening = replace(gate(), kind=CameraKind.SRT, srt=SrtSettings("0123456789", listens=True))
    with LiveCamera(listening, replace(QUICK, silent=0.3)) as cam:
        seen = watch(cam, said(CameraState.CONNECTED))
    assert seen.states == [LOST, CameraState.CONNECTED]
    assert "has not called" in seen.reasons[0]


@pytest.mark.parametrize("hangs", [False, True])
def test_it_ends_with_whoever_watches(hangs: bool) -> None:
    """Killed while it reads, and while the camera does not even answer."""
    words = """
import sys
from reknown.video.live.camera import LiveCamera
from reknown.video.live.cameras import Camera, CameraKind
with LiveCamera(Camera("gate", CameraKind.MPEGTS, sys.argv[1])) as camera:
    while True:
        if camera.next(5) is not None:
            print("here", flush=True)
"""
    with station(
        {
            "/cam.ts": sending(film(steady(20))),
            "/hangs.ts": lambda visitor: void(visitor.gone.wait(60)),
        }
    ) as here:
        address = here.address + ("/hangs.ts" if hangs else "/cam.ts")
        command = [sys.executable, "-c", words, address]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as watcher:
            reader = child_of(watcher.pid, "reknown.video.live.child")
            if hangs:
                time.sleep(1)
            else:
                assert watcher.stdout is not None
                watcher.stdout.readline()
            os.kill(watcher.pid, signal.SIGKILL)
            wait_for_end(reader)


def void(_: object) -> None:
    """A route answers nothing."""
