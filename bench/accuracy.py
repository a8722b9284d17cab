"""How often a pack is wrong on LFW view 2 and London: every pair of every image.

    python -m bench.accuracy --pack opencv > accuracy.json

Needs the folders `lfw-view2` and `london` in `$REKNOWN_SHARED/data` (default `../shared`).
Failures to detect count as errors. The face nearest to the centre is the subject's. LFW's
points are given twice: with all pairs, and without the pairs of names in lfw_label_errors.csv.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from bench.pixels import decode_image

from reknown.cli.session import open_engine
from reknown.evaluation.data.pairs import score_pairs
from reknown.evaluation.measures.folds import fold_accuracy
from reknown.vision.batch import map_bounded
from reknown.vision.images import read_image_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from numpy.typing import NDArray

    from reknown.biometrics.faces import DetectedFace
    from reknown.vision.analyze import Engine

    Floats = NDArray[np.float32]

_DATA = Path(os.environ.get("REKNOWN_SHARED", "../shared")) / "data"
_TARGETS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
_TABLE = (0.5, 0.2, 0.1, 5e-2, 2e-2, 1e-2, 5e-3, 2e-3, 1e-3, 5e-4, 2e-4, 1e-4, 5e-5, 2e-5, 1e-5,
          5e-6, 2e-6, 1e-6)  # fmt: skip
_BLOCK = 512
_BINS = 1 << 22


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Templates (n, d); rows that failed are zero and `failed` there."""

    names: list[str]
    subjects: NDArray[np.intp]
    vectors: Floats
    failed: NDArray[np.bool_]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", default="opencv")
    arguments = parser.parse_args()
    engine = open_engine(arguments.pack)
    started = time.monotonic()
    lfw = read_samples(engine, _DATA / "lfw-view2" / "images", by_folder=True)
    report: dict[str, Any] = {
        "pack": arguments.pack,
        "space": engine.space.fingerprint,
        "lfw": lfw_report(lfw),
        "london": london_report(read_samples(engine, _DATA / "london", by_folder=False)),
        "seconds": round(time.monotonic() - started, 1),
    }
    json.dump(report, sys.stdout, indent=1)
    sys.stdout.write("\n")


def read_samples(engine: Engine, root: Path, *, by_folder: bool) -> Samples:
    """One template an image; subjects are folders, or the names' part before the underscore."""
    paths = sorted(root.rglob("*.jpg"))
    subjects = [path.parent.name if by_folder else path.stem.split("_")[0] for path in paths]
    numbers = {subject: number for number, subject in enumerate(sorted(set(subjects)))}
    vectors = np.zeros((len(paths), engine.space.dimension), np.float32)
    failed = np.ones(len(paths), bool)

    def work(path: Path) -> Floats | None:
        pixels = decode_image(read_image_file(path)).pixels
        faces = engine.detect(pixels)
        if not faces:
            return None
        return engine.embed(pixels, [min(faces, key=_off_centre)])[0].vector

    for row, (_, vector) in enumerate(map_bounded(work, paths)):
        if vector is not None:
            vectors[row], failed[row] = vector, False
    names = [str(path.relative_to(root)) for path in paths]
    return Samples(names, np.array([numbers[s] for s in subjects]), vectors, failed)


def _off_centre(face: DetectedFace) -> float:
    nose = face.landmarks.nose
    return (nose.x - 0.5) ** 2 + (nose.y - 0.5) ** 2


def lfw_report(samples: Samples) -> dict[str, Any]:
    mated, histogram = all_pairs(samples)
    tabled = [threshold_at(histogram, rate) for rate in _TABLE]
    return {
        "images": len(samples.names),
        "people": int(samples.subjects.max()) + 1,
        "failures_to_detect": int(samples.failed.sum()),
        "non_mated": int(histogram.sum()),
        "points": operating_points(mated, histogram),
        "points_without_label_errors": operating_points(*all_pairs(samples, label_errors(samples))),
        "held_out": held_out(samples),
        "ten_fold": ten_fold(samples),
        "calibration": {
            "scores": [-1.0, *(round(score, 6) for score, _ in tabled)],
            "false_match_rates": [1.0, *_TABLE],
        },
    }


def operating_points(mated: Floats, histogram: NDArray[np.int64]) -> list[dict[str, Any]]:
    points = []
    for target in _TARGETS:
        threshold, reached = threshold_at(histogram, target)
        misses = int((mated < threshold).sum())
        points.append(
            {
                "target_fmr": target,
                "threshold": threshold,
                "fmr": reached,
                "false_matches": round(reached * int(histogram.sum())),
                "non_mated": int(histogram.sum()),
                "misses": misses,
                "mated": len(mated),
                "fnmr": misses / len(mated),
            }
        )
    return points


def label_errors(samples: Samples) -> set[tuple[int, int]]:
    """Pairs of subjects that are one person under two names, as far as names and files tell."""
    numbers = {
        name.split("/")[0]: n for name, n in zip(samples.names, samples.subjects, strict=True)
    }
    with Path(__file__).with_name("lfw_label_errors.csv").open(encoding="utf-8") as file:
        pairs = [(numbers[row["name_a"]], numbers[row["name_b"]]) for row in csv.DictReader(file)]
    return {pair for one, other in pairs for pair in ((one, other), (other, one))}


