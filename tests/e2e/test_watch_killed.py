"""`kill -9` of a watch: what was told is there, and the next one tells who had left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from processes import children, running, wait_for
from reknown.storage.database import open_database, reading
from reknown.watches import events
from videos import eileen, render, scene, steady, still

if TYPE_CHECKING:
    import pytest

REKNOWN = Path(sys.executable).with_name("reknown")
# what a machine with other work may take beyond the ten seconds
_SLACK = 10


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)


def test_what_a_killed_watch_told_is_kept_and_its_visits_end(
    people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    subprocess.run([REKNOWN, "enroll", people], check=True, capture_output=True, timeout=120)
    render(tmp_path / "door.mp4", scene(steady(0, 60_000, 5), [(eileen(), still((0.5, 0.5)))]))
    watch = [str(REKNOWN), "watch", "door.mp4", "--json"]
    with subprocess.Popen(watch, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as killed:
        assert killed.stdout is not None
        told = [json.loads(killed.stdout.readline()) for _ in range(2)]
        readers = children(killed.pid)
        killed.kill()
    assert [event["kind"] for event in told] == ["camera", "arrived"]
    assert readers
    wait_for(lambda: not any(map(running, readers)))
    since = time.monotonic()
    while (again := _run(*watch, "--for", "0")).returncode == 2:
        assert "somebody watches as door already" in again.stderr
        assert time.monotonic() - since < 10 + _SLACK
    # that one saw nobody: who has left was there before
    assert again.returncode == 1
    assert " s: 0 frames, " in again.stderr
    (left, broken, ended) = [json.loads(line) for line in again.stdout.splitlines()]
    assert (broken["state"], broken["reason"]) == ("ended", "the watch broke off")
    assert (left["kind"], left["visit"]) == ("left", told[1]["visit"])
    assert left["reason"] == "the watch broke off"
    assert ended["state"] == "ended"
    database = open_database(Path(os.environ["REKNOWN_DATA"]))
    with reading(database) as connection:
        stored = events.read(connection, 0, 10)
    database.dispose()
    assert [(it.sequence, it.kind.value, it.visit) for it in stored] == [
        (it["sequence"], it["kind"], it.get("visit", "")) for it in (*told, left, broken, ended)
    ]
    assert [event.sequence for event in stored] == [1, 2, 3, 4, 5]
