"""How far poses are off on faces turned by known angles, of five points and of the mesh.

    .venv/bin/python -m bench.pose [SHARED] > pose.json

Turns the neutral images of the Face Research Lab London Set (`bench/turned.py`). The correction
of the pack `attributes` is fitted on volunteers of odd numbers, errors are those of the others:
means of absolute errors in degrees, with intervals of 95 % by bootstrap over people. An angle
counts from how the same face was measured before it was turned (`turn`), and from zero, as if
everybody had held the head straight (`absolute`).
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from bench.pixels import decode_image
from bench.turned import Turner

from reknown.biometrics.faces import Pose
from reknown.cli.session import open_engine
from reknown.vision.attributes.head import fit_head, pose_of
from reknown.vision.attributes.mesh import face_square, locate_mesh
from reknown.vision.batch import map_bounded
from reknown.vision.pose import estimate_pose

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

ANGLES = (
    (0, 0),
    *((yaw, 0) for yaw in (-60, -45, -30, -15, 15, 30, 45, 60)),
    *((0, pitch) for pitch in (-30, -20, -10, 10, 20, 30)),
    *((yaw, pitch) for yaw in (-25, 25) for pitch in (-20, 20)),
)
DEPTHS = (0.85, 1.15)
GROUPS: dict[str, Callable[[Doubles], NDArray[np.bool_]]] = {
    "not turned": lambda t: (t == 0).all(axis=1),
    "yaw 15": lambda t: np.abs(t[:, 0]) == 15,
    "yaw 30": lambda t: np.abs(t[:, 0]) == 30,
    "yaw 45": lambda t: np.abs(t[:, 0]) == 45,
    "yaw 60": lambda t: np.abs(t[:, 0]) == 60,
    "pitch 10": lambda t: np.abs(t[:, 1]) == 10,
    "pitch 20": lambda t: (np.abs(t[:, 1]) == 20) & (t[:, 0] == 0),
    "pitch 30": lambda t: np.abs(t[:, 1]) == 30,
    "yaw 25, pitch 20": lambda t: np.abs(t[:, 0]) == 25,
    "all turned up to 45": lambda t: (np.abs(t[:, 0]) <= 45) & t.any(axis=1),
}


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Rows alike: whose face, how it was turned, and yaw and pitch as each way has them."""

    person: NDArray[np.int_]
    turn: Doubles
    ways: dict[str, Doubles]


def main() -> None:
    shared = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data")
    paths = sorted((shared / "london" / "neutral_front").glob("*.jpg"))
    whole = measured(paths, 1.0)
    correction = fitted(whole)
    report = {
        "correction": correction,
        "faces": {"fitted": int(_odd(whole).sum()), "counted": int((~_odd(whole)).sum())},
        "errors": errors(whole, correction),
        "depth": {
            str(depth): errors(measured(paths, depth), correction)["all turned up to 45"]
            for depth in DEPTHS
        },
    }
    json.dump(report, sys.stdout, indent=1)


def measured(paths: list[Path], depth: float) -> Measured:
    """Every face at every angle, without those that are not found."""
    engine, turner = open_engine(None), Turner()
    analyst = engine.analyst()
    if analyst is None:
        raise SystemExit("the pack attributes is not installed")

    def work(path: Path) -> list[tuple[float, ...]]:
        pixels = decode_image(path.read_bytes()).pixels
        found = engine.detector.detect(pixels)
        landmarks = found.landmarks[int(found.scores.argmax())]
        mesh = locate_mesh(analyst.mesh, pixels, face_square(landmarks)).points
        rows: list[tuple[float, ...]] = []
        for yaw, pitch in ANGLES:
            drawn = turner.turn(pixels, mesh, Pose(yaw, pitch, 0), depth)
            seen = engine.detector.detect(drawn)
            if not len(seen.scores):
                continue
            points = seen.landmarks[int(seen.scores.argmax())]
            five = estimate_pose(points)
            found_mesh = locate_mesh(analyst.mesh, drawn, face_square(points)).points
            raw = pose_of(fit_head(analyst.head, found_mesh).rotation)
            person = int(path.stem[:3])
            rows.append((person, yaw, pitch, five.yaw, five.pitch, raw.yaw, raw.pitch))
        return rows

    rows = np.array([row for _, rows in map_bounded(work, paths) for row in rows])
    ways = {"five points": rows[:, 3:5], "mesh as it is": rows[:, 5:7]}
    return Measured(rows[:, 0].astype(int), rows[:, 1:3], ways)


def fitted(whole: Measured) -> dict[str, float]:
    """The correction, by least squares on one half of the people."""
    half = _odd(whole)
    yaw, pitch = whole.ways["mesh as it is"][half].T
    turn = whole.turn[half]
    gain = float((yaw @ turn[:, 0]) / (yaw @ yaw))
    square = (yaw / 100) ** 2
    design = np.column_stack([np.ones_like(square), square])
    offset, by_yaw = np.linalg.lstsq(design, turn[:, 1] - pitch, rcond=None)[0]
    return {"yaw_gain": gain, "pitch_offset": float(offset), "pitch_by_yaw": float(by_yaw)}


def errors(whole: Measured, correction: dict[str, float]) -> dict[str, object]:
    """Of the other half."""
    half = ~_odd(whole)
    yaw, pitch = whole.ways["mesh as it is"].T
    corrected = np.column_stack(
        [
            yaw * correction["yaw_gain"],
            pitch + correction["pitch_offset"] + correction["pitch_by_yaw"] * (yaw / 100) ** 2,
        ]
    )
    found: dict[str, dict[str, object]] = {}
    for group, chosen in GROUPS.items():
        rows = half & chosen(whole.turn)
        found[group] = {"images": int(rows.sum())}
        for way, seen in (whole.ways | {"mesh": corrected}).items():
            found[group][way] = {
                "absolute": _mean(np.abs(seen - whole.turn), whole.person, rows),
                "turn": _mean(np.abs(_from_start(whole, seen) - whole.turn), whole.person, rows),
            }
    return dict(found)


def _from_start(whole: Measured, seen: Doubles) -> Doubles:
    """The angles counted from those of the same face before it was turned."""
    start = {
        person: seen[number]
        for number, person in enumerate(whole.person)
        if not whole.turn[number].any()
    }
    return np.array([row - start[p] for row, p in zip(seen, whole.person, strict=True)])


def _mean(
    wrong: Doubles, person: NDArray[np.int_], rows: NDArray[np.bool_]
) -> dict[str, list[float]]:
    people = np.unique(person[rows])
    each = [wrong[rows & (person == p)] for p in people]
    random = np.random.default_rng(1)
    drawn = [
        np.concatenate([each[i] for i in random.integers(0, len(each), len(each))]).mean(axis=0)
        for _ in range(500)
    ]
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    middle = wrong[rows].mean(axis=0)
    names = ("yaw", "pitch")
    return {
        name: [round(float(v), 2) for v in (middle[i], low[i], high[i])]
        for i, name in enumerate(names)
    }


def _odd(whole: Measured) -> NDArray[np.bool_]:
    return np.asarray(whole.person % 2 == 1)


if __name__ == "__main__":
    main()
