"""What `reknown import` and `reknown export` take: faces a second, and memory.

    python -m bench.bulk [FACES...] > bulk.json

Drawn faces (default: 100,000 and 1,000,000) of 128 values, four of a person, the last fifth
nobody's, into a new data folder on SQLite, each step a command of its own. The file `plain` is what
a program of somebody else's would save: vectors and names. `full` has ids, external ids, and an
image of its own for every face, the most that there can be to store. `floor` is the time in which
the same bytes are written and flushed to the same disk.

`least` is what is asked for, faces a second of the larger import. `once_started` leaves out what a
command takes that finds an empty gallery. `load` is the machine's: above 1 the figures are not
those of a quiet one.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

_SIZES = (100_000, 1_000_000)
_DIMENSION = 128
_PER_PERSON = 4
_LEAST = 50_000
_PACK = "opencv"
_REKNOWN = Path(sys.executable).with_name("reknown")
_BLOCK = 50_000


def main() -> None:
    if sys.argv[1:2] == ["--draw"]:
        target, number, kind = sys.argv[2:]
        _draw(Path(target), int(number), full=kind == "full")
        return
    sizes = [int(word.replace(",", "")) for word in sys.argv[1:]] or _SIZES
    report: dict[str, Any] = {"least": _LEAST, "cores": len(os.sched_getaffinity(0)), "steps": []}
    for count in sizes:
        with tempfile.TemporaryDirectory(prefix="reknown-bulk-") as folder:
            _steps(Path(folder), count, report["steps"])
    print(json.dumps(report, indent=1))


def _steps(folder: Path, count: int, steps: list[dict[str, Any]]) -> None:
    for kind in ("plain", "full"):
        source, data = folder / f"{kind}.npz", folder / kind
        npz, parquet = folder / "out.npz", folder / "out.parquet"
        # in a process of its own: what a process holds counts as its children's at first
        words = [sys.executable, "-m", "bench.bulk", "--draw", str(source), str(count), kind]
        subprocess.run(words, check=True)
        floor = _floor(folder, source.stat().st_size)
        # what a command takes that finds an empty gallery
        idle = _run(["collections", "list", "--data", str(data)])["seconds"]
        for step, words in (
            ("import npz", ["import", str(source), "--pack", _PACK]),
            ("import npz again", ["import", str(source), "--pack", _PACK]),
            ("export npz", ["export", "--output", str(npz)]),
            ("export parquet", ["export", "--output", str(parquet)]),
            ("import parquet", ["import", str(parquet)]),
        ):
            where = folder / "other" if step == "import parquet" else data
            used = _run([*words, "--collection", "drawn", "--data", str(where)])
            made = {"faces": count, "file": kind, "step": step, "floor_s": round(floor, 2)}
            rate = round(count / used["seconds"])
            steps.append({**made, **used, "faces_a_second": rate})
            steps[-1]["faces_a_second_once_started"] = round(count / (used["seconds"] - idle))
            steps[-1]["load"] = round(os.getloadavg()[0], 1)
            print(steps[-1], file=sys.stderr)
        size = (data / "reknown.db").stat().st_size
        steps.append({"faces": count, "file": kind, "bytes_a_face": round(size / count)})
        for left in (source, npz, parquet):
            left.unlink()
        for used_up in (data, folder / "other"):
            shutil.rmtree(used_up)


def _run(words: list[str]) -> dict[str, Any]:
    """A command's time on the clock and of processors, and its largest memory."""
    started = time.monotonic()
    process = subprocess.Popen([_REKNOWN, *words], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, words
    cpu = used.ru_utime + used.ru_stime
    peak = used.ru_maxrss // 1024
    return {"seconds": round(seconds, 2), "cpu_s": round(cpu, 2), "peak_mib": peak}


def _floor(folder: Path, size: int) -> float:
    block = os.urandom(2**20)
    started = time.monotonic()
    with (folder / "floor").open("wb") as file:
        for _ in range(size >> 20):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    seconds = time.monotonic() - started
    (folder / "floor").unlink()
    return seconds


def _draw(target: Path, count: int, *, full: bool) -> None:
    random = np.random.default_rng(15)
    vectors = np.empty((count, _DIMENSION), np.float32)
    for start in range(0, count, _BLOCK):
        part = random.normal(size=vectors[start : start + _BLOCK].shape)
        vectors[start : start + _BLOCK] = part / np.linalg.norm(part, axis=1, keepdims=True)
    owned = count * 4 // 5
    users = [f"person {n // _PER_PERSON}" if n < owned else "" for n in range(count)]
    arrays: dict[str, Any] = {"vectors": vectors, "users": np.array(users)}
    if full:
        digests = [sha256(b"%d" % number).hexdigest() for number in range(count)]
        ids = [f"{d[:8]}-{d[8:12]}-4{d[13:16]}-8{d[17:20]}-{d[20:32]}" for d in digests]
        arrays["face_ids"] = np.array(ids, "S36")
        arrays["image_sha256s"] = np.array(digests, "S64")
        arrays["image_names"] = np.array([f"{number}.jpg" for number in range(count)], "S")
        arrays["external_ids"] = np.array([f"card {number}" for number in range(count)], "S")
        arrays["boxes"] = np.tile([0.2, 0.1, 0.3, 0.4], (count, 1))
        arrays["qualities"] = np.full(count, 60)
    np.savez(target, **arrays)


if __name__ == "__main__":
    main()
