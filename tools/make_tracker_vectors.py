"""Writes tests/unit/video/bytetrack.json: what another ByteTrack makes of simulated boxes.

    python -m venv /elsewhere && /elsewhere/bin/pip install supervision==0.26.1
    /elsewhere/bin/python tools/make_tracker_vectors.py

The reference is `supervision.ByteTrack` of supervision 0.26.1 (the last versions have none),
a port of the authors' code. It needs opencv-python, which does not go together with the
opencv-python-headless that Reknown uses: hence an environment of its own. Only numbers are
kept: simulated boxes in whole pixels, scores in thousandths, and for each box the track that
the reference gave it, numbered by first appearance, -1 for none.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import supervision  # type: ignore[import-not-found]
from numpy.typing import NDArray
from supervision.tracker.byte_tracker import core  # type: ignore[import-not-found]

_FILE = Path(__file__).parent.parent / "tests" / "unit" / "video" / "bytetrack.json"
_VERSION = "0.26.1"
_SEQUENCES, _FRAMES = 40, 75
_SIZE = np.array([1280.0, 720.0])
_SCENES = (
    "walks",
    "crossings",
    "occlusions",
    "low scores",
    "births and deaths",
    "clutter",
    "long gaps",
    "jumps",
    "slides",
    "behind",
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Thing:
    """Moves at constant velocity but for small turns; there from `begins` to `ends`."""

    centres: Floats
    sizes: Floats
    begins: int
    ends: int
    hidden: range
    faint: range


def _thing(scene: str, index: int, rng: np.random.Generator) -> _Thing:
    height = rng.uniform(40, 160)
    centre, velocity = rng.uniform(0.2, 0.8, 2) * _SIZE, rng.normal(0, 0.06, 2) * height
    if scene == "crossings":
        meeting, when = _SIZE / 2 + rng.normal(0, 20, 2), rng.uniform(25, 50)
        velocity = np.array([(-1) ** index * rng.uniform(3, 9), rng.normal(0, 1)])
        centre = meeting - when * velocity
    velocities = velocity + np.cumsum(rng.normal(0, 0.004 * height, (_FRAMES, 2)), axis=0)
    growth = np.exp(np.cumsum(np.full(_FRAMES, rng.normal(0, 0.003))))
    sizes = np.outer(height * growth, (rng.uniform(0.6, 0.9), 1))
    begins, ends, hidden, faint = 0, _FRAMES, range(0), range(0)
    if scene == "births and deaths":
        begins = int(rng.integers(0, 40))
        ends = begins + int(rng.integers(3, 50))
    start = int(rng.integers(10, 40))
    if scene in {"occlusions", "crossings"} and rng.random() < 0.7:
        hidden = range(start, start + int(rng.integers(2, 36)))
    if scene in {"low scores", "crossings"} and rng.random() < 0.7:
        faint = range(start - 5, start + int(rng.integers(2, 25)))
    if scene == "long gaps":
        # the limit is within: 32 frames are not too many, 33 are
        hidden, velocities = range(start, start + int(rng.integers(29, 35))), velocities / 20
    if scene == "slides":
        # away by its own size within a few frames and back again: tracks come to lie on others
        away = np.where(np.arange(_FRAMES) // 12 % 2, 1.0, -1.0) * rng.uniform(0.05, 0.25) * height
        velocities = np.column_stack([away, np.zeros(_FRAMES)])
    if scene == "behind":
        # all come to rest in one place, and all but the first cannot be seen there any more
        sizes = np.full((_FRAMES, 2), (80.0, 100.0))
        way = np.outer(np.exp(-np.arange(_FRAMES) / 8), rng.normal(0, 150, 2))
        hidden = range(int(rng.integers(22, 40)), int(rng.integers(50, 60))) if index else range(0)
        return _Thing(_SIZE / 2 + way, sizes, begins, ends, hidden, faint)
    return _Thing(centre + np.cumsum(velocities, axis=0), sizes, begins, ends, hidden, faint)


def _frame(things: list[_Thing], frame: int, scene: str, rng: np.random.Generator) -> Floats:
    """(n, 5): whole pixels and a score in thousandths, no score twice."""
    rows: list[list[float]] = []
    for thing in things:
        there = thing.begins <= frame < thing.ends and frame not in thing.hidden
        if not there or rng.random() < 0.04:
            continue
        jitter = 0.15 if scene == "jumps" else 0.03
        size = thing.sizes[frame] * (1 + rng.normal(0, 0.03, 2))
        centre = thing.centres[frame] + rng.normal(0, jitter, 2) * size
        low = frame in thing.faint or rng.random() < (0.3 if scene == "jumps" else 0.05)
        score = rng.uniform(0.15, 0.59) if low else rng.uniform(0.61, 0.99)
        rows.append([*(centre - size / 2), *(centre + size / 2), score * 1000])
    for _ in range(rng.poisson(0.6) if scene == "clutter" else 0):
        corner, side = rng.uniform(0, 0.9, 2) * _SIZE, rng.uniform(30, 100)
        rows.append([*corner, *(corner + side), rng.uniform(50, 900)])
    boxes = np.round(np.array(rows, np.float64).reshape(-1, 5))
    # the reference knows a box by its score, and 0.1, 0.6 and 0.7 are neither high nor low
    while len(set(boxes[:, 4])) < len(boxes) or np.isin(boxes[:, 4], (100, 600, 700)).any():
        boxes[:, 4] += rng.integers(1, 4, len(boxes))
    return boxes


def _reference(frames: list[Floats]) -> list[list[int]]:
    """For each box of each frame the reference's own number of its track."""
    tracker = supervision.ByteTrack(
        track_activation_threshold=0.6,
        lost_track_buffer=30,
        minimum_matching_threshold=0.8,
        frame_rate=30,
        minimum_consecutive_frames=1,
    )
    matched: list[core.STrack] = []
    drop = core.remove_duplicate_tracks

    def watched(tracked: list[core.STrack], lost: list[core.STrack]) -> object:
        # here, tracks still have the boxes that they were matched with, the doubles too
        matched[:] = tracked
        return drop(tracked, lost)

    core.remove_duplicate_tracks = watched
    numbers: dict[int, int] = {}
    answers = []
    for boxes in frames:
        tensors = boxes * [1, 1, 1, 1, 0.001]
        tracker.update_with_tensors(tensors)
        seen = {t.score: t for t in matched if t.frame_id == tracker.frame_id}
        row = []
        for score in tensors[:, 4]:
            track = seen.get(score)
            key = -1 if track is None else track.internal_track_id
            row.append(-1 if track is None else numbers.setdefault(key, len(numbers)))
        answers.append(row)
    core.remove_duplicate_tracks = drop
    return answers


def main() -> None:
    """Write the file."""
    if supervision.__version__ != _VERSION:
        raise SystemExit(f"install supervision=={_VERSION}; this is {supervision.__version__}")
    sequences = []
    for index in range(_SEQUENCES):
        scene, rng = _SCENES[index % len(_SCENES)], np.random.default_rng(index)
        things = [_thing(scene, i, rng) for i in range(int(rng.integers(2, 6)))]
        frames = [_frame(things, frame, scene, rng) for frame in range(_FRAMES)]
        tracks = _reference(frames)
        boxes = [frame.astype(int).tolist() for frame in frames]
        sequences.append({"scene": scene, "boxes": boxes, "tracks": tracks})
    content = {"reference": f"supervision.ByteTrack {_VERSION}", "sequences": sequences}
    _FILE.write_text(json.dumps(content, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