def held_out(samples: Samples) -> list[dict[str, Any]]:
    """Thresholds chosen on a random half of the people, rates counted on the other half."""
    people = int(samples.subjects.max()) + 1
    chosen = np.random.default_rng(1).permutation(people) % 2 == 0
    _, histogram = all_pairs(part(samples, chosen[samples.subjects]))
    mated, others = all_pairs(part(samples, ~chosen[samples.subjects]))
    points = []
    for target in _TARGETS[:-1]:
        threshold, _ = threshold_at(histogram, target)
        first_bin = round((threshold + 1) * (_BINS / 2))
        points.append(
            {
                "target_fmr": target,
                "threshold": threshold,
                "false_matches": int(others[first_bin:].sum()),
                "non_mated": int(others.sum()),
                "misses": int((mated < threshold).sum()),
                "mated": len(mated),
            }
        )
    return points


def part(samples: Samples, rows: NDArray[np.bool_]) -> Samples:
    names = [name for name, wanted in zip(samples.names, rows, strict=True) if wanted]
    return Samples(names, samples.subjects[rows], samples.vectors[rows], samples.failed[rows])


def all_pairs(
    samples: Samples, left_out: Collection[tuple[int, int]] = ()
) -> tuple[Floats, NDArray[np.int64]]:
    """Mated scores, failures as -2, and a histogram of the non-mated ones over -1 to 1.

    Comparisons of the pairs of subjects `left_out` are not counted.
    """
    mated: list[Floats] = []
    histogram = np.zeros(_BINS + 1, np.int64)
    for scores, same in _blocks(samples, left_out):
        mated.append(scores[same])
        bins = np.clip((scores[~same] + 1) * (_BINS / 2), 0, _BINS).astype(np.int64)
        histogram += np.bincount(bins, minlength=_BINS + 1)
    return np.concatenate(mated), histogram


def _blocks(
    samples: Samples, left_out: Collection[tuple[int, int]]
) -> Iterator[tuple[Floats, NDArray[np.bool_]]]:
    count = len(samples.names)
    for start in range(0, count, _BLOCK):
        rows = slice(start, min(start + _BLOCK, count))
        scores = samples.vectors[rows] @ samples.vectors[start:].T
        bad = samples.failed[rows, None] | samples.failed[None, start:]
        scores[bad] = -2
        later = np.arange(start, count)[None] > np.arange(start, rows.stop)[:, None]
        same = samples.subjects[rows, None] == samples.subjects[None, start:]
        for one, other in left_out:
            later &= ~np.outer(samples.subjects[rows] == one, samples.subjects[start:] == other)
        yield scores[later], same[later]


def threshold_at(histogram: NDArray[np.int64], target: float) -> tuple[float, float]:
    """The lowest bin edge whose FMR is at most `target`, and the FMR there."""
    at_or_above = histogram[::-1].cumsum()[::-1]
    rates = at_or_above / at_or_above[0]
    index = int(np.argmax(rates <= target))
    return index * 2 / _BINS - 1, float(rates[index])


def ten_fold(samples: Samples) -> dict[str, Any]:
    """LFW's own protocol: the threshold of each fold is chosen on the other nine."""
    where = {name: row for row, name in enumerate(samples.names)}
    with (_DATA / "lfw-view2" / "pairs.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    first = np.array([where[row["image_a"]] for row in rows])
    second = np.array([where[row["image_b"]] for row in rows])
    same = np.array([row["same"] == "1" for row in rows])
    folds = np.array([int(row["fold"]) for row in rows])
    scores = score_pairs(samples.vectors, samples.failed, first, second)
    found = fold_accuracy(scores, same, folds)
    return {
        "accuracy": found.accuracy,
        "standard_error": found.standard_error,
        "pairs": len(rows),
    }


def london_report(samples: Samples) -> dict[str, Any]:
    mated, histogram = all_pairs(samples)
    threshold, reached = threshold_at(histogram, 1e-3)
    return {
        "images": len(samples.names),
        "failures_to_detect": int(samples.failed.sum()),
        "mated": len(mated),
        "non_mated": int(histogram.sum()),
        "fmr_1e-3": {
            "threshold": threshold,
            "fmr": reached,
            "misses": int((mated < threshold).sum()),
        },
        "groups": group_rates(samples, threshold),
    }


def group_rates(samples: Samples, threshold: float) -> dict[str, Any]:
    """False matches within each self-reported group at the set's own threshold."""
    with (_DATA / "london" / "people.csv").open(encoding="utf-8", newline="") as file:
        groups = {row["face_id"]: row["ethnicity"] for row in csv.DictReader(file)}
    labels = np.array([groups[Path(name).stem.split("_")[0]] for name in samples.names])
    scores = samples.vectors @ samples.vectors.T
    upper = np.triu(samples.subjects[:, None] != samples.subjects[None], 1)
    rates: dict[str, Any] = {}
    for group in sorted(set(labels)):
        pairs = scores[upper & (labels[:, None] == group) & (labels[None] == group)]
        people = len(set(samples.subjects[labels == group]))
        matches = int((pairs >= threshold).sum())
        rates[group] = {"people": people, "comparisons": len(pairs), "false_matches": matches}
    return rates


if __name__ == "__main__":
    main()
