"""Detect and embed against face_recognition 1.3.0, one core, the same images, one run.

    make bench

All sides work on the same files in turns, so that a busy machine slows all: images of 250
pixels, and the same enlarged to 1,024. Without the real faces in `$REKNOWN_SHARED/data` the two
portraits of the demo are used.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from bench.pixels import decode_image
from PIL import Image

from reknown.cli.demo_images import EILEEN, GRACE
from reknown.cli.session import open_engine
from reknown.vision.batch import map_bounded
from reknown.vision.embed.base import cut_chips
from reknown.vision.images import read_image_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.vision.analyze import Engine

_IMAGES = 120
_LARGE_IMAGES, _LARGE_SIDE = 24, 1024
_MEMORY_IMAGES = 10_000


def main() -> None:
    parts: dict[str, Callable[[], object]] = {"--memory": peak_memory, "--one-core": rate_of_one}
    if len(sys.argv) > 1:
        json.dump(parts[sys.argv[1]](), sys.stdout)
        return
    engine = open_engine(None)
    former = open_engine("public-domain")
    chosen = paths()[:: step(_IMAGES)]
    report: dict[str, Any] = {"images": len(chosen), "peer": peer_build()}
    report["as_they_are"] = one_core(engine, former, chosen)
    with tempfile.TemporaryDirectory() as folder:
        large = enlarged(chosen[:: max(1, len(chosen) // _LARGE_IMAGES)], Path(folder))
        report["enlarged"] = one_core(engine, former, large) | {"side": _LARGE_SIDE}
    report["stages_ms"] = stages(engine)
    report["both_cores"] = both_cores(engine)
    report["both_cores"]["ratio_of_two_processes"] = ceiling()
    (report["memory"],) = in_processes("--memory", 1)
    json.dump(report, sys.stdout, indent=1)
    sys.stdout.write("\n")


def peer_build() -> dict[str, object]:
    """How the peer's library was built: with BLAS or more vector instructions it is faster."""
    import dlib

    return {"dlib": dlib.__version__, "blas": dlib.DLIB_USE_BLAS, "avx": dlib.USE_AVX_INSTRUCTIONS}


def paths() -> list[Path]:
    folder = Path(os.environ.get("REKNOWN_SHARED", "../shared")) / "data" / "lfw-view2" / "images"
    return sorted(folder.rglob("*.jpg")) or [EILEEN.path(), GRACE.path()] * 10


def step(count: int) -> int:
    return max(1, len(paths()) // count)


def ours(engine: Engine, path: Path) -> None:
    pixels = decode_image(read_image_file(path)).pixels
    engine.embed(pixels, engine.detect(pixels))


def theirs() -> Callable[[Path], None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import face_recognition

    def work(path: Path) -> None:
        pixels = face_recognition.load_image_file(path)
        face_recognition.face_encodings(pixels, face_recognition.face_locations(pixels))

    return work


def enlarged(chosen: list[Path], folder: Path) -> list[Path]:
    made = []
    for number, path in enumerate(chosen):
        made.append(folder / f"{number}.jpg")
        with Image.open(path) as image:
            shape = (_LARGE_SIDE, round(_LARGE_SIDE * image.height / image.width))
            image.convert("RGB").resize(shape, Image.Resampling.BICUBIC).save(made[-1])
    return made


def one_core(engine: Engine, former: Engine, chosen: list[Path]) -> dict[str, Any]:
    """Median milliseconds an image; every image by all three in turn, pinned to one core."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        peer = theirs()
        sides: dict[str, Callable[[Path], None]] = {
            "reknown": lambda path: ours(engine, path),
            "public_domain": lambda path: ours(former, path),
            "face_recognition": peer,
        }
        times: dict[str, list[float]] = {name: [] for name in sides}
        for path in [*chosen[:5], *chosen]:
            for name, work in sides.items():
                times[name].append(timed(lambda work=work, path=path: work(path)))  # type: ignore[misc]
    finally:
        os.sched_setaffinity(0, cores)
    medians = {name: statistics.median(values[5:]) for name, values in times.items()}
    return {
        "median_ms": medians,
        "times_faster": medians["face_recognition"] / medians["reknown"],
        "times_faster_public_domain": medians["face_recognition"] / medians["public_domain"],
    }


def stages(engine: Engine) -> dict[str, float]:
    """Where the time of one image goes; medians on one core."""
    reference = engine.embedder._alignment  # type: ignore[attr-defined]
    rows = []
    for path in paths()[:: step(_IMAGES)]:
        start = time.perf_counter()
        pixels = decode_image(read_image_file(path)).pixels
        decoded = time.perf_counter()
        found = engine.detector.detect(pixels)
        detected = time.perf_counter()
        faces = engine.detect(pixels)
        assessed = time.perf_counter()
        if not faces:
            continue
        cut_chips(pixels, found.landmarks, reference)
        aligned = time.perf_counter()
        engine.embed(pixels, faces)
        done = time.perf_counter()
        rows.append(
            (
                decoded - start,
                detected - decoded,
                (assessed - detected) - (detected - decoded),
                aligned - assessed,
                (done - aligned) - (aligned - assessed),
            )
        )
    names = ("decode", "detect", "pose_and_quality", "align", "embed")
    medians = np.median(np.array(rows), axis=0) * 1000
    return dict(zip(names, (round(float(m), 2) for m in medians), strict=True))


def both_cores(engine: Engine) -> dict[str, float]:
    """Images a second with one worker and with two, in alternating rounds."""
    chosen = (paths() * 100)[:500]
    rates: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(3):
        for workers, results in rates.items():
            spent = timed(lambda workers=workers: batch(engine, chosen, workers))  # type: ignore[misc]
            results.append(500 / spent * 1000)
    one, two = (statistics.median(rates[workers]) for workers in (1, 2))
    return {"one_worker_per_s": one, "two_workers_per_s": two, "ratio": two / one}


def batch(engine: Engine, chosen: list[Path], workers: int | None = None) -> None:
    for _ in map_bounded(lambda path: ours(engine, path), chosen, workers):
        pass


def ceiling() -> float:
    """What two processes with a core each reach together: more than that no program can."""
    (alone,) = in_processes("--one-core", 1)
    return float(sum(in_processes("--one-core", 2)) / alone)


def in_processes(part: str, count: int) -> list[Any]:
    running = [
        subprocess.Popen([sys.executable, __file__, part], stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    return [json.loads(process.communicate()[0]) for process in running]


def rate_of_one() -> float:
    """Images a second of one worker; a first round warms up."""
    engine = open_engine(None)
    chosen = (paths() * 100)[:500]
    batch(engine, chosen[:100], 1)
    return 500_000 / timed(lambda: batch(engine, chosen, 1))


def peak_memory() -> dict[str, float]:
    """Of a process of its own that works through 10,000 images on all cores."""
    chosen = (paths() * (_MEMORY_IMAGES // len(paths()) + 1))[:_MEMORY_IMAGES]
    started = time.monotonic()
    batch(open_engine(None), chosen)
    seconds = time.monotonic() - started
    # Not getrusage: that counts the memory of the process that started this one too.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line)
    return {"images": len(chosen), "peak_mib": peak / 1024, "images_per_s": len(chosen) / seconds}


def timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
