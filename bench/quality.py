"""What the quality filter refuses on LFW view 2, and how much better the rest is recognised.

    python -m bench.quality > quality.json

Needs the folder `lfw-view2` in `$REKNOWN_SHARED/data` (default `../shared`). For each least
unified quality score: the share of images refused and the FNMR of the mated pairs of the
others, at the threshold that the pack's calibration gives for an FMR of 1e-4.
"""

from __future__ import annotations

import json
import os
import sys
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from bench.pixels import decode_image

from reknown.biometrics.quality_filter import DEFAULT_FILTER
from reknown.cli.session import open_engine
from reknown.vision.analyze import Look
from reknown.vision.batch import map_bounded
from reknown.vision.images import read_image_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DATA = Path(os.environ.get("REKNOWN_SHARED", "../shared")) / "data" / "lfw-view2" / "images"
_LEVELS = (0, 10, 20, 30, 40, 45, 50, 55, 60, 65, 70, 75, 80)


def main() -> None:
    engine = open_engine(None)
    if engine.calibration is None:
        raise SystemExit("the default pack has no calibration")

    def measure(path: Path) -> tuple[int, bool, NDArray[np.float32]] | None:
        pixels = decode_image(read_image_file(path)).pixels
        faces = engine.detect(pixels, Look.POSE)
        if not faces:
            return None
        face = min(
            faces,
            key=lambda f: (
                abs(f.box.left + f.box.width / 2 - 0.5) + abs(f.box.top + f.box.height / 2 - 0.5)
            ),
        )
        ((face, template),) = engine.extract(pixels, [face])
        spoilt = bool(DEFAULT_FILTER.objections(face))
        return face.quality.unified_score.score, spoilt, template.vector

    paths = sorted(_DATA.rglob("*.jpg"))
    found = [(path, row) for path, row in map_bounded(measure, paths) if row is not None]
    subjects: dict[str, list[int]] = {}
    for number, (path, _) in enumerate(found):
        subjects.setdefault(path.stem.rsplit("_", 1)[0], []).append(number)
    pairs = np.array([pair for rows in subjects.values() for pair in combinations(rows, 2)])
    scores = np.array([row[0] for _, row in found])
    spoilt = np.array([row[1] for _, row in found])
    vectors = np.stack([row[2] for _, row in found])
    cosines = (vectors[pairs[:, 0]] * vectors[pairs[:, 1]]).sum(axis=1)
    threshold = engine.calibration.threshold(1e-4)
    levels = []
    for least in _LEVELS:
        fit = (scores >= least) & ~spoilt
        both = fit[pairs].all(axis=1)
        misses = int((cosines[both] < threshold).sum())
        levels.append(
            {
                "min_unified": least,
                "images": len(found),
                "refused": int((~fit).sum()),
                "mated": int(both.sum()),
                "misses": misses,
                "fnmr": misses / max(int(both.sum()), 1),
            }
        )
    json.dump({"undetected": len(paths) - len(found), "levels": levels}, sys.stdout, indent=1)


main()
