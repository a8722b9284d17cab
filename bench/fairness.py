"""What an honest client notices while others send images that were made to cost much."""

from __future__ import annotations

import http.client
import multiprocessing
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from bench import costs, serving

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bench.serving import Access

IN_FLIGHT = 10
_SIDE = 500
_PATIENCE = 30.0
# A signature is valid for five minutes, and signing again costs more than some refusals do.
_SIGNED_FOR = 60.0
# To be refused, and those that may pass and cost the most.
BOMBS = {
    "bombs_to_refuse": (
        "jpeg-scans-10000-small",
        "jpeg-scans-1000-large",
        "jpeg-scans-of-each-bit-large",
        "jpeg-fill-medium",
        "jpeg-empty-comments-medium",
        "png-empty-chunks-medium",
    ),
    "bombs_that_may_pass": (
        "png-black-sixteen-bits-large",
        "png-interlaced-sixteen-bits-large",
        "png-paeth-large",
        "png-paeth-sixteen-bits-large",
        "png-empty-blocks-with-codes-medium",
        "jpeg-scans-10-large",
    ),
}


@dataclass(slots=True)
class _Honest:
    """Asks one thing after the other and waits for each answer."""

    client: serving.RawClient
    requests: Mapping[str, dict[str, Any]]

    def ask_for(self, seconds: float) -> dict[str, Any]:
        """Milliseconds by operation; what has no answer in time counts as long as was waited."""
        spent: dict[str, list[float]] = {name: [] for name in self.requests}
        failed: Counter[str] = Counter()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for name, body in self.requests.items():
                started = time.perf_counter()
                try:
                    reply = self.client.call(name, body)
                    code = reply.code or ("" if reply.status == 200 else str(reply.status))
                except (OSError, http.client.HTTPException) as error:
                    code = type(error).__name__
                spent[name].append(1000 * (time.perf_counter() - started))
                failed.update([code] if code else [])
        return {"failed": dict(failed)} | {name: _quantiles(of) for name, of in spent.items()}


def measure(bombs: Mapping[str, bytes], folder: Path, seconds: float) -> dict[str, Any]:
    """Alone, and beside ten requests with bombs of another key at any time."""
    found: dict[str, Any] = {"in_flight": IN_FLIGHT, "seconds_each": seconds}
    for name, kinds in BOMBS.items():
        serving.say(f"fairness: {name}")
        chosen = [bombs[kind] for kind in kinds]
        found[name] = _beside(chosen, folder / name, seconds)
    return found


def _beside(bombs: Sequence[bytes], data: Path, seconds: float) -> dict[str, Any]:
    server = serving.start(data, serving.free_port(), "--video-workers", 0)
    try:
        honest = _honest(serving.make_key(data, server.address))
        alone = honest.ask_for(seconds)
        stranger = serving.make_key(data, server.address)
        context = multiprocessing.get_context("spawn")
        answers, stop = context.Queue(), context.Event()
        attack = context.Process(target=_attack, args=(stranger, bombs, stop, answers))
        attack.start()
        time.sleep(2)
        meter = costs.Meter(server.process.pid)
        beside = honest.ask_for(seconds)
        cost = meter.read()
        stop.set()
        costs.kill_family(server.process.pid)  # some have waited long enough for it
        bombed = answers.get(timeout=2 * _PATIENCE)
        attack.join()
    finally:
        costs.kill_family(server.process.pid)
        server.process.wait()
    return {
        "alone": alone,
        "beside": beside,
        "p99_grows_by": {name: _growth(alone[name], beside[name]) for name in honest.requests},
        "bombs_answered": bombed,
        "server": {"cpu_seconds": cost.cpu_seconds, "peak_mib": cost.peak_mib},
    }


def _honest(access: Access) -> _Honest:
    image = {"Bytes": serving.in_base64(serving.variants(1, 0, _SIDE + 12)[0])}
    client = serving.RawClient(access, timeout=_PATIENCE)
    client.must("CreateCollection", {"CollectionId": "people"})
    client.must("IndexFaces", {"CollectionId": "people", "Image": image})
    requests: dict[str, dict[str, Any]] = {
        "DetectFaces": {"Image": image},
        "SearchFacesByImage": {"CollectionId": "people", "Image": image},
    }
    for name, body in requests.items():
        client.must(name, body)
    return _Honest(client, requests)


def _attack(access: Access, bombs: Sequence[bytes], stop: Any, answers: Any) -> None:
    codes: Counter[str] = Counter()
    threads = [
        threading.Thread(target=_send, args=(access, bombs[n % len(bombs)], stop, codes))
        for n in range(IN_FLIGHT)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers.put(dict(codes.most_common()))


def _send(access: Access, bomb: bytes, stop: Any, codes: Counter[str]) -> None:
    client = serving.RawClient(access, timeout=_PATIENCE)
    body = b'{"Image": {"Bytes": "' + serving.in_base64(bomb).encode() + b'"}}'
    signed = 0.0
    headers: dict[str, str] = {}
    while not stop.is_set():
        if time.monotonic() - signed > _SIGNED_FOR or not headers:
            signed, headers = time.monotonic(), client.signed("DetectFaces", body)
        try:
            code = client.send(headers, body).code or "OK"
        except (OSError, http.client.HTTPException) as error:
            code = type(error).__name__
            stop.wait(0.1)
        codes[code] += 1


def _quantiles(spent: Sequence[float]) -> dict[str, float]:
    return {
        "count": len(spent),
        "p50_ms": round(float(np.percentile(spent, 50)), 1),
        "p99_ms": round(float(np.percentile(spent, 99)), 1),
        "max_ms": round(max(spent), 1),
    }


def _growth(alone: Mapping[str, float], beside: Mapping[str, float]) -> float:
    """0 for not at all, 0.5 for half as much again."""
    return round(beside["p99_ms"] / alone["p99_ms"] - 1, 2)
