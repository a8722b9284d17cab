"""How often strangers end up in one group: chosen on one half of the people, counted on the other.

    python -m bench.group_errors --images FOLDER > group_errors.json

FOLDER has a folder of images for each person. People are dealt into two halves. On one, the
score that stands for each false match rate is measured, and the largest `expected_false` is taken
at which at most one in 1,000 pairs within groups is of two people; on the other, groups are made
with that score and compared with the people. Then the halves change places, and all is done with
ten deals.
Beside it the policy as it is shipped, with the pack's own calibration. Intervals (95 %) are of
people drawn with replacement. People whom LFW has under two names, as far as these tell, count as
one (`lfw_label_errors.csv`).
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from bench import serving
from bench.pixels import decode_image

from reknown.biometrics.calibration import Calibration
from reknown.cli.session import open_engine, pack_store
from reknown.evaluation.data.manifest import read_manifest
from reknown.evaluation.data.templates import extract
from reknown.evaluation.measures.grouping import bootstrapped, grouping_errors
from reknown.gallery.grouping.grouping import group
from reknown.gallery.grouping.policy import DEFAULT_POLICY, GroupingPolicy
from reknown.gallery.grouping.sightings import sightings
from reknown.vision.packs.space import detector_fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from reknown.biometrics.rates import Rate

_PACK = "opencv"
_DEALS = 10
_WRONG = 1e-3
_TRIED = (0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)
_RATES = tuple(10.0**-exponent for exponent in np.arange(0.5, 6.1, 0.5))


@dataclass(frozen=True, eq=False)
class Faces:
    """`vectors` (n, d) float32, the `people` (n,) that they are of, `quality` (n,), 0 to 100."""

    vectors: NDArray[np.float32]
    people: NDArray[np.int64]
    quality: NDArray[np.int64]

    def of(self, people: NDArray[np.int64]) -> Faces:
        """Those of these people."""
        rows = np.isin(self.people, people)
        return Faces(self.vectors[rows], self.people[rows], self.quality[rows])


def main() -> None:
    arguments = _parse()
    faces = _read(arguments.images, arguments.templates)
    own = open_engine(_PACK).calibration
    report = {
        "machine": serving.machine(),
        "images": len(faces.people),
        "people": len(np.unique(faces.people)),
        "shipped_with_the_packs_own_calibration": _errors(faces, own, DEFAULT_POLICY),
        "held_out": [_deal(faces, seed) for seed in range(1, arguments.deals + 1)],
    }
    json.dump(report, sys.stdout, indent=1)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument(
        "--templates", type=Path, help="Keep them in this folder, and take them from it."
    )
    parser.add_argument("--deals", type=int, default=_DEALS)
    return parser.parse_args()


def _read(images: Path, kept: Path | None) -> Faces:
    """Failures to find a face are left out: what is not seen is in no group."""
    with tempfile.TemporaryDirectory() as name:
        cache = kept or Path(name)
        cache.mkdir(parents=True, exist_ok=True)
        engine, manifest = open_engine(_PACK), read_manifest(images)
        detector = detector_fingerprint(pack_store().manifest(_PACK))
        found = extract(engine, decode_image, manifest, cache, detector=detector)
    people, names = manifest.subjects()
    seen = ~found.failed
    quality = np.asarray(found.quality, np.int64)
    return Faces(found.vectors[seen], _mended(people, names)[seen], quality[seen])


def _mended(people: NDArray[np.int64], names: Sequence[str]) -> NDArray[np.int64]:
    """The people, with one number for who stands under two names."""
    numbers = {name: number for number, name in enumerate(names)}
    mended = people.copy()
    with Path(__file__).with_name("lfw_label_errors.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["name_a"] in numbers and row["name_b"] in numbers:
                one, other = (
                    mended[people == numbers[row[key]]][0] for key in ("name_a", "name_b")
                )
                mended[mended == other] = one
    return mended


def _deal(faces: Faces, seed: int) -> dict[str, Any]:
    people = np.unique(faces.people)
    first = np.random.default_rng(seed).permutation(people)[: len(people) // 2]
    halves = faces.of(first), faces.of(np.setdiff1d(people, first))
    return {
        "deal": seed,
        "halves": [_held_out(*pair) for pair in (halves, halves[::-1])],
    }


def _held_out(chosen_on: Faces, counted_on: Faces) -> dict[str, Any]:
    table = _calibration(chosen_on)
    for expected in _TRIED:
        policy = GroupingPolicy(expected_false=expected, least_similarity=0)
        tried = grouping_errors(_group(chosen_on, table, policy), chosen_on.people)
        if tried.wrong.errors <= _WRONG * tried.wrong.trials:
            break
    return {"expected_false": expected, **_errors(counted_on, table, policy)}


def _errors(faces: Faces, table: Calibration | None, policy: GroupingPolicy) -> dict[str, Any]:
    labels = _group(faces, table, policy)
    found = grouping_errors(labels, faces.people)
    intervals = bootstrapped(labels, faces.people)
    return {
        "sightings": len(faces.people),
        "people": len(np.unique(faces.people)),
        "score": round(policy.threshold(table, len(faces.people)).score, 4),
        "groups": len(np.unique(labels[labels >= 0])),
        "wrong_pairs": _rate(found.wrong),
        "pairs_apart": _rate(found.apart),
        "mixed_groups": _rate(found.mixed),
        **{
            name: [round(getattr(found.scores, name), 5), *(round(x, 5) for x in (it.low, it.high))]
            for name, it in intervals.items()
        },
    }


def _group(faces: Faces, table: Calibration | None, policy: GroupingPolicy) -> NDArray[np.intp]:
    seen = sightings(
        faces.vectors,
        np.arange(len(faces.people)),
        firm=faces.quality >= policy.min_quality,
    )
    least = policy.threshold(table, len(faces.people)).score
    return group(seen, least, neighbours=policy.neighbours).labels


def _calibration(faces: Faces) -> Calibration:
    """Of all pairs of two people among these faces."""
    strangers = [
        (faces.vectors[row] @ faces.vectors[row + 1 :].T)[faces.people[row + 1 :] != person]
        for row, person in enumerate(faces.people[:-1])
    ]
    scores = np.sort(np.concatenate(strangers))[::-1]
    rates = [rate for rate in _RATES if rate * len(scores) >= 1]
    points = [float(scores[int(rate * len(scores)) - 1]) for rate in rates]
    return Calibration((-1.0, *points), (1.0, *rates), "half of the people", len(scores))


def _rate(rate: Rate) -> list[int]:
    return [rate.errors, rate.trials]


if __name__ == "__main__":
    main()
