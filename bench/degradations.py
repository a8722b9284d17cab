"""What light, turns, compression and size do to faces, and what the quality filters make of it.

    nice python -m bench.degradations [--people 300] > degradations.json

Needs `lfw-view2` and `london` in `$REKNOWN_SHARED/data` (default `../shared`). A second image of
each of London's volunteers and of so many people of LFW is made worse by known factors
(`bench/made_worse.py`) and compared with the first, as it is, at the score that the pack's
calibration gives for an FMR of 1e-4. By half of the people the levels of the filters are chosen,
on the other half they are judged. An image without a found face is no comparison: `found` counts
those. Pooled intervals are clustered by person.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from bench import degraded_rows, made_worse

from reknown.api.wire_faces import QUALITY_FILTERS
from reknown.biometrics.rates import Rate, wilson
from reknown.cli.session import open_engine
from reknown.evaluation.measures.intervals import clustered_fnmr, clustered_wilson
from reknown.evaluation.measures.quality import discard_curve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.degraded_rows import Row
    from numpy.typing import NDArray

    from reknown.api import shapes

    Mask = NDArray[np.bool_]
    Floats = NDArray[np.float64]

_FILTERS: tuple[shapes.QualityFilter, ...] = ("AUTO", "MEDIUM", "HIGH")
# Worse than its level a face is missed more often than this.
_MISSED = {"AUTO": 1 / 2, "MEDIUM": 1 / 5, "HIGH": 1 / 10}
_STEP = 5
_SHARES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3)


class Found:
    """The rows with a face, and what their comparisons gave at a threshold."""

    def __init__(
        self, rows: Sequence[Row], references: NDArray[np.float32], threshold: float
    ) -> None:
        self.rows = [row for row in rows if row.face is not None]
        self.faces = [row.face for row in self.rows if row.face is not None]
        self.threshold = threshold
        self.person = np.array([row.person for row in self.rows], np.intp)
        vectors = np.stack([row.vector for row in self.rows if row.vector is not None])
        scores = vectors @ references.T
        self.mated = scores[np.arange(len(scores)), self.person].astype(np.float64)
        self.missed = self.mated < threshold
        self.false = (scores >= threshold).sum(axis=1) - ~self.missed
        self.passed: dict[str, Mask] = {
            name: np.array([not QUALITY_FILTERS[name].objections(face) for face in self.faces])
            for name in _FILTERS
        }

    def measures(self) -> dict[str, Floats]:
        """What may predict a miss, each from 0 (worst) to 100."""
        got = [face.quality for face in self.faces]
        turn = [max(abs(face.pose.yaw), abs(face.pose.pitch)) for face in self.faces]
        of = {
            "unified score": [one.unified_score.native for one in got],
            "magnitude": [one.magnitude.native for one in got if one.magnitude],
            "confidence": [face.confidence for face in self.faces],
            "luminance": [one.luminance_mean.score for one in got],
            "sharpness": [one.sharpness.score for one in got],
            "inter-eye distance": [one.inter_eye_distance.score for one in got],
            "pose": [-angle for angle in turn],
        }
        return {name: _stretched(np.array(values, np.float64)) for name, values in of.items()}


def _stretched(values: Floats) -> Floats:
    low, high = values.min(), values.max()
    # a sum of rounding may pass 100 by its last bit
    return np.asarray(np.clip(100 * (values - low) / max(high - low, 1e-9), 0, 100))


def states(found: Found, rows: Sequence[Row], people: int) -> list[dict[str, Any]]:
    """What each way and degree of making worse does."""
    listed = []
    for state in dict.fromkeys((row.what, row.amount) for row in rows):
        which = np.array([(row.what, row.amount) == state for row in found.rows])
        count = int(which.sum())
        faces = [face for face, here in zip(found.faces, which, strict=True) if here]
        sure = np.array([face.confidence for face in faces])
        second = sum(row.second for row in found.rows if (row.what, row.amount) == state)
        entry: dict[str, Any] = {"what": state[0], "amount": state[1], "images": people}
        entry |= {"found": count, "by_second_look": second}
        if count:
            entry["confidence"] = {"mean": float(sure.mean()), "below_0.8": int((sure < 0.8).sum())}
            entry["yaw"] = float(np.median([abs(face.pose.yaw) for face in faces]))
            entry["luminance"] = float(np.median([f.quality.luminance_mean.score for f in faces]))
            entry["unified"] = float(np.median([f.quality.unified_score.native for f in faces]))
            entry["misses"] = _rate(found.missed[which])
            entry["false_matches"] = [int(found.false[which].sum()), count * (people - 1)]
            entry["filters"] = {name: _judged(found, which, name) for name in _FILTERS}
        listed.append(entry)
    return listed


def _judged(found: Found, which: Mask, name: str) -> dict[str, Any]:
    passed = found.passed[name]
    return {
        "passed": _rate(found.missed[which & passed]),
        "refused": _rate(found.missed[which & ~passed]),
    }


def _rate(missed: Mask) -> dict[str, Any]:
    count = len(missed)
    if not count:
        return {"missed": 0, "of": 0}
    rate = Rate(int(missed.sum()), count)
    interval = wilson(rate)
    return {"missed": rate.errors, "of": count, "interval": [interval.low, interval.high]}


def swing(found: Found) -> dict[str, Any]:
    """How far a face's confidence moves where the image is as good to any viewer."""
    by_person: dict[int, list[float]] = {}
    for row, face in zip(found.rows, found.faces, strict=True):
        if (row.what, row.amount) in made_worse.HARMLESS:
            by_person.setdefault(row.person, []).append(face.confidence)
    ranges = np.array([max(seen) - min(seen) for seen in by_person.values()])
    shares = np.quantile(ranges, [0.5, 0.95, 1.0])
    crossing = sum(min(seen) < 0.8 <= max(seen) for seen in by_person.values())
    return {"people": len(ranges), "median_p95_most": shares.tolist(), "cross_0.8": crossing}


