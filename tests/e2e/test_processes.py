"""The installed command as its users run it: real processes, real signals."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from portraits import save_many

if TYPE_CHECKING:
    from collections.abc import Iterator

REKNOWN = Path(sys.executable).with_name("reknown")
pytestmark = pytest.mark.skipif(not REKNOWN.exists(), reason="reknown is not installed here")


def _reknown(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [str(REKNOWN), *map(str, words)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | environment,
    )


def _start(*words: object, **environment: str) -> subprocess.Popen[str]:
    # A shell's background jobs ignore Ctrl-C and hand that down, unless it is handled here.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            [REKNOWN, *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            pipesize=4096,  # it cannot get far ahead of whoever reads and is late
            env=os.environ | environment,
        )
    finally:
        signal.signal(signal.SIGINT, before)


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty different images of six people, made from two portraits."""
    root = tmp_path_factory.mktemp("crowd")
    save_many(root, 60, 6)
    return root


def test_the_version_is_shown() -> None:
    done = _reknown("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("reknown ")


def test_from_nothing_to_a_candidate(people: Path, tmp_path: Path) -> None:
    fresh = {"REKNOWN_CACHE": str(tmp_path / "fresh cache")}
    enrolled = _reknown("enroll", people, **fresh)
    assert (enrolled.returncode, enrolled.stderr) == (0, "")
    assert "2 images enrolled" in enrolled.stdout
    image = people / "Grace Hopper" / "1.jpg"
    found = _reknown("identify", image, "--draw", tmp_path / "out.png", **fresh)
    assert (found.returncode, found.stderr) == (0, "")
    assert "Grace Hopper" in found.stdout
    assert (tmp_path / "out.png").is_file()
    assert "\x1b" not in enrolled.stdout + found.stdout


def test_two_processes_may_start_at_once_with_nothing_there(people: Path, tmp_path: Path) -> None:
    fresh = {"REKNOWN_CACHE": str(tmp_path / "fresh")}
    both = [_start("enroll", people, "--json", **fresh) for _ in range(2)]
    outputs = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    outcomes = sorted(line["outcome"] for out, _ in outputs for line in _lines(out))
    assert outcomes == ["already enrolled"] * 2 + ["enrolled"] * 2


@pytest.mark.parametrize("command", ["reknown models list", "reknown detect {image} --json"])
def test_a_reader_that_goes_away_is_no_drama(people: Path, command: str) -> None:
    image = people / "Grace Hopper" / "1.jpg"
    words = command.format(image=f"'{image}' " * 30)
    done = subprocess.run(
        ["bash", "-c", f"{words.replace('reknown', str(REKNOWN), 1)} | head -c 1"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert len(done.stdout) == 1
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def test_an_error_is_one_line_and_no_traceback() -> None:
    done = _reknown("identify", "absent.jpg")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("reknown: collection 'people' does not exist")
    assert done.stderr.count("\n") == 1


def test_ctrl_c_ends_cleanly_and_the_next_run_goes_on(crowd: Path) -> None:
    process = _start("enroll", crowd, "--json")
    assert process.stdout is not None
    first = [json.loads(process.stdout.readline()) for _ in range(3)]
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "run the same again to go on" in errors
    printed = first + _lines(rest)
    assert len(printed) < 60
    again = _reknown("enroll", crowd, "--json")
    assert again.returncode == 0
    known = {line["face_id"] for line in _lines(again.stdout) if line["outcome"] != "enrolled"}
    assert {line["face_id"] for line in printed} <= known


def _killed_runs(crowd: Path, times: int) -> Iterator[list[dict[str, Any]]]:
    """What each run printed before it was killed at a random moment."""
    chance = random.Random(1)
    for _ in range(times):
        process = _start("enroll", crowd, "--json")
        assert process.stdout is not None
        printed, fresh, wanted = "", 0, chance.randint(1, 6)
        while fresh < wanted and (line := process.stdout.readline()):
            printed += line
            fresh += '"enrolled"' in line
        if chance.random() < 0.5:
            time.sleep(chance.uniform(0, 0.05))
        process.kill()
        rest, _ = process.communicate(timeout=30)
        assert process.returncode == -signal.SIGKILL
        whole = printed + rest
        yield _lines(whole[: whole.rfind("\n") + 1])


def test_killed_at_any_moment_nothing_acknowledged_is_lost(crowd: Path, tmp_path: Path) -> None:
    acknowledged: dict[str, str] = {}
    for printed in _killed_runs(crowd, 8):
        for line in printed:
            assert line["outcome"] != "refused"
            if line["image"] in acknowledged:
                assert line["outcome"] == "already enrolled"
            assert acknowledged.setdefault(line["image"], line["face_id"]) == line["face_id"]
    assert 8 <= len(acknowledged) < 60
    last = _reknown("enroll", crowd, "--json")
    assert last.returncode == 0
    outcomes = {line["image"]: line for line in _lines(last.stdout)}
    assert len(outcomes) == 60
    for image, face_id in acknowledged.items():
        assert outcomes[image]["outcome"] == "already enrolled"
        assert outcomes[image]["face_id"] == face_id
    faces = _lines(_reknown("faces", "list", "--json").stdout)
    assert set(acknowledged.values()) <= {face["face_id"] for face in faces}
    digests = sorted(face["image"]["sha256"] for face in faces)
    files = sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in crowd.rglob("*.jpg"))
    assert digests == files
    events = _lines(_reknown("ledger", "--json").stdout)
    enrolled = [event["record"]["faces"][0] for event in events if event["operation"] == "enrol"]
    assert sorted(enrolled) == sorted(face["face_id"] for face in faces)
    copy = tmp_path / "copy"
    shutil.copytree(os.environ["REKNOWN_DATA"], copy)
    with sqlite3.connect(copy / "reknown.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()
