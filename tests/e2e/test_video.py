"""Who appears in a video, with the command as it is installed."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import av
import pytest

import hostile_videos
from reknown.biometrics.errors import InvalidVideoError
from reknown.video.containers import examine
from videos import eileen, grace, line, render, scene, steady, still

REKNOWN = Path(sys.executable).with_name("reknown")


def _reknown(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [REKNOWN, *map(str, words)], capture_output=True, text=True, timeout=120, check=False
    )


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(entry) for entry in text.splitlines()]


@pytest.fixture(scope="module")
def party(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eileen for two seconds, then both for two, then nobody, then Grace alone."""
    path = tmp_path_factory.mktemp("party") / "party.mp4"
    alone = [(eileen(), line((0.25, 0.5), (0.4, 0.5)))]
    both = [(eileen(), still((0.4, 0.5))), (grace(), line((0.65, 0.5), (0.8, 0.6)))]

    def frames() -> Any:
        yield from scene(steady(0, 2000), alone)
        yield from scene(steady(2000, 4000), both)
        yield from scene(steady(4000, 5000), [])
        yield from scene(steady(5000, 6000), [(grace(200), still((0.5, 0.5)))])

    render(path, frames())
    return path


@pytest.fixture
def enrolled(people: Path) -> Path:
    """Eileen is enrolled, Grace is a stranger."""
    plan = people / "plan.csv"
    plan.write_text("image,subject\nEileen Collins/1.jpg,Eileen\n")
    assert _reknown("enroll", plan).returncode == 0
    return people


def test_from_a_video_to_a_past_stranger(party: Path, enrolled: Path, tmp_path: Path) -> None:
    page, video = tmp_path / "out.html", tmp_path / "out.mp4"
    options = ["--keep", 30, "--report", page, "--annotate", video, "--blur-unknown"]
    done = _reknown("video", "identify", party, "--json", *options)
    assert (done.returncode, done.stderr) == (0, "")
    (found,) = _lines(done.stdout)
    spans = [
        (a["from_ms"], a["to_ms"], a["candidates"][0]["user"] if a["candidates"] else None)
        for a in found["appearances"]
    ]
    expected = [(0, 3960, "Eileen"), (2000, 3960, None), (5000, 5960, None)]
    assert [span[2] for span in spans] == [span[2] for span in expected]
    for (start, end, _), (first, last, _) in zip(spans, expected, strict=True):
        assert abs(start - first) <= 200
        assert abs(end - last) <= 200
    strangers = {a["person"] for a in found["appearances"] if not a["candidates"]}
    assert len(strangers) == 1
    assert page.read_text(encoding="utf-8").count("data:image/jpeg;base64,") >= 4
    with av.open(str(video)) as source, av.open(str(party)) as original:
        moments = [[f.pts * f.time_base for f in c.decode(video=0)] for c in (source, original)]  # type: ignore[operator]
        assert moments[0] == moments[1]
    searched = _reknown("video", "search", enrolled / "Grace Hopper" / "1.jpg", "--json")
    assert (searched.returncode, searched.stderr) == (0, "")
    (answer,) = _lines(searched.stdout)
    assert sorted(track["from_ms"] // 1000 for track in answer["tracks"]) == [2, 5]
    assert {track["video_sha256"] for track in answer["tracks"]} == {found["sha256"]}
    operations = [event["operation"] for event in _lines(_reknown("ledger", "--json").stdout)]
    assert operations[-3:] == ["identify", "keep sightings", "search sightings"]
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_what_is_no_video_is_one_line(enrolled: Path, tmp_path: Path) -> None:
    fake = tmp_path / "list.mp4"
    fake.write_text("#EXTM3U\nhttp://127.0.0.1/secret.ts\n")
    done = _reknown("video", "identify", fake, "--json")
    assert done.returncode == 2
    (found,) = _lines(done.stdout)
    assert found["error"]["type"] == InvalidVideoError.__name__
    assert done.stderr == ""


def test_ctrl_c_ends_the_work_and_leaves_nothing_behind(
    party: Path, enrolled: Path, tmp_path: Path
) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            [REKNOWN, "video", "identify", party, party, "--json", "--keep", "3"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        signal.signal(signal.SIGINT, before)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["kept"]["tracks"] == 3
    children = _wait_for_child(process.pid)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert all(_ends(child) for child in children)
    kept = _lines(_reknown("video", "tracks", "list", "--json").stdout)
    assert len(kept) == 3


def _wait_for_child(pid: int) -> list[int]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if children:
            return [int(child) for child in children]
        time.sleep(0.02)
    raise AssertionError("no second video was begun")


def _ends(pid: int) -> bool:
    """Whether the process is gone within seconds, or dead and only not yet waited for."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state in "XZ":
            return True
        time.sleep(0.02)
    return False


def test_a_terminal_shows_how_far_it_is(party: Path, enrolled: Path) -> None:
    ours, theirs = pty.openpty()
    surroundings = {**os.environ, "TERM": "xterm", "COLUMNS": "150"}
    with subprocess.Popen(
        [REKNOWN, "video", "identify", party],
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env=surroundings,
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while data := os.read(ours, 4096):
                shown += data
        except OSError:  # Linux says so when the other end is closed
            pass
        os.close(ours)
    assert process.returncode == 0
    text = shown.decode()
    assert "party.mp4" in text
    assert "frames/s" in text
    assert "x real time" in text


def test_bombs_cost_their_own_answers_alone(party: Path, enrolled: Path, tmp_path: Path) -> None:
    paths = []
    for bomb in hostile_videos.kinds():
        paths.append(tmp_path / f"{bomb.name}.mp4")
        paths[-1].write_bytes(bomb.bytes())
    refused = [path for path in paths if not _is_let_through(path)]
    assert len(refused) > 30
    done = _reknown("video", "identify", *refused, party, "--json")
    assert done.returncode == 2
    *errors, found = _lines(done.stdout)
    assert {answer["error"]["type"] for answer in errors} == {"InvalidVideoError"}
    assert all("ffmpeg -i in.mp4 out.mp4" in answer["error"]["message"] for answer in errors)
    assert found["appearances"]


def _is_let_through(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            examine(file)
        except InvalidVideoError:
            return False
    return True
