"""What looking at the parts of a large image finds that looking at the whole does not.

    nice python -m bench.panoramas [IMAGES] > panoramas.json

Needs `lfw-view2` in `$REKNOWN_SHARED/data` (default `../shared`). Photographs of people with a
second one are shrunk until their faces are 40 to 80 pixels wide, and put on a background of coarse
noise of 8,000 x 2,000 and 8,000 x 6,000 pixels. What is found, as a request and as a file of
an archive, is compared with the places that they were put in and with the other photographs.
"""

from __future__ import annotations

import io
import json
import os
import random
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image

from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.rates import Rate, wilson
from reknown.cli.session import open_engine
from reknown.vision.decoding.pool import DecoderPool
from reknown.vision.extraction import ExtractionPolicy, extract
from reknown.vision.handling import ARCHIVE, REQUESTS, Handling
from reknown.vision.images import read_image_file
from reknown.vision.second_look import look

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.vision.analyze import Engine
    from reknown.vision.extraction import Extraction

    Pixels = NDArray[np.uint8]

_DATA = Path(os.environ.get("REKNOWN_SHARED", "../shared")) / "data" / "lfw-view2" / "images"
_SIZES = ((8000, 2000), (8000, 6000))
_FACES, _SMALLEST, _LARGEST, _SIMILARITY, _SAME = 40, 40, 80, 90, 0.4


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """A photograph, its face's box in pixels, and the template of another one of the person."""

    pixels: Pixels
    box: BoundingBox
    mate: NDArray[np.float32]


def main() -> None:
    images = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    engine, chance = open_engine(None), random.Random(5)
    with DecoderPool() as decoders:
        portraits = _portraits(engine, decoders, images * _FACES * len(_SIZES), chance)
        rows = [
            row
            for size in _SIZES
            for row in _rows(
                engine, decoders, [portraits.pop() for _ in range(images * _FACES)], size
            )
        ]
    json.dump(rows, sys.stdout, indent=1)


def _portraits(
    engine: Engine, decoders: DecoderPool, count: int, chance: random.Random
) -> list[Portrait]:
    several = [p for p in (sorted(f.glob("*.jpg")) for f in sorted(_DATA.iterdir())) if len(p) > 1]
    made: list[Portrait] = []
    for one, other, *_ in chance.sample(several, len(several)):
        if len(made) == count:
            return made
        pixels, mate = (decoders.decode(read_image_file(path)).pixels for path in (one, other))
        faces, seen = engine.detect(pixels), look(engine, mate)
        if len(faces) == 1 and seen.faces:
            box, (height, width) = faces[0].box, pixels.shape[:2]
            place = BoundingBox(
                box.left * width, box.top * height, box.width * width, box.height * height
            )
            made.append(Portrait(pixels, place, engine.embed(mate, seen.faces[:1])[0].vector))
    raise SystemExit(f"there are {len(made)} people, {count} are needed")


def _rows(
    engine: Engine, decoders: DecoderPool, portraits: list[Portrait], size: tuple[int, int]
) -> list[dict[str, Any]]:
    drawn = [
        _panorama(portraits[start : start + _FACES], size, random.Random(start))
        for start in range(0, len(portraits), _FACES)
    ]
    rows = []
    for name, handling in (("request", REQUESTS), ("archive", ARCHIVE)):
        found, right, false, took = 0, 0, 0, []
        for number, (data, places) in enumerate(drawn):
            started = time.perf_counter()
            seen = _extract(engine, decoders, data, handling)
            took.append(time.perf_counter() - started)
            group = portraits[_FACES * number : _FACES * (number + 1)]
            counts = _compared(engine, seen, places, group)
            found, right, false = found + counts[0], right + counts[1], false + counts[2]
        rows.append(
            {
                "size": f"{size[0]} x {size[1]}",
                "as": name,
                "faces": len(portraits),
                "found": _rate(found, len(portraits)),
                "recognised": _rate(right, len(portraits)),
                "false": false,
                "seconds": round(statistics.median(took), 2),
            }
        )
    return rows


def _extract(engine: Engine, decoders: DecoderPool, data: bytes, handling: Handling) -> Extraction:
    policy = ExtractionPolicy(engine.space)
    return extract(
        engine, lambda file: decoders.decode(file, handling.intake), data, policy, handling.looks
    )


def _panorama(
    portraits: list[Portrait], size: tuple[int, int], chance: random.Random
) -> tuple[bytes, list[BoundingBox]]:
    width, height = size
    noise = np.random.default_rng(1).integers(60, 190, (height // 40, width // 40, 3), np.uint8)
    canvas = cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC)
    columns = 10 if height < width / 2 else 8
    step = (width // columns, height // (-(-len(portraits) // columns)))
    places = []
    for number, portrait in enumerate(portraits):
        scale = chance.uniform(_SMALLEST, _LARGEST) / portrait.box.width
        side = round(portrait.pixels.shape[0] * scale)
        small = cv2.resize(portrait.pixels, (side, side), interpolation=cv2.INTER_AREA)
        left = step[0] * (number % columns) + chance.randint(0, step[0] - side)
        top = step[1] * (number // columns) + chance.randint(0, step[1] - side)
        canvas[top : top + side, left : left + side] = small
        box = portrait.box
        places.append(
            BoundingBox(
                (left + box.left * scale) / width,
                (top + box.top * scale) / height,
                box.width * scale / width,
                box.height * scale / height,
            )
        )
    file = io.BytesIO()
    Image.fromarray(canvas).save(file, "JPEG", quality=88)
    return file.getvalue(), places


def _compared(
    engine: Engine, seen: Extraction, places: list[BoundingBox], portraits: list[Portrait]
) -> tuple[int, int, int]:
    """How many were found, how many are like their mates, and how much else was found."""
    assert engine.calibration is not None
    needed, found, right, false = engine.calibration.score(_SIMILARITY), set(), 0, 0
    for face, template in seen.fit:
        overlaps = [face.box.overlap(place) for place in places]
        best = int(np.argmax(overlaps))
        if overlaps[best] < _SAME:
            false += 1
        elif best not in found:
            found.add(best)
            right += float(template.vector @ portraits[best].mate) >= needed
    return len(found), right, false


def _rate(count: int, of: int) -> list[float]:
    interval = wilson(Rate(count, of))
    return [count, interval.low, interval.high]


if __name__ == "__main__":
    main()
