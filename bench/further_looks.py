"""What looking again at turned copies, and at one with a margin, finds in faces that were lost.

    nice python -m bench.further_looks [IMAGES] > further_looks.json

Needs `lfw-view2` in `$REKNOWN_SHARED/data` (default `../shared`). Photographs of people with a
second one are turned by a quarter, a half and three quarters, or cut off so that a part of the
face's box is beyond an edge; what is found is compared with the person's other photograph. The
last rows are what looking takes where there is no face.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from bench.pixels import decode_image

from reknown.biometrics.rates import Rate, wilson
from reknown.cli.session import open_engine
from reknown.vision.batch import map_bounded
from reknown.vision.handling import ARCHIVE, REQUESTS
from reknown.vision.images import read_image_file
from reknown.vision.second_look import look

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from reknown.vision.analyze import Engine

    Pixels = NDArray[np.uint8]

_DATA = Path(os.environ.get("REKNOWN_SHARED", "../shared")) / "data" / "lfw-view2" / "images"
_SIMILARITY = 90
_CUTS = (0.2, 0.4, 0.6)
_SIDES = ((640, 480), (1600, 1200), (4000, 3000))
_REPEATS = 9
# The detector's score below which a face may lie on its side was chosen on so many photographs;
# nobody in those is in the rows.
_CHOSEN_ON = 250


def main() -> None:
    engine, count = open_engine(None), int(sys.argv[1]) if len(sys.argv) > 1 else 300
    pairs = list(_pairs(engine, count))
    rows = [_row(engine, f"turned by {90 * k}", pairs, _turn(k)) for k in (1, 2, 3)]
    for edge in ("top", "left"):
        rows += [
            _row(engine, f"{edge}, {share:.0%} of the face cut", pairs, _cut(engine, edge, share))
            for share in _CUTS
        ]
    json.dump({"rows": rows, "milliseconds": _costs(engine)}, sys.stdout, indent=1)


def _pairs(engine: Engine, count: int) -> Iterator[tuple[Pixels, NDArray[np.float32]]]:
    """Pixels of one photograph and the template of another one of the same person."""
    everyone = sorted(_DATA.rglob("*.jpg"))
    seen_before = {path.parent for path in random.Random(3).sample(everyone, _CHOSEN_ON)}
    people = [sorted(folder.glob("*.jpg")) for folder in sorted({*_DATA.iterdir()} - seen_before)]
    several = [paths for paths in people if len(paths) > 1]
    for one, other, *_ in random.Random(14).sample(several, min(count, len(several))):
        probe, mate = (decode_image(read_image_file(path)).pixels for path in (one, other))
        if (seen := look(engine, mate)).faces and look(engine, probe).faces:
            yield probe, engine.embed(mate, seen.faces[:1])[0].vector


def _row(
    engine: Engine,
    name: str,
    pairs: list[tuple[Pixels, NDArray[np.float32]]],
    change: Callable[[Pixels], Pixels],
) -> dict[str, Any]:
    assert engine.calibration is not None
    needed = engine.calibration.score(_SIMILARITY)

    def work(pair: tuple[Pixels, NDArray[np.float32]]) -> list[tuple[bool, bool]]:
        pixels = change(pair[0])
        answers = []
        for handling in (REQUESTS, ARCHIVE):
            seen = look(engine, pixels, looks=handling.looks)
            made = engine.embed(seen.pixels, seen.faces[:1])
            right = bool(made) and float(made[0].vector @ pair[1]) >= needed
            answers.append((bool(made), right))
        return answers

    done = [answers for _, answers in map_bounded(work, pairs)]
    told = ("found before", "recognised before", "found", "recognised")
    counts = [sum(answers[i // 2][i % 2] for answers in done) for i in range(4)]
    return {"what": name, "images": len(done)} | {
        which: [number, *_interval(number, len(done))]
        for which, number in zip(told, counts, strict=True)
    }


def _interval(count: int, images: int) -> tuple[float, float]:
    found = wilson(Rate(count, images))
    return found.low, found.high


def _turn(quarters: int) -> Callable[[Pixels], Pixels]:
    return lambda pixels: np.ascontiguousarray(np.rot90(pixels, quarters))


def _cut(engine: Engine, edge: str, share: float) -> Callable[[Pixels], Pixels]:
    """Without so much of its largest face's box, and what lies beyond."""

    def change(pixels: Pixels) -> Pixels:
        height, width = pixels.shape[:2]
        box = engine.detect(pixels)[0].box
        if edge == "top":
            cut = pixels[max(0, round((box.top + share * box.height) * height)) :]
        elif edge == "bottom":
            cut = pixels[: round((box.top + (1 - share) * box.height) * height)]
        else:
            cut = pixels[:, max(0, round((box.left + share * box.width) * width)) :]
        return np.ascontiguousarray(cut)

    return change


def _costs(engine: Engine) -> list[dict[str, Any]]:
    """Medians for images of one colour with a gradient, in which nothing is found."""
    rows = []
    for width, height in _SIDES:
        ramp = np.linspace(0, 255, width * height * 3).reshape(height, width, 3).astype(np.uint8)
        row: dict[str, Any] = {"size": f"{width} x {height}"}
        for name, handling in (("before", REQUESTS), ("now", ARCHIVE)):
            took = []
            for _ in range(_REPEATS):
                started = time.perf_counter()
                assert not look(engine, ramp, looks=handling.looks).faces
                took.append(1000 * (time.perf_counter() - started))
            row[name] = round(statistics.median(took), 1)
        rows.append(row)
    return rows


if __name__ == "__main__":
    main()
