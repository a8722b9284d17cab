"""What model packs take, what letting go of them gives back, and how good the estimate is.

    .venv/bin/python -m bench.packs [PACK ...]

Each pack in a process of its own: loaded, used by as many threads as there are cores, let go,
three times over. The first time pays for what libraries set up once and keep.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from bench.pixels import decode_image
from PIL import Image

from reknown.cli.demo_images import GRACE, jpeg
from reknown.cli.session import pack_store
from reknown.vision.batch import available_cores
from reknown.vision.engines import Engines, StoredPacks

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from reknown.vision.analyze import Engine

_PACKS = ["opencv", "public-domain", "public-domain-accurate"]
_ROUNDS = 3
_SIDES = (300, 500, 1280, 2000)
_CROWD = 16
_LATER = 1e6
_MIB = 2**20


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        measure(sys.argv[2])
        return
    for pack in sys.argv[1:] or _PACKS:
        subprocess.run([sys.executable, __file__, "--one", pack], check=True)


def measure(pack: str) -> None:
    images, now = sample_images(), [0.0]
    engines = Engines(StoredPacks(pack_store()), pack, clock=lambda: now[0])
    for number in range(_ROUNDS):
        before = resident()
        loading = seconds(lambda: engines.default)
        loaded = resident()
        use(engines.default, images)
        used, estimate = resident(), engines.default.memory // _MIB
        now[0] += _LATER
        unloading = seconds(engines.unload_idle)
        after = resident()
        figures = {
            "pack": pack,
            "round": number,
            "threads": available_cores(),
            "load_s": round(loading, 2),
            "unload_s": round(unloading, 3),
            "mib": {"before": before, "loaded": loaded, "used": used, "after": after},
            "given_back_mib": used - after,
            "estimate_mib": estimate,
            "estimate_by_given_back": round(estimate / (used - after), 2),
        }
        print(json.dumps(figures), flush=True)


def use(engine: Engine, images: list[NDArray[np.uint8]]) -> None:
    with ThreadPoolExecutor(available_cores()) as pool:
        list(pool.map(lambda pixels: engine.embed(pixels, engine.detect(pixels)), images * 4))


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def sample_images() -> list[NDArray[np.uint8]]:
    """One face in four sizes, and many."""
    crowd = Image.new("RGB", (1280, 1280))
    for number in range(_CROWD):
        face = GRACE.crop().resize((300, 300))
        crowd.paste(face, (10 + 320 * (number % 4), 10 + 320 * (number // 4)))
    alone = [GRACE.crop().resize((side, side)) for side in _SIDES]
    return [decode_image(jpeg(image)).pixels for image in (*alone, crowd)]


def resident() -> int:
    """MiB of this process in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // _MIB


if __name__ == "__main__":
    main()
