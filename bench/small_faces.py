"""What small faces do to false matches and misses at a pack's own thresholds.

    .venv/bin/python -m bench.small_faces IMAGES/ [--people 1500]

IMAGES holds a folder of images for each person (LFW view 2 was used). The second image of each
person is shrunk until its face is so many pixels wide and searched as a video's frames are; the
first images of all people are the references. Where the face is not found, the mate is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from bench.pixels import decode_image

from reknown.cli.session import open_engine
from reknown.video.shots import cut_out, take_shot
from reknown.vision.batch import map_bounded
from reknown.vision.extraction import ExtractionPolicy, extract
from reknown.vision.images import read_image_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.biometrics.faces import DetectedFace
    from reknown.vision.analyze import Engine

    Pixels = NDArray[np.uint8]
    Floats = NDArray[np.float32]

_WIDTHS = (20, 30, 40, 60, 90)
_SIMILARITIES = (50, 80, 90)


def main() -> None:
    parser = argparse.ArgumentParser(description="Small faces")
    parser.add_argument("images", type=Path)
    parser.add_argument("--people", type=int, default=1500)
    wanted = parser.parse_args()
    engine = open_engine(None)
    pairs = [sorted(folder.glob("*.jpg"))[:2] for folder in sorted(wanted.images.iterdir())]
    pairs = [pair for pair in pairs if len(pair) == 2][: wanted.people]
    read = [both for _, both in map_bounded(lambda pair: read_two(engine, *pair), pairs) if both]
    references = np.array([vector for vector, _, _ in read])
    probes = [(pixels, face) for _, pixels, face in read]
    report = [rates(engine, probes, references, width) for width in _WIDTHS]
    json.dump(report, sys.stdout, indent=1)
    sys.stdout.write("\n")


def read_two(
    engine: Engine, reference: Path, probe: Path
) -> tuple[Floats, Pixels, DetectedFace] | None:
    """The template of one image, the other one with its largest face; None without a face."""
    policy = ExtractionPolicy(engine.space, limit=1)
    fit = extract(engine, decode_image, read_image_file(reference), policy).fit
    pixels = decode_image(read_image_file(probe)).pixels
    faces = engine.detect(pixels)
    return (fit[0][1].vector, pixels, faces[0]) if fit and faces else None


def rates(
    engine: Engine, probes: list[tuple[Pixels, DetectedFace]], references: Floats, width: int
) -> dict[str, Any]:
    assert engine.calibration is not None
    made = [found for _, found in map_bounded(lambda both: probe(engine, *both, width), probes)]
    seen = [number for number, found in enumerate(made) if found is not None]
    vectors = np.array([found[0] for found in made if found is not None])
    quality = [found[1] for found in made if found is not None]
    scores = vectors @ references.T
    mates = np.zeros(scores.shape, bool)
    mates[np.arange(len(seen)), seen] = True
    limits = {s: engine.calibration.score(s) for s in _SIMILARITIES}
    return {
        "face_width": width,
        "not_found": len(probes) - len(seen),
        "mated": len(probes),
        "non_mated": int((~mates).sum()),
        "median_quality": float(np.median(quality)) if quality else None,
        "by_similarity": {
            similarity: {
                "false_matches": int((scores[~mates] >= limit).sum()),
                "misses": len(probes) - int((scores[mates] >= limit).sum()),
            }
            for similarity, limit in limits.items()
        },
    }


def probe(
    engine: Engine, pixels: Pixels, face: DetectedFace, width: int
) -> tuple[Floats, float] | None:
    """The template and quality of the face at that width, as a video's shot makes it."""
    scale = width / (face.box.width * pixels.shape[1])
    small = np.asarray(
        cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
    )
    # a frame is searched at twice its size where it is small
    search = np.asarray(cv2.resize(small, None, fx=2, fy=2), np.uint8)
    if min(search.shape[:2]) < 12 or not (found := engine.detect(search)):
        return None
    shot = take_shot(engine, cut_out(small, found[0], 0), with_jpeg=False)
    return shot.vector, shot.score


if __name__ == "__main__":
    main()
