"""What several views in one template do to false matches and misses, at a pack's own thresholds.

    .venv/bin/python -m bench.several_views IMAGES/

IMAGES holds a folder of images for each person (LFW view 2 was used). For each number of views
K, the templates of all people with more than K images are made of their first K; mated are
their other images, non-mated all images of all others. Thresholds were chosen on single
images of the same people, so the first row only repeats the calibration; the others tell
how far from it several views are.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from bench.pixels import decode_image

from reknown.cli.session import open_engine
from reknown.vision.batch import map_bounded
from reknown.vision.extraction import ExtractionPolicy, extract
from reknown.vision.images import read_image_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.vision.analyze import Engine

_VIEWS = (1, 3, 5)
_SIMILARITIES = (50, 70, 80, 90)


def main() -> None:
    engine = open_engine(None)
    vectors, people = templates(engine, sorted(Path(sys.argv[1]).glob("*/*.jpg")))
    report = [
        rates(engine, vectors, people, views, unit=unit)
        for views in _VIEWS
        for unit in (False, True)
    ]
    json.dump(report, sys.stdout, indent=1)
    sys.stdout.write("\n")


def templates(engine: Engine, paths: list[Path]) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    """The template of each image's largest face (n, d), and whose folder it is from (n,)."""

    def work(path: Path) -> NDArray[np.float32] | None:
        policy = ExtractionPolicy(engine.space, limit=1)
        fit = extract(engine, decode_image, read_image_file(path), policy).fit
        return fit[0][1].vector if fit else None

    found = [(v, path.parent.name) for path, v in map_bounded(work, paths) if v is not None]
    return np.array([vector for vector, _ in found]), np.array([name for _, name in found])


def rates(
    engine: Engine,
    vectors: NDArray[np.float32],
    people: NDArray[np.str_],
    views: int,
    *,
    unit: bool,
) -> dict[str, Any]:
    assert engine.calibration is not None
    images = defaultdict(list)
    for number, name in enumerate(people):
        images[name].append(number)
    chosen = {name: own for name, own in images.items() if len(own) > views}
    joined = np.array([vectors[own[:views]].mean(axis=0) for own in chosen.values()])
    if unit:
        joined /= np.linalg.norm(joined, axis=1, keepdims=True)
    scores = joined @ vectors.T
    same = np.array(list(chosen))[:, None] == people[None]
    used = np.zeros_like(same)
    for row, own in enumerate(chosen.values()):
        used[row, own[:views]] = True
    mated, others = scores[same & ~used], scores[~same]
    return {
        "views": views,
        "unit_vector": unit,
        "mated": len(mated),
        "non_mated": len(others),
        "by_similarity": {
            similarity: {
                "false_matches": int((others >= engine.calibration.score(similarity)).sum()),
                "misses": int((mated < engine.calibration.score(similarity)).sum()),
            }
            for similarity in _SIMILARITIES
        },
    }


if __name__ == "__main__":
    main()
