"""What it costs to have a Dask cluster look at pictures: one scan with threads, and with workers.

    python -m bench.cluster --images FOLDER > cluster.json
    python -m bench.cluster --images FOLDER --pictures 300 --rounds 3

Each way scans the same pictures into a new data folder, in a process of its own, in turns. What
is timed begins when the models are loaded everywhere: connections, processes and models are told
as `start_seconds`. With one thread or one worker the other cores are free for the command and the
scheduler; where there are as many workers as cores, they share them. `cpu_ms` is of all processes:
the command with the scheduler, and workers and decoders; where others are at work on the machine,
read the ratios of that. With `--kills` also with two workers of which one is ended with SIGKILL
every second or two, if it has been there for eight. Status 1 where the ways did not keep the same
templates.
"""

from __future__ import annotations

import argparse
import hashlib
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
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil  # comes with distributed
from bench import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.services.context import Context

# Written before it was measured.
_EXPECTED = {
    "one worker against one thread": "at most 1.10 times the time a picture",
    "two workers against two threads, on two cores": "at most 1.10 times the time a picture",
    "same templates": True,
}
_WARM = 6
# What keeps workers alive gives up those that die before they are up.
_STARTED = 8.0
_KILLED = "local:2 killed"


def main() -> None:
    arguments = _parse()
    if arguments.one:
        json.dump(_one(arguments.one, arguments.images, arguments.data), sys.stdout)
        return
    ways = ["threads:1", "local:1", "threads:2", "local:2"]
    if arguments.kills:
        ways.append(_KILLED)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        size = _chosen(arguments, root / "pictures")
        rounds = [
            {way: _apart(way, root / "pictures", root / f"{number} {way}") for way in ways}
            for number in range(arguments.rounds)
        ]
    kept = {found["kept"] for each in rounds for found in each.values()}
    report = {
        "machine": serving.machine(),
        "pictures": arguments.pictures,
        "mean_kib": round(size / arguments.pictures / 1024, 1),
        "expected": _EXPECTED,
        "same_templates": len(kept) == 1,
        "ways": {way: _summary([each[way] for each in rounds]) for way in ways},
        "ratios": {
            f"local:{n} / threads:{n}": {
                what: _ratios(rounds, what, f"local:{n}", f"threads:{n}")
                for what in ("ms", "cpu_ms")
            }
            for n in (1, 2)
        },
    }
    json.dump(report, sys.stdout, indent=1)
    sys.exit(len(kept) != 1)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--kills", action="store_true", help="also with workers killed all the time"
    )
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _chosen(arguments: argparse.Namespace, folder: Path) -> int:
    """Copies pictures there by chance; how many bytes they have."""
    folder.mkdir()
    sources = sorted(arguments.images.rglob("*.jpg"))
    some = random.Random(arguments.seed).sample(sources, arguments.pictures)
    for number, source in enumerate(some):
        (folder / f"{number:05}.jpg").write_bytes(source.read_bytes())
    return sum(path.stat().st_size for path in folder.iterdir())


def _apart(way: str, pictures: Path, data: Path) -> dict[str, Any]:
    """In another process, so that all it started can be counted when it has ended."""
    words = ["--one", way, "--images", pictures, "--data", data]
    command = [sys.executable, "-m", "bench.cluster", *map(str, words)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    serving.say(f"{way}: {found['ms']:.1f} ms a picture, {found['cpu_ms']:.1f} of processors")
    return found


def _one(way: str, pictures: Path, data: Path) -> dict[str, Any]:
    from reknown.services.archive.scan import ScanRequest, ScanTally, scan

    begun = time.monotonic()
    with _context(way, data) as context:
        _warm(context, sorted(pictures.iterdir())[:_WARM])
        started, own, others = time.monotonic(), *_cpu()
        request = ScanRequest((pictures,), "people")
        with _killing(way == _KILLED) as killed:
            files = sum(1 for _ in scan(context, request, ScanTally()))
        seconds = time.monotonic() - started
        own, others = (now - then for now, then in zip(_cpu(), (own, others), strict=True))
        kept = _digest(context)
    return {
        "files": files,
        "ms": 1000 * seconds / files,
        "cpu_ms": 1000 * (own + others) / files,
        "command_cpu_ms": 1000 * own / files,
        "start_seconds": round(started - begun, 2),
        "kept": kept,
        "killed": len(killed),
    }


@contextmanager
def _killing(wanted: bool) -> Iterator[list[int]]:
    """Ends workers by chance while the context lasts; which processes."""
    killed: list[int] = []
    ended = threading.Event()
    chance = random.Random(7)

    def kill() -> None:
        while wanted and not ended.wait(chance.uniform(1, 2)):
            there = [each for each in psutil.Process().children() if _is_worker(each)]
            if there:
                killed.append(chance.choice(there).pid)
                os.kill(killed[-1], signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        ended.set()
        thread.join()


def _is_worker(process: psutil.Process) -> bool:
    """One that has been there for longer than it takes to start."""
    with suppress(psutil.Error):
        is_one = "spawn_main" in " ".join(process.cmdline())
        return is_one and time.time() - process.create_time() > _STARTED
    return False


def _cpu() -> tuple[float, float]:
    """Seconds of this process, and of all that it started."""
    this = psutil.Process()
    used = [sum(each.cpu_times()[:2]) for each in (this, *this.children(recursive=True))]
    return used[0], sum(used[1:])


@contextmanager
def _context(way: str, data: Path) -> Iterator[Context]:
    from reknown.runtime.platform import open_platform
    from reknown.services.context import Context
    from reknown.settings import read_settings

    way = way.removesuffix(" killed")
    kind, _, count = way.partition(":")
    settings = read_settings(data)
    with open_platform(settings, cluster=way if kind == "local" else None) as platform:
        executor: Any = platform.executor
        if kind == "threads":
            executor = replace(executor, capacity=int(count))
        yield Context(replace(platform, executor=executor), settings.actor)


def _warm(context: Context, paths: list[Path]) -> None:
    """Has every worker load its models."""
    from reknown.services.images.sources import attempt_all, extract_source
    from reknown.vision.extraction import ExtractionPolicy

    platform = context.platform
    policy = ExtractionPolicy(platform.engines.space_of(platform.engines.default_pack))
    for _ in attempt_all(platform, lambda path: extract_source(platform, path, policy), paths):
        pass


def _digest(context: Context) -> str:
    from reknown.services.archive.sightings import list_sightings

    kept = sorted(
        (record.sighting.medium.sha256, record.sighting.template.tobytes())
        for record in list_sightings(context, "people")
        if record.sighting.template is not None
    )
    return hashlib.sha256(repr(kept).encode()).hexdigest()


def _summary(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Without processors where workers were killed: what they used went with them."""
    killed = sum(each["killed"] for each in found)
    told = (
        ("ms", "start_seconds") if killed else ("ms", "start_seconds", "cpu_ms", "command_cpu_ms")
    )
    return {"killed": killed, **{what: _spread([each[what] for each in found]) for what in told}}


def _ratios(
    rounds: list[dict[str, dict[str, Any]]], what: str, way: str, other: str
) -> list[float]:
    return _spread([each[way][what] / each[other][what] for each in rounds])


def _spread(values: list[float]) -> list[float]:
    """Least, median, most."""
    return [round(value, 3) for value in (min(values), statistics.median(values), max(values))]


if __name__ == "__main__":
    main()
