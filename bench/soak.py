"""A server under mixed, rude and hostile clients for minutes: nothing may be wrong at any time.

    make soak MINUTES=10
    python -m bench.soak --minutes 2 > soak.json

Six clients call all operations of the API, two use boto3, and each holds what it is told against
what it did: what was acknowledged is found by the next request, what was deleted is not. With a key
of their own, others send bombs, requests that are no requests, and go away in the middle. At the
end store, ledger and clients have to agree (`checking`), the log may hold no traceback, no answer
may be an internal error, and memory may not have grown. Status 1 for any of these.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from bench import checking, costs, rudeness, serving
from bench.boto import BotoClient
from bench.server_load import fill, load

if TYPE_CHECKING:
    from collections.abc import Sequence

_FILLING = argparse.Namespace(clients=6, collections=6, faces=600)
_BOTO3 = 2
_RUDE = 2
# Packs, statements and templates fill their memory first.
_SETTLED = 0.25
_GROWTH_MIB = 64.0
_SAMPLES_SECONDS = 1.0
# by itself after SIGTERM, or of it
_ENDED = (0, -signal.SIGTERM)
_INTERNAL = "InternalServerError"


class Memory(threading.Thread):
    """What the server and its processes hold, every second."""

    def __init__(self, process: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self._process, self._stop_asked = process, stop
        self.mib: list[float] = []

    def run(self) -> None:
        while not self._stop_asked.wait(_SAMPLES_SECONDS):
            self.mib.append(costs.held_mib(self._process))

    def report(self) -> dict[str, float]:
        """What is held at least, early and late: a large image is held for a moment only."""
        late = self.mib[int(len(self.mib) * _SETTLED) :] or [0.0]
        third = max(1, len(late) // 3)
        early_mib, late_mib = (
            float(np.percentile(part, 10)) for part in (late[:third], late[-third:])
        )
        return {
            "peak_mib": round(max(late)),
            "early_mib": round(early_mib),
            "late_mib": round(late_mib),
            "growth_mib": round(late_mib - early_mib, 1),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--no-bombs", action="store_true", help="rude clients only")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = _soak(Path(folder), 60 * arguments.minutes, bombs=not arguments.no_bombs)
    json.dump(report, sys.stdout, indent=1)
    sys.stdout.write("\n")
    sys.exit(int(bool(report["violations"])))


def _soak(folder: Path, seconds: float, *, bombs: bool) -> dict[str, Any]:
    data, stop = folder / "data", threading.Event()
    with serving.running(data, "--video-workers", 0) as server:
        access, stranger = (serving.make_key(data, server.address) for _ in range(2))
        plans, _ = fill(access, _FILLING)
        clients: list[BotoClient | rudeness.Rude] = [
            *(BotoClient(access, number) for number in range(_BOTO3)),
            *(rudeness.Rude(stranger, number, bombs=bombs) for number in range(_RUDE)),
        ]
        memory = Memory(server.process.pid, stop)
        threads: list[threading.Thread] = [memory]
        threads += [threading.Thread(target=each.work, args=(stop,)) for each in clients]
        with load(access, plans, folder / "stop", crashes=False) as records:
            for thread in threads:
                thread.start()
            _watch(server, seconds, clients)
            stop.set()
            for thread in threads:
                thread.join()
        serving.say("checking")
        verdict = checking.verdict(serving.RawClient(access), data, records)
    log = server.log.read_text(encoding="utf-8", errors="replace").splitlines()
    problems = [problem for each in clients for problem in each.problems]
    answers: Counter[str] = sum((each.answers for each in clients), Counter())
    report = {
        "machine": serving.machine(),
        "seconds": seconds,
        "requests": verdict["checked"]["requests_answered"] + answers.total(),
        "throttled": verdict["throttled"],
        "rude_and_boto3": dict(answers.most_common()),
        "memory": memory.report(),
        "latencies": checking.latencies(records),
        "verdict": verdict,
        "exit_status": server.process.returncode,
    }
    return {"violations": _violations(report, problems, log)} | report


def _watch(
    server: serving.Server, seconds: float, clients: Sequence[BotoClient | rudeness.Rude]
) -> None:
    """Until time is up or something is wrong."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        time.sleep(min(left, 5.0))
        if server.process.poll() is not None or any(client.problems for client in clients):
            serving.say("stopped early: something is wrong")
            return


def _violations(
    report: dict[str, Any], problems: Sequence[str], log: Sequence[str]
) -> dict[str, Any]:
    """What must not be, with examples; empty when all is well."""
    found: dict[str, Any] = {
        name: report["verdict"][name] for name in checking.FAULTS if report["verdict"][name]
    }
    if problems:
        found["clients"] = problems[:10]
    broken = [line for line in log if _is_broken(line)]
    if broken:
        found["log"] = broken[:10]
    if report["memory"]["growth_mib"] > _GROWTH_MIB:
        found["memory"] = report["memory"]
    if report["exit_status"] not in _ENDED:
        found["exit_status"] = report["exit_status"]
    return found


def _is_broken(line: str) -> bool:
    """A line of the log that is none, has a traceback, or tells of an internal error."""
    try:
        told = json.loads(line)
    except ValueError:
        return True
    return "exception" in told or told["level"] == "error" or told.get("code") == _INTERNAL


if __name__ == "__main__":
    main()
