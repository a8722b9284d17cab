"""What the server adds to the engine: the same photographs over HTTP and by direct calls.

    python -m bench.server_overhead > overhead.json

One client. Each photograph goes through the server and through an engine in a process of its
own (decode, detect, and embed where the operation does, in a pool of as many threads), turn
about, so that a busy machine slows both. A request is signed before its clock starts and
read to its end before it stops. The engine's clock is in its thread around the work alone:
reading the file's bytes, the ledger and the network are the server's own.

`--steps` tells instead where the server's time goes: the gateway runs in this process with a
timer around each of its parts. `--rounds` is how often each photograph is shown.
"""

from __future__ import annotations

import argparse
import functools
import http.client
import json
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bench import serving
from bench.pixels import decode_image

from reknown.biometrics.templates import compare
from reknown.cli.session import open_engine
from reknown.settings import read_settings
from reknown.vision.analyze import Look
from reknown.vision.batch import available_cores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.serving import Access, RawClient

    from reknown.vision.analyze import Engine

OPERATIONS = ("DetectFaces", "SearchFacesByImage", "CompareFaces")
_SIDES = (250, 500, 1000)
_COLLECTION = "people"
_REFERENCES = 1000
_WARM_UP = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--steps", action="store_true")
    parser.add_argument("--engine", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.engine:
        serve_engine()
        return
    report = steps(arguments.rounds) if arguments.steps else overhead(arguments.rounds)
    json.dump(report, sys.stdout, indent=1)
    sys.stdout.write("\n")


def overhead(rounds: int) -> dict[str, Any]:
    images = serving.portraits(_SIDES)
    with tempfile.TemporaryDirectory() as folder, serving.running(Path(folder)) as server:
        access = serving.make_key(server.data, server.address)
        client = serving.RawClient(access)
        space = serving.template_space(client)
        serving.import_strangers(client, _COLLECTION, space, _REFERENCES, 0)
        engine = EngineProcess()
        times: dict[tuple[str, int], dict[str, list[float]]] = defaultdict(
            lambda: {"server": [], "engine": []}
        )
        for turn in range(rounds + _WARM_UP):
            for name, image in images.items():
                side = int(name.split()[-1])
                for operation in OPERATIONS:
                    body = request_body(operation, image)
                    headers = client.signed(operation, body)
                    sides: list[tuple[str, Callable[[], float]]] = [
                        ("server", functools.partial(over_http, client, headers, body)),
                        ("engine", functools.partial(engine.seconds, operation, name)),
                    ]
                    for which, work in sides if turn % 2 else reversed(sides):
                        spent = work()
                        if turn >= _WARM_UP:
                            times[operation, side][which].append(1000 * spent)
            if turn % 10 == 9:
                serving.say(f"round {turn + 1} of {rounds + _WARM_UP}")
        engine.close()
        return {
            "rounds": rounds,
            "references": _REFERENCES,
            "machine": serving.machine(),
            "operations": comparison(times),
            "stages_ms": stage_means(server.address),
            "floors_ms": floors(access, rounds * 3),
        }


def comparison(times: dict[tuple[str, int], dict[str, list[float]]]) -> dict[str, Any]:
    """Medians in milliseconds, their ratio, and the median of the difference turn by turn."""
    report: dict[str, Any] = {}
    for (operation, side), both in sorted(times.items()):
        one, other = (statistics.median(both[which]) for which in ("server", "engine"))
        pairs = zip(both["server"], both["engine"], strict=True)
        report.setdefault(operation, {})[f"{side} pixels"] = {
            "server_ms": round(one, 2),
            "engine_ms": round(other, 2),
            "ratio": round(one / other, 3),
            "difference_ms": round(statistics.median(a - b for a, b in pairs), 2),
        }
    return report


def request_body(operation: str, data: bytes) -> bytes:
    image = {"Bytes": serving.in_base64(data)}
    bodies: dict[str, dict[str, Any]] = {
        "DetectFaces": {"Image": image},
        "SearchFacesByImage": {"CollectionId": _COLLECTION, "Image": image},
        "CompareFaces": {"SourceImage": image, "TargetImage": image},
    }
    return json.dumps(bodies[operation]).encode()


def over_http(client: RawClient, headers: dict[str, str], body: bytes) -> float:
    """Seconds until the answer is read."""
    started = time.perf_counter()
    reply = client.send(headers, body)
    spent = time.perf_counter() - started
    if reply.status != 200:
        raise RuntimeError(reply)
    return spent


def directly(engine: Engine, operation: str, image: bytes) -> float:
    """Seconds for what the operation asks of the engine."""
    started = time.perf_counter()
    pixels = decode_image(image).pixels
    look = Look.GLANCE if operation == "DetectFaces" else Look.POSE
    faces = engine.detect(pixels, look)
    if operation == "SearchFacesByImage":
        engine.embed(pixels, faces[:1])
    elif operation == "CompareFaces":
        target = decode_image(image).pixels
        found = engine.detect(target, look)
        (template,) = engine.embed(pixels, faces[:1])
        for other in engine.embed(target, found):
            compare(template, other)
    return time.perf_counter() - started


class EngineProcess:
    """An engine of its own, told by lines of JSON what to do."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "bench.server_overhead", "--engine"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.seconds(OPERATIONS[0], next(iter(serving.portraits(_SIDES))))

    def seconds(self, operation: str, image: str) -> float:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([operation, image]) + "\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


def serve_engine() -> None:
    engine, images = open_engine(None), serving.portraits(_SIDES)
    with ThreadPoolExecutor(available_cores()) as pool:
        for line in sys.stdin:
            operation, name = json.loads(line)
            spent = pool.submit(directly, engine, operation, images[name]).result()
            sys.stdout.write(f"{spent}\n")
            sys.stdout.flush()


def stage_means(address: str) -> dict[str, float]:
    """What the server's own metrics say: mean milliseconds by stage, of all requests."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    found: dict[tuple[str, str], float] = {}
    pattern = r'^reknown_stage_seconds_(sum|count)\{stage="(\w+)"\} (\S+)$'
    for kind, stage, value in re.findall(pattern, text, re.MULTILINE):
        found[stage, kind] = float(value)
    stages = {stage for stage, _ in found}
    return {s: round(1000 * found[s, "sum"] / found[s, "count"], 3) for s in sorted(stages)}


def floors(access: Access, times: int) -> dict[str, float]:
    """Medians of what no request goes below: a bare GET, a request without an image, a commit."""
    client = serving.RawClient(access)
    connection = http.client.HTTPConnection(urlsplit(access.address).netloc, timeout=10)

    def health() -> float:
        started = time.perf_counter()
        connection.request("GET", "/health")
        connection.getresponse().read()
        return time.perf_counter() - started

    def describe() -> float:
        body = json.dumps({"CollectionId": _COLLECTION}).encode()
        return over_http(client, client.signed("DescribeCollection", body), body)

    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(Path(folder) / "commits.db", isolation_level=None)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE t (a)")

        def commit() -> float:
            started = time.perf_counter()
            database.execute("BEGIN IMMEDIATE")
            database.execute("INSERT INTO t VALUES (1)")
            database.execute("COMMIT")
            return time.perf_counter() - started

        work = {"get_health": health, "describe_collection": describe, "sqlite_commit": commit}
        medians = {
            name: round(1000 * statistics.median(one() for _ in range(times)), 3)
            for name, one in work.items()
        }
        database.close()
    connection.close()
    client.close()
    return medians


class Timers:
    """Milliseconds by part of a request, without those of the parts inside it."""

    def __init__(self) -> None:
        self._stack: list[float] = []
        self.current: dict[str, float] = defaultdict(float)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        self._stack.append(0.0)
        started = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - started
            self.current[name] += 1000 * (spent - self._stack.pop())
            if self._stack:
                self._stack[-1] += spent

    def around(self, owner: Any, name: str, label: str) -> None:
        """Puts a timer around a function; `owner` keeps it for the life of this process."""
        inner = getattr(owner, name)

        @functools.wraps(inner)
        def timed(*words: Any, **options: Any) -> Any:
            with self.part(label):
                return inner(*words, **options)

        setattr(owner, name, timed)


def steps(rounds: int) -> dict[str, Any]:
    """Median milliseconds by part of the gateway, and the parts' medians by operation."""
    from reknown.api.gateway import Admitted
    from reknown.api.metrics import Metrics
    from reknown.awswire.sigv4 import HttpRequest
    from reknown.runtime.platform import open_platform
    from reknown.runtime.server import make_edge
    from reknown.runtime.stores import open_vault

    images = serving.portraits(_SIDES)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        with serving.running(Path(folder)) as server:
            access = serving.make_key(server.data, server.address)
            client = serving.RawClient(access)
            serving.import_strangers(
                client, _COLLECTION, serving.template_space(client), _REFERENCES, 0
            )
        timers = Timers()
        _instrument(timers)
        settings, metrics = read_settings(Path(folder)), Metrics()
        platform = stack.enter_context(open_platform(settings, observe=metrics.observe))
        gateway = make_edge(platform, open_vault(settings), metrics, settings).gateway
        report: dict[str, Any] = {}
        for operation in OPERATIONS:
            rows: list[dict[str, float]] = []
            for turn in range(rounds + _WARM_UP):
                for image in images.values():
                    body = request_body(operation, image)
                    signed = client.signed(operation, body)
                    signed["Host"] = urlsplit(access.address).netloc
                    headers = tuple(
                        (name.lower().encode(), value.encode()) for name, value in signed.items()
                    )
                    timers.current.clear()
                    with timers.part("everything else"):
                        incoming = gateway.head(
                            HttpRequest("POST", b"/", b"", headers), "", secure=False
                        )
                        outgoing = gateway.admit(incoming, body)
                        if isinstance(outgoing, Admitted):
                            outgoing = gateway.answer(outgoing)
                    if outgoing.status != 200:
                        raise RuntimeError(outgoing)
                    if turn >= _WARM_UP:
                        rows.append(dict(timers.current))
            names = sorted({name for row in rows for name in row})
            parts = {n: statistics.median(row.get(n, 0.0) for row in rows) for n in names}
            report[operation] = {
                "total_ms": round(statistics.median(sum(row.values()) for row in rows), 3),
                "parts_ms": {n: round(parts[n], 3) for n in sorted(parts, key=lambda n: -parts[n])},
            }
    return report


def _instrument(timers: Timers) -> None:
    import sqlalchemy

    from reknown.access import keys
    from reknown.api import gateway
    from reknown.awswire import json11, sigv4
    from reknown.ledger import log
    from reknown.services.context import Platform
    from reknown.services.searches import search
    from reknown.vision import analyze, extraction

    dialect = sqlalchemy.dialects.registry.load("sqlite")
    timers.around(gateway.Gateway, "head", "head")
    timers.around(gateway, "authenticate", "authenticate: key from the database")
    timers.around(keys, "find_secret", "authenticate: query and decrypt")
    timers.around(sigv4, "verify", "authenticate: signature")
    timers.around(gateway.Gateway, "_read", "read: decode the request")
    timers.around(json11, "_check_strictly", "read: repeated names")
    timers.around(extraction, "decode_image", "ENGINE decode")
    timers.around(analyze.Engine, "detect", "ENGINE detect")
    timers.around(analyze.Engine, "embed", "ENGINE embed")
    timers.around(Platform, "space_of", "collection: its space")
    timers.around(Platform, "templates_of", "collection: its templates")
    timers.around(search, "search_references", "search: compare")
    timers.around(search, "find_faces", "search: records of the matches")
    timers.around(log, "append", "ledger: insert")
    timers.around(log, "record", "ledger: transaction around")
    timers.around(dialect, "do_commit", "database: COMMIT")
    timers.around(dialect, "do_rollback", "database: ROLLBACK")
    timers.around(sqlalchemy.Engine, "connect", "database: take a connection")
    timers.around(json11, "encode", "encode the answer")
    timers.around(gateway.Gateway, "_note", "log and metrics")


if __name__ == "__main__":
    main()
