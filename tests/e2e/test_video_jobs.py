"""Jobs on videos when the processes that work on them are killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

import callers
import processes
import videos
from servers import REKNOWN, Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(not REKNOWN.exists(), reason="reknown is not installed here"),
    processes.needs_proc,
]

_VIDEO = {"S3Object": {"Bucket": "media", "Name": "film.mp4"}}
_ANALYSIS = "reknown.video.child"


@pytest.fixture(scope="module")
def buckets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a video that takes a second or two."""
    root = tmp_path_factory.mktemp("buckets")
    (root / "media").mkdir()
    motion = videos.line((0.2, 0.4), (0.8, 0.6))
    film = videos.scene(videos.steady(0, 4000), [(videos.eileen(), motion)])
    videos.render(root / "media" / "film.mp4", film)
    return root


@contextmanager
def _server(data: Path, buckets: Path, workers: int, **options: Any) -> Iterator[Server]:
    words = ["--buckets", buckets, "--video-workers", workers]
    with serving(data, *words, **options) as server:
        yield server


@contextmanager
def _worker(server: Server, buckets: Path) -> Iterator[subprocess.Popen[str]]:
    """One that loses its lease a second after its death."""
    command = [REKNOWN, "worker", "--data", server.data, "--buckets", buckets]
    process = subprocess.Popen(
        [*map(str, command), "--lease-seconds", "1"], stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=30)


def _start(server: Server) -> str:
    client = callers.distinct(server.client(**callers.NO_RETRIES))
    job_id: str = client.start_person_tracking(Video=_VIDEO)["JobId"]
    return job_id


def _state(server: Server, job_id: str) -> str:
    state: str = server.client().get_person_tracking(JobId=job_id)["JobStatus"]
    return state


def _persons(server: Server, job_id: str) -> list[dict[str, Any]]:
    processes.wait_for(lambda: _state(server, job_id) != "IN_PROGRESS", 300)
    answer = server.client().get_person_tracking(JobId=job_id)
    assert answer["JobStatus"] == "SUCCEEDED", answer.get("StatusMessage")
    persons: list[dict[str, Any]] = answer["Persons"]
    return persons


def _ends(server: Server, job_id: str) -> list[dict[str, Any]]:
    """What the ledger says of the end of a job."""
    return [
        row
        for row in callers.ledger(server)
        if row["operation"] == "detect" and row["record"].get("job") == job_id
    ]


def test_a_worker_that_is_killed_is_replaced_and_its_job_ends_once(
    tmp_path: Path, buckets: Path
) -> None:
    with _server(tmp_path / "data", buckets, 0) as server:
        with _worker(server, buckets):
            expected = _persons(server, undisturbed := _start(server))
        jobs = [_start(server) for _ in range(2)]
        for delay in (0.0, 0.4):
            with _worker(server, buckets) as victim:
                analysis = processes.child_of(victim.pid, _ANALYSIS)
                time.sleep(delay)
                victim.kill()
                processes.wait_for_end(analysis)
        with _worker(server, buckets):
            for job_id in jobs:
                assert _persons(server, job_id) == expected
        for job_id in (undisturbed, *jobs):
            assert len(_ends(server, job_id)) == 1
        assert expected


def test_a_worker_that_is_told_to_stop_gives_its_job_back_at_once(
    tmp_path: Path, buckets: Path
) -> None:
    with _server(tmp_path / "data", buckets, 0) as server:
        job_id = _start(server)
        with _worker(server, buckets) as worker:
            processes.child_of(worker.pid, _ANALYSIS)
            worker.send_signal(signal.SIGTERM)
            _, log = worker.communicate(timeout=60)
            assert worker.returncode == 0
        assert [json.loads(line)["event"] for line in log.splitlines()] == [
            "video job given back",
            "stopping",
        ]
        done = subprocess.run(
            [REKNOWN, "worker", "--once", "--data", server.data, "--buckets", buckets],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        (line,) = map(json.loads, done.stderr.splitlines())
        assert (line["job"], line["state"], line["attempt"]) == (job_id, "SUCCEEDED", 1)
        assert _persons(server, job_id)


def test_a_server_that_is_killed_takes_its_worker_along_and_both_go_on_later(
    tmp_path: Path, buckets: Path
) -> None:
    data = tmp_path / "data"
    with _server(data, buckets, 1) as server:
        expected = _persons(server, _start(server))
        job_id = _start(server)
        (worker,) = processes.children(server.process.pid, "worker")
        analysis = processes.child_of(worker, _ANALYSIS)
        server.process.kill()
        for process in (worker, analysis):
            processes.wait_for_end(process)
        key = server.key_id, server.secret
    with _server(data, buckets, 1, key=key) as server:
        assert _persons(server, job_id) == expected
        assert len(_ends(server, job_id)) == 1
        (worker,) = processes.children(server.process.pid, "worker")
        server.process.terminate()
        server.process.wait(timeout=20)
        processes.wait_for_end(worker)


def test_without_a_place_to_read_from_there_is_no_worker(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        time.sleep(0.5)
        assert processes.children(server.process.pid) == []
    done = subprocess.run(
        [REKNOWN, "worker", "--data", tmp_path / "data"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert "--buckets, --s3-endpoint or --uploads" in done.stderr


def test_a_worker_ends_when_its_parent_is_gone_already(tmp_path: Path, buckets: Path) -> None:
    done = subprocess.run(
        [REKNOWN, "worker", "--parent", str(os.getppid()), "--buckets", buckets],
        timeout=30,
        check=False,
    )
    assert done.returncode == 0


def test_where_videos_cannot_be_read_it_is_said(tmp_path: Path, buckets: Path) -> None:
    hidden = "import sys; sys.modules['av'] = None; from reknown.cli.main import app; app()"
    program = (sys.executable, "-c", hidden)
    with serving(tmp_path / "data", "--buckets", buckets, program=program) as server:
        processes.wait_for(lambda: "pip install 'reknown[video]'" in "".join(server.log))
        assert processes.children(server.process.pid, "worker") == []
