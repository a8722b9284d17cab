"""How often faces are found where there are none, on the first look and on the further ones.

    nice python -m bench.false_alarms > false_alarms.json

Needs scikit-image and scikit-learn, whose sample photographs without faces are cut to pieces, and
`lfw-view2` in `$REKNOWN_SHARED/data` (default `../shared`), whose images are cut into squares of 25
pixels and put together at random. Noise as coarse as nature's is drawn. All are looked at as they
are, dark, dim with a sensor's noise, and hazy. Shuffled faces keep eyes and mouths, so theirs is
the harder half.
"""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import skimage
import sklearn.datasets
from bench.made_worse import darker, dim_camera
from bench.pixels import decode_image
from PIL import Image

from reknown.biometrics.quality_filter import DEFAULT_FILTER
from reknown.biometrics.rates import Rate, wilson
from reknown.cli.session import open_engine
from reknown.vision.batch import map_bounded
from reknown.vision.handling import ARCHIVE
from reknown.vision.images import read_image_file
from reknown.vision.second_look import Sight, look, stretched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from reknown.vision.analyze import Engine

    Pixels = NDArray[np.uint8]

_DATA = Path(os.environ.get("REKNOWN_SHARED", "../shared")) / "data" / "lfw-view2" / "images"
_WITH_FACES = {"astronaut", "camera"}
_PIECES, _SIDE, _SHUFFLED, _NOISES, _TILE = 16, 300, 500, 300, 25


def main() -> None:
    engine, chance = open_engine(None), random.Random(1)
    sets = {
        "pieces of photographs": list(_pieces(chance)),
        "shuffled portraits": list(_shuffled(chance)),
        "noise": list(_noise()),
    }
    states: Mapping[str, Callable[[Pixels], Pixels]] = {
        "as it is": lambda pixels: pixels,
        "light times 0.05": lambda pixels: darker(pixels, 0.05),
        "dim camera, light times 0.1": lambda pixels: dim_camera(pixels, 0.1),
        "hazy": lambda pixels: np.asarray(np.round(110 + 0.2 * pixels), np.uint8),
    }
    found = [
        {"images": name, "state": state, **_count(engine, [make(image) for image in images])}
        for name, images in sets.items()
        for state, make in states.items()
    ]
    json.dump(found, sys.stdout, indent=1)


def _count(engine: Engine, images: list[Pixels]) -> dict[str, Any]:
    looks = [seen for _, seen in map_bounded(lambda pixels: _look(engine, pixels), images)]
    further = [seen for seen in looks if seen.turned or seen.margin]
    first = [seen for seen in looks if seen.faces and not (seen.stretched or seen in further)]
    second = [seen for seen in looks if seen.faces and seen.stretched and seen not in further]
    nothing = [im for im, seen in zip(images, looks, strict=True) if seen.stretched]
    copies = (stretched(image) for image in nothing)
    unsure = sum(bool(engine.detect(copy)) for copy in copies if copy is not None)
    return {
        "count": len(images),
        "first_look": _rate(len(first), len(images)),
        "second_looks": len(nothing),
        "second_look": _rate(len(second), len(images)),
        "second_look_if_unsure_counted": unsure,
        "turned": _rate(sum(bool(seen.turned) for seen in further), len(images)),
        "margin": _rate(sum(seen.margin for seen in further), len(images)),
        "pass_auto": _rate(sum(_passes(engine, seen) for seen in first + second), len(images)),
        "pass_auto_further": _rate(sum(_passes(engine, seen) for seen in further), len(images)),
    }


def _look(engine: Engine, pixels: Pixels) -> Sight:
    return look(engine, pixels, looks=ARCHIVE.looks)


def _passes(engine: Engine, seen: Sight) -> bool:
    """Whether any of what was found would be enrolled."""
    made = engine.extract(seen.pixels, seen.faces)
    return any(not DEFAULT_FILTER.objections(face) for face, _ in made)


def _rate(count: int, images: int) -> list[float]:
    interval = wilson(Rate(count, images))
    return [count, interval.low, interval.high]


def _pieces(chance: random.Random) -> Iterator[Pixels]:
    photographs = [
        *Path(skimage.__file__).parent.glob("data/*.[jp][pn]g"),
        *Path(sklearn.datasets.__file__).parent.glob("images/*.jpg"),
    ]
    for path in sorted(photographs):
        if path.stem in _WITH_FACES:
            continue
        with Image.open(path) as image:
            pixels = np.array(image.convert("RGB"))
        height, width = pixels.shape[:2]
        for _ in range(_PIECES):
            side = chance.randint(min(height, width) // 3, min(height, width))
            top, left = chance.randint(0, height - side), chance.randint(0, width - side)
            piece = pixels[top : top + side, left : left + side]
            yield np.asarray(cv2.resize(piece, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA))


def _shuffled(chance: random.Random) -> Iterator[Pixels]:
    paths = sorted(_DATA.rglob("*.jpg"))
    for path in chance.sample(paths, min(_SHUFFLED, len(paths))):
        pixels = decode_image(read_image_file(path)).pixels
        rows, columns = pixels.shape[0] // _TILE, pixels.shape[1] // _TILE
        tiles = [
            pixels[_TILE * r : _TILE * (r + 1), _TILE * c : _TILE * (c + 1)]
            for r in range(rows)
            for c in range(columns)
        ]
        chance.shuffle(tiles)
        lines = [np.hstack(tiles[columns * r : columns * (r + 1)]) for r in range(rows)]
        yield np.ascontiguousarray(np.vstack(lines))


def _noise() -> Iterator[Pixels]:
    """Spectra that fall with the frequency to a power from 0.5 to 2.2."""
    generator = np.random.default_rng(1)
    axis = np.fft.fftfreq(256)
    radius = np.hypot(axis[:, None], axis)
    radius[0, 0] = 1
    for _ in range(_NOISES):
        power = generator.uniform(0.5, 2.2)
        layers = [
            np.fft.ifft2(np.fft.fft2(generator.normal(size=radius.shape)) / radius**power).real
            for _ in range(4)
        ]
        mixed = np.stack([layers[0] + 0.3 * layer for layer in layers[1:]], axis=2)
        yield np.asarray(255 * (mixed - mixed.min()) / np.ptp(mixed), np.uint8)


if __name__ == "__main__":
    main()
