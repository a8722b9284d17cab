"""Makes the mean head that meshes are held against, and writes it as CSV.

    .venv/bin/python -m bench.mean_head [SHARED] > src/reknown/vision/attributes/head.csv

Meshes of the neutral images of the Face Research Lab London Set, volunteers of odd numbers, who
were asked to look into the camera: turned and scaled onto their mean (generalised Procrustes
analysis), made symmetric, and turned so that the mean of their own rotations is none.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from bench.pixels import decode_image
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from reknown.cli.session import open_engine
from reknown.vision.attributes.head import fit_head
from reknown.vision.attributes.mesh import face_square, locate_mesh

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.vision.analyze import Engine

    Doubles = NDArray[np.float64]

_ROUNDS = 10
_RIGHT_EYE, _LEFT_EYE = [33, 133], [362, 263]


def main() -> None:
    shared = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data")
    paths = sorted((shared / "london" / "neutral_front").glob("*.jpg"))
    engine = open_engine(None)
    meshes = np.array([mesh_of(engine, path) for path in paths if int(path.stem[:3]) % 2])
    head = upright(symmetric(mean_of(meshes)), meshes)
    print("x,y,z")
    for point in head:
        print(",".join(f"{value + 0.0:.4f}" for value in point))


def mesh_of(engine: Engine, path: Path) -> Doubles:
    """The mesh of the face that is found most surely."""
    analyst = engine.analyst()
    if analyst is None:
        raise SystemExit("the pack attributes is not installed")
    pixels = decode_image(path.read_bytes()).pixels
    found = engine.detector.detect(pixels)
    square = face_square(found.landmarks[int(found.scores.argmax())])
    return locate_mesh(analyst.mesh, pixels, square).points


def mean_of(meshes: Doubles) -> Doubles:
    """The mean of all meshes turned and scaled onto it."""
    mean = unit(meshes[0])
    for _ in range(_ROUNDS):
        mean = unit(np.mean([fit_head(mean, mesh).face for mesh in meshes], axis=0))
    return mean


def symmetric(head: Doubles) -> Doubles:
    """The mean of a head and its mirror image, point by point with its counterpart."""
    for _ in range(_ROUNDS):
        mirrored = head * [-1, 1, 1]
        counterpart = linear_sum_assignment(cdist(head, mirrored) ** 2)[1]
        head = unit((head + fit_head(head, mirrored[counterpart]).face) / 2)
    return head


def upright(head: Doubles, meshes: Doubles) -> Doubles:
    """The head turned so that the mean of the rotations of all meshes is none."""
    rotations = np.mean([fit_head(head, mesh).rotation for mesh in meshes], axis=0)
    left, _, right = np.linalg.svd(rotations)
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    turned = head @ ((left * signs) @ right).T
    mirrored = turned * [-1, 1, 1]
    counterpart = linear_sum_assignment(cdist(turned, mirrored) ** 2)[1]
    return unit((turned + mirrored[counterpart]) / 2)


def unit(head: Doubles) -> Doubles:
    """With the eyes one apart and the origin between them."""
    right, left = head[_RIGHT_EYE].mean(axis=0), head[_LEFT_EYE].mean(axis=0)
    return np.asarray((head - (right + left) / 2) / np.linalg.norm(left - right))


if __name__ == "__main__":
    main()
