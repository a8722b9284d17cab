"""What it costs to decode in processes that can be killed: JSON.

`python -m bench.decoding [ROUNDS]` detects the faces of a portrait in several sizes, in turns with
its pixels from the pool and from Pillow in this process, which is what nobody may do with the
images of strangers. Medians of milliseconds; to be run while nothing else does.
"""

from __future__ import annotations

import hashlib
import io
import json
import statistics
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from bench.pixels import DECODERS

from reknown.cli.demo_images import EILEEN
from reknown.cli.session import open_engine
from reknown.vision.decoding.pixels import decode
from reknown.vision.decoding.scan import scan
from reknown.vision.extraction import ExtractionPolicy, extract
from reknown.vision.images import DecodedImage, ImageLimits, Intake

if TYPE_CHECKING:
    from reknown.vision.analyze import Engine
    from reknown.vision.images import Decode

_SIDES = (250, 500, 1000)
_ROUNDS = 200


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else _ROUNDS
    engine = open_engine(None)
    report = {side: compare(engine, portrait(side), rounds) for side in _SIDES}
    json.dump({"rounds": rounds, "milliseconds": report}, sys.stdout, indent=1)
    sys.stdout.write("\n")


def portrait(side: int) -> bytes:
    file = io.BytesIO()
    EILEEN.crop().convert("RGB").resize((side, side)).save(file, "JPEG", quality=90)
    return file.getvalue()


def compare(engine: Engine, data: bytes, rounds: int) -> dict[str, Any]:
    """DetectFaces without the server, both ways in turns."""
    ways: dict[str, Decode] = {"pool": DECODERS.decode, "in this process": in_this_process}
    policy = ExtractionPolicy(engine.space, limit=0)
    took: dict[str, list[float]] = {way: [] for way in ways}
    decoding: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(rounds):
        for way in sorted(ways, reverse=number % 2 == 0):
            started = time.perf_counter()
            found = extract(engine, ways[way], data, policy)
            took[way].append(1000 * (time.perf_counter() - started))
            decoding[way].append(1000 * found.seconds["decode"])
    return {
        way: {
            "all": round(statistics.median(took[way]), 2),
            "decode": round(statistics.median(decoding[way]), 2),
        }
        for way in ways
    }


def in_this_process(data: bytes) -> DecodedImage:
    made = decode(data, scan(data), Intake(), ImageLimits())
    return DecodedImage(np.asarray(made.pixels), *made.size, hashlib.sha256(data).hexdigest())


if __name__ == "__main__":
    main()
