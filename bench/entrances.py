"""The three ways in for an image of a stranger: a decoder alone, the API, the command line."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import subprocess
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bench import costs, serving

from reknown.biometrics.errors import ImageError
from reknown.vision.decoding.pool import DecoderPool

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection
    from pathlib import Path

HANGS_AFTER = 15.0
_ALONE = HANGS_AFTER + 10.0  # to start as well
_TOGETHER = 30.0
_BATCH = 40
_INLINE = 5 * 2**20
# A batch that takes more is done again in halves, so that it is seen which file it was.
_BATCH_CPU = 15.0
_REFUSALS = (
    "ImageTooLargeException",
    "InvalidImageFormatException",
    "InvalidParameterException",
    "InvalidS3ObjectException",
    "ValidationException",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`answer` is ok, refused, crash or hang; `together` files share the cost evenly."""

    answer: str
    reason: str
    cost: costs.Cost
    together: int = 1


def decoder(files: Sequence[Path]) -> Iterator[Outcome]:
    """One by one in a process of its own, which is ended when a file takes too long."""
    context = multiprocessing.get_context("spawn")
    ours, child = _start_decoder(context)
    for path in files:
        meter = costs.Meter(child.pid)
        ours.send(path)
        try:
            answer, reason = ours.recv() if ours.poll(HANGS_AFTER) else ("hang", "")
        except EOFError:
            answer, reason = "crash", f"status {child.exitcode}"
        yield Outcome(answer, reason, meter.read())
        if answer in ("hang", "crash"):
            costs.kill_family(child.pid)
            child.join()
            ours, child = _start_decoder(context)
    costs.kill_family(child.pid)


def _start_decoder(context: Any) -> tuple[Connection, Any]:
    ours, theirs = context.Pipe()
    child = context.Process(target=_decode_all, args=(theirs,))
    child.start()
    theirs.close()
    if not ours.poll(60):
        raise TimeoutError("no decoder after a minute")
    ours.recv()
    return ours, child


def _decode_all(requests: Connection) -> None:
    with DecoderPool(1) as decoders:
        decoders.start()
        requests.send("ready")
        while True:
            requests.send(_decode(decoders, requests.recv()))


def _decode(decoders: DecoderPool, path: Path) -> tuple[str, str]:
    """What every entrance does to an image before it looks at it."""
    try:
        image = decoders.decode(path.read_bytes())
    except ImageError as error:
        return "refused", f"{type(error).__name__}: {error}"
    except Exception as error:
        return "crash", repr(error)
    return "ok", f"{image.width} x {image.height}"


def api(files: Sequence[Path], folder: Path) -> Iterator[Outcome]:
    """DetectFaces of a real server; what is too large for a request lies in a bucket."""
    media = folder / "buckets" / "media"
    media.mkdir(parents=True)
    data, port = folder / "data", serving.free_port()
    options = ("--buckets", folder / "buckets", "--video-workers", 0)
    server = serving.start(data, port, *options)
    client = serving.RawClient(serving.make_key(data, server.address), timeout=HANGS_AFTER)
    first = {"Image": {"Bytes": serving.in_base64(serving.variants(1, 0)[0])}}
    client.must("DetectFaces", first)
    try:
        for path in files:
            meter = costs.Meter(server.process.pid)
            answer, reason = _detect(client, path, media)
            if server.process.poll() is not None:
                answer, reason = "crash", f"the server ended with {server.process.returncode}"
            yield Outcome(answer, reason, meter.read())
            if answer in ("hang", "crash"):
                costs.kill_family(server.process.pid)
                server.process.wait()
                client.close()
                server = serving.start(data, port, *options)
                client.must("DetectFaces", first)
    finally:
        costs.kill_family(server.process.pid)
        server.process.wait()


def _detect(client: serving.RawClient, path: Path, media: Path) -> tuple[str, str]:
    content = path.read_bytes()
    image: dict[str, Any] = {"Bytes": serving.in_base64(content)}
    if len(content) > _INLINE:
        (media / path.name).write_bytes(content)
        image = {"S3Object": {"Bucket": "media", "Name": path.name}}
    try:
        reply = client.call("DetectFaces", {"Image": image})
    except TimeoutError:
        return "hang", ""
    except (OSError, http.client.HTTPException) as error:
        return "crash", repr(error)
    if reply.status == 200 and reply.body is not None:
        return "ok", f"{len(reply.body['FaceDetails'])} faces"
    reason = f"{reply.code}: {(reply.body or {}).get('Message', '')}"
    return ("refused" if reply.code in _REFUSALS else "crash"), reason


def command_line(files: Sequence[Path], folder: Path) -> Iterator[Outcome]:
    """`reknown detect --json`, many files a process."""
    for place in range(0, len(files), _BATCH):
        yield from _batch(files[place : place + _BATCH], folder)


def _batch(files: Sequence[Path], folder: Path) -> Iterator[Outcome]:
    """In order; where a batch had to be ended, the file that it was about to answer goes alone."""
    if not files:
        return
    alone = len(files) == 1
    status, lines, errors, cost = _detect_files(files, folder, _ALONE if alone else _TOGETHER)
    if not alone and status is not None and cost.cpu_seconds > _BATCH_CPU:
        middle = len(files) // 2
        yield from _batch(files[:middle], folder)
        yield from _batch(files[middle:], folder)
        return
    done = files if alone or status is not None else files[: len(lines)]
    share = replace(cost, cpu_seconds=cost.cpu_seconds / len(files))
    crashed = status not in (None, 0, 1, 2) or "Traceback" in errors
    for path in done:
        answer, reason = _answer(lines.get(str(path)), status, f"status {status} {errors[-300:]}")
        yield Outcome("crash" if crashed else answer, reason, share, len(files))
    if len(done) < len(files):
        yield from _batch(files[len(done) : len(done) + 1], folder)
        yield from _batch(files[len(done) + 1 :], folder)


def _answer(told: dict[str, Any] | None, status: int | None, end: str) -> tuple[str, str]:
    if told is None:
        return ("crash", end) if status is not None else ("hang", "")
    if "error" in told:
        return "refused", "{type}: {message}".format(**told["error"])
    return "ok", f"{len(told['faces'])} faces"


def _detect_files(
    files: Sequence[Path], folder: Path, limit: float
) -> tuple[int | None, dict[str, Any], str, costs.Cost]:
    """Status (None when it had to be ended), lines by file, standard error, cost."""
    command = [str(serving.REKNOWN), "detect", "--json", "--data", str(folder / "data")]
    started = time.perf_counter()
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        environment = os.environ | {"PYTHONUNBUFFERED": "1"}  # so that what was told is there
        process = subprocess.Popen(
            [*command, *map(str, files)], stdout=out, stderr=err, env=environment
        )
        status, usage = _waited(process, limit)
    wall = 1000 * (time.perf_counter() - started)
    whole = (folder / "out").read_text(encoding="utf-8").rpartition("\n")[0]
    rows = map(json.loads, whole.splitlines())
    errors = (folder / "err").read_text(encoding="utf-8", errors="replace")
    peak = round(usage.ru_maxrss / 1024)
    cost = costs.Cost(round(usage.ru_utime + usage.ru_stime, 2), round(wall, 1), peak, peak)
    return status, {row["image"]: row for row in rows}, errors, cost


def _waited(process: subprocess.Popen[bytes], limit: float) -> tuple[int | None, Any]:
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        found, status, usage = os.wait4(process.pid, os.WNOHANG)
        if found:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, usage
        time.sleep(0.02)
    costs.kill_family(process.pid)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return None, usage
