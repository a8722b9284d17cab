from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import pytest

import videos
from processes import wait_for_end
from reknown.biometrics.errors import (
    InvalidVideoError,
    ModelNotFoundError,
    VideoTooLargeError,
    VideoWorkError,
)
from reknown.biometrics.templates import TemplateSpace
from reknown.biometrics.tracks import Effort, Observation, Shot, VideoInfo
from reknown.video import isolation, messages
from reknown.video.isolation import AnalysisRequest, WorkLimits, analyse_isolated
from video_faces import face

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.biometrics.tracks import VideoAnalysis


@pytest.fixture
def request_(cache_folder: Path, tmp_path: Path) -> AnalysisRequest:
    return AnalysisRequest("opencv", cache_folder, tmp_path / "packs", cut_outs=True)


@pytest.fixture(scope="module")
def clip() -> bytes:
    """Eileen walks through the image in two seconds."""
    moving = [(videos.eileen(), videos.line((0.25, 0.5), (0.75, 0.5)))]
    return videos.rendered(videos.scene(videos.steady(0, 2000), moving))


@contextmanager
def opened(data: bytes) -> Iterator[BinaryIO]:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        file.seek(0)
        yield file


def analysed(data: bytes, request_: AnalysisRequest, **limits: float) -> VideoAnalysis:
    with opened(data) as file:
        return analyse_isolated(file, request_, limits=WorkLimits(**limits))  # type: ignore[arg-type]


