"""What small faces do to false matches and misses at a pack's own thresholds.

    .venv/bin/python bench/small_faces.py IMAGES/ [--people 1500]

IMAGES holds a folder of pictures for each person (LFW view 2 was used). The second picture of each
person is shrunk until its face is so many pixels wide and searched as a video's frames are; the
first pictures of all people are the references. Where the face is not found, the mate is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from reknown.services.photos import read_photo

from reknown.cli.session import open_engine
from reknown.video.shots import cut_out, take_shot
from reknown.vision.batch import map_bounded
from reknown.vision.images import DecodedImage

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from reknown.services.photos import Photo

    from reknown.biometrics.faces import DetectedFace
    from reknown.vision.analyze import Engine

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
    read = [photos for _, photos in map_bounded(lambda pair: two(engine, pair), pairs)]
    known = [(one, other) for one, other in read if one.faces and other.faces]
    references = np.array(
        [vector for _, vector in map_bounded(lambda pair: reference(engine, pair[0]), known)]
    )
    report = [rates(engine, [other for _, other in known], references, w) for w in _WIDTHS]
    json.dump(report, sys.stdout, indent=1)
    sys.stdout.write("\n")


def two(engine: Engine, pair: list[Path]) -> tuple[Photo, Photo]:
    return read_photo(engine, pair[0]), read_photo(engine, pair[1])


def reference(engine: Engine, photo: Photo) -> NDArray[np.float32]:
    return engine.embed(photo.image, photo.faces[:1])[0].vector


def rates(
    engine: Engine, probes: list[Photo], references: NDArray[np.float32], width: int
) -> dict[str, Any]:
    assert engine.calibration is not None
    made = [found for _, found in map_bounded(lambda p: probe(engine, p, width), probes)]
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


def probe(engine: Engine, photo: Photo, width: int) -> tuple[NDArray[np.float32], float] | None:
    """The template and quality of the face at that width, as a video's shot makes it."""
    pixels, face = photo.image.pixels, photo.faces[0]
    scale = width / (face.box.width * pixels.shape[1])
    small = np.asarray(
        cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
    )
    # a frame is searched at twice its size where it is small
    search = np.asarray(cv2.resize(small, None, fx=2, fy=2), np.uint8)
    height, wide = search.shape[:2]
    if min(height, wide) < 12:
        return None
    found: tuple[DetectedFace, ...] = engine.detect(DecodedImage(search, wide, height, ""))
    if not found:
        return None
    shot = take_shot(engine, cut_out(small, found[0], 0), picture=False)
    return shot.vector, shot.score


if __name__ == "__main__":
    main()
