"""Many clients at once on a server with many faces, all 24 operations, nothing lost.

    python -m bench.server_load > load.json
    python -m bench.server_load --seconds 10 --clients 8 --collections 8 --faces 800

Every client keeps its own record of what was acknowledged; at the end the records are compared
with the store (through the API) and with the ledger (each answered request once; the store is
what follows from the ledger). Latencies are as the clients see them, on a machine that they
share with the server. Memory is sampled every second; its slope leaves the first minute out.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from bench import checking, serving
from bench.mixed import Plan, Record, run_clients

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.serving import Access

_PROCESSES = 4
_LOADERS = 4
_SETTLED = 60.0


def main() -> None:
    arguments = parse(300)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        with serving.running(data) as server:
            access = serving.make_key(data, server.address)
            plans, filling = fill(access, arguments)
            sampler = serving.Sampler(server)
            sampler.start()
            started = time.monotonic()
            with load(access, plans, Path(folder) / "stop", crashes=False) as records:
                wait(arguments.seconds)
            seconds = time.monotonic() - started
            sampler.stop()
            serving.say("checking")
            report = {
                "clients": arguments.clients,
                "machine": serving.machine(),
                "filling": filling,
                "seconds": round(seconds, 1),
                "requests_per_s": round(sum(len(r.answers) for r in records) / seconds, 1),
                "verdict": checking.verdict(serving.RawClient(access), data, records),
                "latencies": checking.latencies(records),
                "memory": memory(sampler.samples),
            }
    json.dump(report, sys.stdout, indent=1)
    sys.stdout.write("\n")


def parse(seconds: float, **more: int) -> argparse.Namespace:
    """The options that the load and the crash test share; `more` are further numbers."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--collections", type=int, default=200)
    parser.add_argument("--faces", type=int, default=100_000, help="in all collections together")
    parser.add_argument("--seconds", type=float, default=seconds)
    for name, default in more.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args()


def fill(access: Access, arguments: argparse.Namespace) -> tuple[list[Plan], dict[str, Any]]:
    """Makes the collections and deals them out to the clients."""
    client = serving.RawClient(access)
    space = serving.template_space(client)
    names = [f"collection-{number:03d}" for number in range(arguments.collections)]
    each = arguments.faces // arguments.collections
    serving.say(f"importing {each * len(names)} faces")
    started = time.monotonic()

    def make(number: int) -> list[str]:
        loader = serving.RawClient(access)
        try:
            return serving.import_strangers(loader, names[number], space, each, number)
        finally:
            loader.close()

    with ThreadPoolExecutor(_LOADERS) as pool:
        faces = dict(zip(names, pool.map(make, range(len(names))), strict=True))
    seconds = time.monotonic() - started
    client.close()
    plans = []
    for number in range(arguments.clients):
        own = {name: faces[name] for name in names[number :: arguments.clients]}
        plans.append(Plan(number, own, names, space))
    filling = {
        "collections": len(names),
        "faces": each * len(names),
        "seconds": round(seconds, 1),
        "faces_per_s": round(each * len(names) / seconds),
    }
    return plans, filling


@contextmanager
def load(
    access: Access, plans: Sequence[Plan], stop: Path, *, crashes: bool
) -> Iterator[list[Record]]:
    """Clients in processes of their own at work; the list is filled when they have ended."""
    records: list[Record] = []
    context = multiprocessing.get_context("spawn")
    with context.Pool(_PROCESSES) as pool:
        parts = [plans[number::_PROCESSES] for number in range(_PROCESSES)]
        running = [
            pool.apply_async(run_clients, (access, part, stop, crashes)) for part in parts if part
        ]
        try:
            yield records
        finally:
            stop.touch()
            for part in running:
                records.extend(part.get(timeout=120))


def wait(seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        serving.say(f"{left:.0f} s to go")
        time.sleep(min(left, 30.0))


def memory(samples: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """Mebibytes: some samples, and how many a minute come on top after the first minute."""
    late = [(at, rss) for at, rss in samples if at > _SETTLED] or list(samples)
    at, rss = np.array(late).T
    # runs of a minute say nothing of it
    slope = round(float(np.polyfit(at / 60, rss, 1)[0]), 2) if len(late) > 2 else None
    return {
        "mib_every_30_s": [round(rss) for _, rss in samples[::30]],
        "peak_mib": round(max(rss for _, rss in samples)),
        "mib_per_minute_after_the_first": slope,
    }


if __name__ == "__main__":
    main()