def children(parent: int | None = None) -> list[int]:
    """Processes that work on videos, of this process or another."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (entry / "cmdline").read_bytes()
            status = (entry / "stat").read_text().rpartition(")")[2].split()
            if b"reknown.video.child" in words and int(status[1]) == (parent or os.getpid()):
                found.append(int(entry.name))
    return found


@pytest.mark.parametrize(("pack", "measured"), [("opencv", True), ("public-domain", False)])
def test_a_video_is_analysed_elsewhere(
    clip: bytes, request_: AnalysisRequest, pack: str, measured: bool
) -> None:
    heard: list[tuple[int, int, int]] = []
    asked = replace(request_, pack=pack)
    with opened(clip) as file:
        found = analyse_isolated(file, asked, lambda *how_far: heard.append(how_far))
    assert found.space.pack == pack
    (track,) = found.tracks
    assert {shot.face.quality.magnitude is not None for shot in track.shots} == {measured}
    assert (track.start_ms, track.end_ms, track.person) == (0, 1960, 0)
    assert track.template.shape == (found.space.dimension,)
    assert track.shots[0].jpeg[:2] == b"\xff\xd8"
    assert found.effort.frames == 50
    assert found.effort.searched < 25
    assert all(total == found.info.duration_ms for done, total, _ in heard if done)
    assert children() == []


def test_the_same_video_gives_the_same_answer(clip: bytes, request_: AnalysisRequest) -> None:
    one, two = (analysed(clip, request_) for _ in range(2))
    assert one.sha256 == two.sha256
    assert one.tracks[0].observations == two.tracks[0].observations
    assert (one.tracks[0].template == two.tracks[0].template).all()


@pytest.mark.parametrize(
    ("data", "error"),
    [(b"", InvalidVideoError), (b"\0\0\0\x20ftypisom" + bytes(4000), InvalidVideoError)],
)
def test_what_is_no_video_is_refused(
    data: bytes, error: type[Exception], request_: AnalysisRequest
) -> None:
    with pytest.raises(error):
        analysed(data, request_)


def test_a_pack_that_is_not_there_is_named(clip: bytes, request_: AnalysisRequest) -> None:
    with pytest.raises(ModelNotFoundError, match="no-such-pack"):
        analysed(clip, AnalysisRequest("no-such-pack", request_.cache, request_.packs))


def test_eight_thousand_pixels_are_too_many(request_: AnalysisRequest) -> None:
    frames = videos.scene([0, 40], [], size=(7680, 4320))
    with pytest.raises(VideoTooLargeError, match="7680 x 4320"):
        analysed(videos.rendered(frames), request_)


def test_a_day_of_black_is_too_long(request_: AnalysisRequest) -> None:
    day = 24 * 3_600_000
    frames = videos.scene([0, 40, day], [], size=(160, 120), ground=(0, 0, 0))
    with pytest.raises(VideoTooLargeError, match=r"24\.0 hours"):
        analysed(videos.rendered(frames), request_)


def test_an_absurd_frame_rate_costs_no_more(request_: AnalysisRequest) -> None:
    frames = videos.scene(range(2000), [], size=(160, 120))
    found = analysed(videos.rendered(frames), request_)
    assert found.info.duration_ms == pytest.approx(2000, abs=50)
    assert found.effort.searched < 12


def test_too_little_memory_is_said(clip: bytes, request_: AnalysisRequest) -> None:
    with pytest.raises(VideoWorkError, match=r"memory|crashed"):
        analysed(clip, request_, address_space=300 * 2**20)


def test_time_is_limited(clip: bytes, request_: AnalysisRequest) -> None:
    with pytest.raises(VideoWorkError, match="too much time"):
        analysed(clip, request_, seconds=0.0, times_real=0.0)
    with pytest.raises(VideoWorkError, match="without progress"):
        analysed(clip, request_, silent_seconds=0.1)
    assert children() == []


def test_a_breakdown_of_the_decoder_is_an_error_of_that_video(
    clip: bytes, request_: AnalysisRequest
) -> None:
    def crash() -> None:
        while not children():
            time.sleep(0.01)
        os.kill(children()[0], signal.SIGSEGV)

    thread = threading.Thread(target=crash, daemon=True)
    thread.start()
    with pytest.raises(VideoWorkError, match="crashed: it ended with signal 11"):
        analysed(clip, request_)
    thread.join()


def test_whoever_waits_can_stop_it(clip: bytes, request_: AnalysisRequest) -> None:
    class EnoughError(Exception):
        pass

    def stop(*_: int) -> None:
        raise EnoughError

    with opened(clip) as file, pytest.raises(EnoughError):
        analyse_isolated(file, request_, stop)
    assert children() == []


def test_it_dies_with_the_one_that_waits(clip: bytes, request_: AnalysisRequest) -> None:
    script = (
        "import sys, pathlib; from reknown.video.isolation import *\n"
        "paths = [pathlib.Path(word) for word in sys.argv[1:]]\n"
        "request = AnalysisRequest('opencv', paths[1], paths[2])\n"
        "analyse_isolated(open(paths[0], 'rb'), request, lambda *_: print('on', flush=True))\n"
    )
    with tempfile.NamedTemporaryFile() as file:
        file.write(clip)
        file.flush()
        words = [file.name, str(request_.cache), str(request_.packs)]
        waiting = subprocess.Popen(
            [sys.executable, "-c", script, *words], stdout=subprocess.PIPE, text=True
        )
        assert waiting.stdout is not None
        assert waiting.stdout.readline() == "on\n"
        (child,) = children(waiting.pid)
        waiting.kill()
        waiting.wait()
        waiting.stdout.close()
    wait_for_end(child)


def test_there_is_no_network_where_the_system_allows() -> None:
    script = (
        "from reknown.confinement import give_up_network\n"
        "give_up_network()\n"
        "import socket\n"
        "print(sorted(name for _, name in socket.if_nameindex()))\n"
        "try: socket.create_connection(('127.0.0.1', 9), 1)\n"
        "except OSError as error: print(type(error).__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    interfaces, refusal = done.stdout.splitlines()
    if interfaces != "['lo']":
        pytest.skip("this system lets no process give up its network")
    assert refusal == "OSError"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"\x05\0\0\0hello", "makes no sense"),
        (b"\xff\xff\xff\xff", "makes no sense"),
        (b"", "without an answer"),
    ],
)
def test_a_process_that_was_taken_over_is_not_believed(
    answer: bytes, reason: str, request_: AnalysisRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Path(request_.packs).with_name("impostor")
    program.write_text(f"#!/bin/sh\ncat >/dev/null\nprintf '{_octal(answer)}'\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(VideoWorkError, match=reason):
        analysed(b"", request_)


def _octal(data: bytes) -> str:
    return "".join(f"\\{byte:03o}" for byte in data)


@pytest.mark.parametrize(
    "lie",
    [
        {"observations": ()},
        {"shots": ()},
        {"template": b"\0" * 8},
        {"template": b"\xff" * 1536},
    ],
)
def test_tracks_that_cannot_be_are_refused(
    lie: dict[str, object], request_: AnalysisRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, shot = Observation(0, face()), Shot(0, face())
    track = {"person": 0, "observations": (seen,), "shots": (shot,), "template": b"\0" * 1536}
    told = [
        messages.FoundTrack(**(track | lie)),  # type: ignore[arg-type]
        messages.Analysed(
            VideoInfo("h264", "QuickTime / MOV", 40, 25.0, 640, 360, full_range=False),
            "0" * 64,
            TemplateSpace("opencv", "f", 128),
            (),
            Effort(1, 1, 1, {}),
        ),
    ]
    monkeypatch.setattr(isolation, "run_isolated", lambda *_: iter(told))
    with pytest.raises(VideoWorkError, match="crashed"):
        analysed(b"", request_)
