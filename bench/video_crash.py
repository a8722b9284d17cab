"""Workers and servers that are killed while they work on videos: each job ends once, the same.

    python -m bench.video_crash > crash.json
    python -m bench.video_crash --rounds 3

First every job is done undisturbed. Then, round by round, the same jobs are started, and at a
random moment one worker is killed with `kill -9`, in every other round the server with it; both
are started again. Each job has to end once, which is counted in the ledger and in what a webhook
is told, with exactly the results of the undisturbed one.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import serving

from reknown.cli.demo_images import EILEEN, jpeg

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import videos

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEASE = 2
_SECRET = "whsec_" + 32 * "A"
_VIDEO = {"S3Object": {"Bucket": "media", "Name": "film.mp4"}}
_KINDS: dict[str, dict[str, Any]] = {
    "FaceDetection": {},
    "FaceSearch": {"CollectionId": "people"},
    "PersonTracking": {},
}
_WEBHOOK: Counter[str] = Counter()


class _Receiving(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        _WEBHOOK[json.loads(body)["JobId"]] += 1
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@dataclass(slots=True)
class Plant:
    """A server without workers of its own, and workers, on one data folder."""

    data: Path
    port: int
    options: list[str]
    server: serving.Server
    workers: list[subprocess.Popen[bytes]]

    def hire(self) -> None:
        command = [str(serving.REKNOWN), "worker", "--data", str(self.data)]
        command += ["--lease-seconds", str(_LEASE), *self.options]
        with (self.data / "workers.log").open("ab") as log:
            self.workers.append(subprocess.Popen(command, stderr=log))

    def kill_worker(self, chance: random.Random) -> None:
        victim = self.workers.pop(chance.randrange(len(self.workers)))
        victim.kill()
        victim.wait()
        self.hire()

    def kill_server(self) -> None:
        self.server.process.kill()
        self.server.process.wait()
        self.server = _serve(self.data, self.port, self.options)

    def stop(self) -> None:
        for worker in self.workers:
            worker.send_signal(signal.SIGTERM)
        for worker in self.workers:
            worker.wait(timeout=30)
        self.server.stop()


def _serve(data: Path, port: int, options: list[str]) -> serving.Server:
    return serving.start(data, port, "--video-workers", "0", *options)


@contextmanager
def _plant(folder: Path, webhook: str, workers: int) -> Iterator[Plant]:
    media = folder / "buckets" / "media"
    media.mkdir(parents=True)
    _render(media / "film.mp4")
    os.environ["REKNOWN_WEBHOOK_SECRET"] = _SECRET
    options = ["--buckets", str(folder / "buckets"), "--webhook", webhook]
    data, port = folder / "data", serving.free_port()
    plant = Plant(data, port, options, _serve(data, port, options), [])
    try:
        for _ in range(workers):
            plant.hire()
        yield plant
    finally:
        plant.stop()


def _render(path: Path) -> None:
    """Eight seconds of Eileen, then of both, then of Grace."""
    across = videos.line((0.25, 0.4), (0.45, 0.6))
    scenes = [
        videos.scene(videos.steady(0, 3000), [(videos.eileen(), across)]),
        videos.scene(
            videos.steady(3000, 5000),
            [
                (videos.eileen(), videos.still((0.3, 0.5))),
                (videos.grace(), videos.still((0.7, 0.5))),
            ],
        ),
        videos.scene(videos.steady(5000, 8000), [(videos.grace(), across)]),
    ]
    videos.render(path, (frame for scene in scenes for frame in scene))


def _start(client: Any, number: int) -> dict[str, str]:
    """One job of each kind; asked again with the same token should the server be killed."""
    return {
        kind: _patiently(
            client, f"Start{kind}", Video=_VIDEO, ClientRequestToken=f"{number}", **further
        )["JobId"]
        for kind, further in _KINDS.items()
    }


def _patiently(client: Any, operation: str, **request: Any) -> dict[str, Any]:
    for _ in range(600):
        answer: dict[str, Any] | None = client(operation, request)
        if answer is not None:
            return answer
        time.sleep(0.05)
    raise TimeoutError(operation)


def _results(client: Any, jobs: dict[str, str]) -> dict[str, Any]:
    found = {}
    for kind, job_id in jobs.items():
        deadline = time.monotonic() + 120
        while True:
            answer = _patiently(client, f"Get{kind}", JobId=job_id)
            if answer["JobStatus"] != "IN_PROGRESS":
                break
            if time.monotonic() > deadline:
                raise TimeoutError(job_id)
            time.sleep(0.1)
        found[kind] = {name: answer[name] for name in answer if name != "JobId"}
    return found


def _caller(access: serving.Access) -> Any:
    raw = serving.RawClient(access)

    def call(operation: str, request: dict[str, Any]) -> dict[str, Any] | None:
        """The answer, None when nobody answers."""
        try:
            return raw.must(operation, request)
        except (OSError, http.client.HTTPException):
            return None

    return call


def _round(plant: Plant, client: Any, number: int, chance: random.Random) -> dict[str, Any]:
    jobs = _start(client, number)
    time.sleep(chance.uniform(0.2, 3.0))
    plant.kill_worker(chance)
    if number % 2:
        plant.kill_server()
    killed = time.monotonic()
    found = _results(client, jobs)
    seconds = time.monotonic() - killed
    serving.say(f"round {number}: all jobs ended {seconds:.1f} s after the kill")
    return {"jobs": jobs, "found": found, "seconds": seconds}


def _ends(data: Path) -> Counter[str]:
    """How often the ledger says that each job ended."""
    command = [str(serving.REKNOWN), "ledger", "--json", "--data", str(data)]
    done = subprocess.run(command, capture_output=True, check=True)
    rows = map(json.loads, done.stdout.splitlines())
    return Counter(
        row["record"]["job"]
        for row in rows
        if row["operation"] in ("detect", "identify") and row["record"].get("job")
    )


def _attempts(data: Path) -> Counter[int]:
    """At which attempt jobs ended, as the workers' log says."""
    lines = map(json.loads, (data / "workers.log").read_text(encoding="utf-8").splitlines())
    return Counter(line["attempt"] for line in lines if line["event"] == "video job")


