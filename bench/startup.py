"""How long `reknown serve` takes until it listens, beside idle and beside busy cores.

    .venv/bin/python bench/startup.py [ROUNDS]

The peer is Python itself, which starts and imports nothing, in the same round. `first` has an
empty data folder and an empty cache, so that models are converted and the schema is made;
`again` has both. Beside busy cores as many processes compute as there are cores.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from reknown.vision.batch import available_cores

if TYPE_CHECKING:
    from collections.abc import Iterator

_REKNOWN = Path(sys.executable).with_name("reknown")
_BUSY = "while True: pass"


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    for busy in (0, available_cores()):
        with busy_processes(busy):
            print(json.dumps({"busy_processes": busy, **measure(rounds)}))


def measure(rounds: int) -> dict[str, Any]:
    runs: dict[str, list[tuple[float, float]]] = {"python": [], "first": [], "again": []}
    for _ in range(rounds):
        with TemporaryDirectory() as folder:
            runs["python"].append(timed([sys.executable, "-c", "print()"], {}))
            here = {"REKNOWN_DATA": f"{folder}/data", "REKNOWN_CACHE": f"{folder}/cache"}
            for case in ("first", "again"):
                runs[case].append(timed([str(_REKNOWN), "serve", "--port", "0"], here))
    return {
        case: {
            "median_seconds": round(statistics.median(wall for wall, _ in measured), 3),
            "most_seconds": round(max(wall for wall, _ in measured), 3),
            "median_cpu_seconds": round(statistics.median(cpu for _, cpu in measured), 3),
        }
        for case, measured in runs.items()
    }


def timed(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Seconds until a process says its first line, and what it computed until it had ended."""
    before, started = os.times(), time.perf_counter()
    with subprocess.Popen(
        command,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        seconds = time.perf_counter() - started
        process.terminate()
        process.communicate()
    after = os.times()
    used = after.children_user + after.children_system
    return seconds, used - before.children_user - before.children_system


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    running = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(count)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