def curves(found: Found) -> dict[str, Any]:
    """Errors versus discard by each measure, over all states together."""
    listed = {}
    for name, values in found.measures().items():
        curve = discard_curve(found.mated, values, found.threshold)
        rates = [curve.rate_at(share) for share in _SHARES]
        listed[name] = {
            "fnmr": {str(s): [r.errors, r.trials] for s, r in zip(_SHARES, rates, strict=True)},
            "pauc_0.3": curve.partial_area(0.3),
        }
    return listed


def levels(found: Found, tune: Mask) -> dict[str, Any]:
    """The least levels from which on faces are missed less often than a filter allows."""
    unified = np.array([face.quality.unified_score.native for face in found.faces])
    bins = []
    for low in range(0, 100, _STEP):
        here = tune & (unified >= low) & (unified < low + _STEP)
        bins.append({"from": low, **_rate(found.missed[here])})
    chosen = {}
    for name, allowed in _MISSED.items():
        worse = [b["from"] for b in bins if b["of"] and b["missed"] / b["of"] > allowed]
        chosen[name] = max(worse, default=-_STEP) + _STEP
    return {"tune_bins": bins, "chosen": chosen}


def judged(found: Found, test: Mask) -> dict[str, Any]:
    """The filters on people that no level was chosen by."""
    listed: dict[str, Any] = {}
    for name in _FILTERS:
        passed = found.passed[name]
        listed[name] = {
            part: _clustered(found, test & which)
            for part, which in (("passed", passed), ("refused", ~passed))
        }
    return listed


def _clustered(found: Found, which: Mask) -> dict[str, Any]:
    missed = found.missed[which]
    interval = clustered_wilson(clustered_fnmr(missed, found.person[which]))
    ends = [interval.low, interval.high]
    return {"missed": int(missed.sum()), "of": len(missed), "interval": ends}


def report(rows: Sequence[Row], references: NDArray[np.float32], threshold: float) -> Any:
    """All of it."""
    people = len(references)
    found = Found(rows, references, threshold)
    drawn = np.random.default_rng(1).permutation(people)[: people // 2]
    tune = np.isin(found.person, drawn)
    return {
        "people": people,
        "states": states(found, rows, people),
        "confidence_swing": swing(found),
        "errors_versus_discard": curves(found),
        "levels": levels(found, tune),
        "test": judged(found, ~tune),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=300, help="of LFW, beside London's 102")
    wanted = parser.parse_args()
    engine = open_engine(None)
    if engine.calibration is None:
        raise SystemExit("the default pack has no calibration")
    data = Path(os.environ.get("REKNOWN_SHARED", "../shared")) / "data"
    people = degraded_rows.people(data, wanted.people, seed=1)
    references = degraded_rows.references(engine, people)
    rows = list(degraded_rows.rows(engine, people))
    json.dump(report(rows, references, engine.calibration.threshold(1e-4)), sys.stdout, indent=1)


if __name__ == "__main__":
    main()