def _report(plant: Plant, expected: dict[str, Any], rounds: list[dict[str, Any]]) -> dict[str, Any]:
    jobs = [job_id for one in rounds for job_id in one["jobs"].values()]
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not set(jobs) <= set(_WEBHOOK):
        time.sleep(0.2)
    ends = _ends(plant.data)
    seconds = [one["seconds"] for one in rounds]
    return {
        "machine": serving.machine(),
        "kills": {"workers": len(rounds), "servers": len(rounds) // 2},
        "jobs": len(jobs),
        "succeeded": sum(
            answer["JobStatus"] == "SUCCEEDED" for one in rounds for answer in one["found"].values()
        ),
        "results_as_undisturbed": sum(
            one["found"][kind] == expected[kind] for one in rounds for kind in _KINDS
        ),
        "ended_once_in_ledger": sum(ends[job_id] == 1 for job_id in jobs),
        "told_once_to_webhook": sum(_WEBHOOK[job_id] == 1 for job_id in jobs),
        "ended_at_attempt": dict(sorted(_attempts(plant.data).items())),
        "seconds_to_end_after_kill": {
            "median": round(statistics.median(seconds), 1),
            "max": round(max(seconds), 1),
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    chance = random.Random(0)
    receiver = HTTPServer(("127.0.0.1", 0), _Receiving)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    webhook = f"http://127.0.0.1:{receiver.server_port}/"
    with (
        tempfile.TemporaryDirectory() as folder,
        _plant(Path(folder), webhook, arguments.workers) as plant,
    ):
        client = _caller(serving.make_key(plant.data, plant.server.address))
        client("CreateCollection", {"CollectionId": "people"})
        image = {"Bytes": base64.b64encode(jpeg(EILEEN.crop())).decode()}
        client("IndexFaces", {"CollectionId": "people", "Image": image})
        expected = _results(client, _start(client, 0))
        numbers = range(1, arguments.rounds + 1)
        rounds = [_round(plant, client, number, chance) for number in numbers]
        report = _report(plant, expected, rounds)
    receiver.shutdown()
    json.dump(report, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
