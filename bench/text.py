"""How well and how fast text is read, and what it takes.

    .venv/bin/python bench/text.py [--pictures 20] [--seed 1]

Draws as many pictures of each script as told (`tests/drawn_text.py`): two to four lines, letters
of 16 to 55 pixels, any quarter turn and up to 15 degrees more, noise, a shade, JPEG. Errors are
counted in characters that were inserted, left out or replaced; what was read where nothing is
counts too.
The interval is a bootstrap over pictures, as the lines of one picture share its faults.
Seconds are of one core; the memory is the most that this process ever had, with all libraries.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from reknown.biometrics.rates import Rate
from reknown.biometrics.word_filter import DEFAULT_CONFIDENCE
from reknown.cli.session import pack_store
from reknown.evaluation.measures.intervals import exact
from reknown.vision.load import load_reader

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import drawn_text
import text_errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from drawn_text import DrawnPicture
    from reknown.biometrics.words import Line
    from reknown.vision.text.reader import TextReader

    Pixels = NDArray[np.uint8]

_RESAMPLED = 5000
_MIB = 2**10


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """A picture, what was read in it, how wrong that is, and how long it took one core."""

    picture: DrawnPicture
    lines: tuple[Line, ...]
    errors: text_errors.Errors
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description="Text")
    parser.add_argument("--pictures", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    empty = peak()
    reader = load_reader(pack_store(), "text")
    loaded = peak()
    seeds = range(1000 * wanted.seed, 1000 * wanted.seed + wanted.pictures)
    read = {
        s: [read_one(reader, drawn_text.draw_picture(s, seed)) for seed in seeds]
        for s in drawn_text.TEXTS
    }
    drawn = peak()
    report = {
        "pictures_each": wanted.pictures,
        "scripts": {script: measured(results) for script, results in read.items()},
        "seconds_a_picture": spread([r.seconds for each in read.values() for r in each]),
        "worst_cases": {name: worst(reader, pixels) for name, pixels in worst_cases()},
        "peak_mib": {"empty": empty, "loaded": loaded, "pictures": drawn, "worst": peak()},
    }
    json.dump(report, sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")


def read_one(reader: TextReader, picture: DrawnPicture) -> Read:
    began = time.process_time()
    lines = reader.read(picture.pixels)
    seconds = time.process_time() - began
    return Read(picture, lines, text_errors.count_errors(picture, lines), seconds)


def measured(read: Sequence[Read]) -> dict[str, Any]:
    counted = [each.errors for each in read]
    wrong, written = (np.array([getattr(e, n) for e in counted]) for n in ("wrong", "written"))
    words = [word for each in read for line in each.lines for word in line.words]
    perfect = int((wrong == 0).sum())
    perfectly = exact(Rate(perfect, len(read)))
    return {
        "characters": int(written.sum()),
        "wrong": int(wrong.sum()),
        "error_rate": float(wrong.sum() / written.sum()),
        "interval_95": resampled(wrong, written),
        "pictures_without_error": perfect,
        "of": len(read),
        "without_error_95": [perfectly.low, perfectly.high],
        "lines": sum(e.lines for e in counted),
        "lines_found": sum(e.found for e in counted),
        "lines_made_up": sum(e.extra for e in counted),
        "words_read": len(words),
        "words_shown_by_default": sum(w.confidence >= DEFAULT_CONFIDENCE for w in words),
        "by_turn": by_turn(read),
    }


def resampled(wrong: NDArray[np.int_], written: NDArray[np.int_]) -> list[float]:
    random = np.random.default_rng(0)
    rows = random.integers(0, len(wrong), (_RESAMPLED, len(wrong)))
    rates = wrong[rows].sum(axis=1) / written[rows].sum(axis=1)
    return [float(rate) for rate in np.quantile(rates, (0.025, 0.975))]


def by_turn(read: Sequence[Read]) -> dict[str, str]:
    """Wrong and all characters by the nearest quarter turn."""
    found = {}
    for quarter in (0, 90, 180, 270):
        there = [r.errors for r in read if round(r.picture.turn / 90) * 90 % 360 == quarter]
        found[str(quarter)] = f"{sum(e.wrong for e in there)} of {sum(e.written for e in there)}"
    return found


def spread(seconds: Sequence[float]) -> dict[str, float]:
    return {
        "mean": float(np.mean(seconds)),
        "median": float(np.median(seconds)),
        "p95": float(np.quantile(seconds, 0.95)),
        "most": max(seconds),
    }


def worst_cases() -> Iterator[tuple[str, Pixels]]:
    """What takes long, or could: each made when it is its turn."""
    yield "white, 5000 x 5000", np.full((5000, 5000, 3), 255, np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (3000, 3000, 3), np.uint8)
    yield "noise, 3000 x 3000", noise
    yield "full page, 1600 x 1600", page("A8k ", 1600, 20)
    yield "3,700 crosses, 1600 x 1600", page("x    ", 1600, 26)
    yield "strip, 10000 x 80", page("A8k ", 10000, 40)[:80].copy()


def page(text: str, side: int, step: int) -> Pixels:
    pixels = np.full((min(side, 1600), side, 3), 255, np.uint8)
    for y in range(step, len(pixels), step):
        cv2.putText(pixels, text * (side // 30), (0, y), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0))
    return pixels


def worst(reader: TextReader, pixels: Pixels) -> dict[str, Any]:
    began = time.process_time()
    lines = reader.read(pixels)
    return {"seconds": time.process_time() - began, "lines": len(lines)}


def peak() -> int:
    """The most memory that this process ever had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _MIB


if __name__ == "__main__":
    main()
