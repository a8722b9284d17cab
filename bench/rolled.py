"""How far poses are off on pictures that are rotated by known angles.

    .venv/bin/python -m bench.rolled [SHARED] > rolled.json

200 images of LFW view 2, drawn with a fixed seed, each rotated one way or the other. Roll has to
change by as much, yaw and pitch not at all: means of absolute errors in degrees, each with half
the width of its interval of 95 %.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from bench.pixels import decode_image

from reknown.cli.session import open_engine
from reknown.vision.analyze import Look

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.biometrics.faces import DetectedFace, Pose
    from reknown.vision.analyze import Engine

    Pixels = NDArray[np.uint8]

_IMAGES, _ANGLES = 200, (15, 30, 45)
_WAYS = {"five points": Look.GLANCE, "mesh": Look.POSE}


def main() -> None:
    shared = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data")
    paths = sorted((shared / "lfw-view2" / "images").rglob("*.jpg"))
    chosen = np.random.default_rng(3).choice(len(paths), _IMAGES, replace=False)
    images = [decode_image(paths[number].read_bytes()).pixels for number in chosen]
    engine = open_engine(None)
    report = {
        str(angle): {way: changes(engine, images, look, angle) for way, look in _WAYS.items()}
        for angle in _ANGLES
    }
    json.dump(report, sys.stdout, indent=1)


def changes(engine: Engine, images: list[Pixels], look: Look, angle: int) -> dict[str, object]:
    """How much each angle changes that should not, over all images."""
    wrong = []
    for number, pixels in enumerate(images):
        degrees = angle if number % 2 else -angle
        before, after = (pose_of(engine, each, look) for each in (pixels, rotated(pixels, degrees)))
        if before is not None and after is not None:
            roll = (after.roll - before.roll - degrees + 180) % 360 - 180
            wrong.append((after.yaw - before.yaw, after.pitch - before.pitch, roll))
    sizes = np.abs(wrong)
    half = 1.96 * sizes.std(axis=0) / np.sqrt(len(sizes))
    pairs = zip(sizes.mean(axis=0), half, strict=True)
    found = [[round(float(value), 2) for value in pair] for pair in pairs]
    named: dict[str, object] = dict(zip(("yaw", "pitch", "roll"), found, strict=True))
    return {"images": len(sizes)} | named


def pose_of(engine: Engine, pixels: Pixels, look: Look) -> Pose | None:
    """Of the face nearest to the middle."""
    faces = engine.detect(pixels, look)
    return min(faces, key=_from_middle).pose if faces else None


def _from_middle(face: DetectedFace) -> float:
    box = face.box
    return abs(box.left + box.width / 2 - 0.5) + abs(box.top + box.height / 2 - 0.5)


def rotated(pixels: Pixels, degrees: float) -> Pixels:
    """Clockwise about the middle; what comes in at the corners is black."""
    height, width = pixels.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    return np.asarray(cv2.warpAffine(pixels, turn, (width, height)), np.uint8)


if __name__ == "__main__":
    main()
