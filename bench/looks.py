"""Looks through a camera: what a picture costs its worker, and how old it is when it is shown.

    .venv/bin/python -m bench.looks [--seconds 60] [--looks 12]

Frames have two faces, one of them known, and the noise of a sensor. `picture` is the processor
time in milliseconds of a veiled JPEG and of its seal, the median of 60. Then somebody asks once a
second, as a page does: `first` is after how many seconds there is a picture, for each of so many
looks; `age` how old pictures are when they are shown. Worker and server are one process.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import structlog

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import videos
from contexts import make_context
from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.templates import TemplateSpace
from reknown.gallery.collections import create_collection
from reknown.sealing.envelopes import Recipient
from reknown.services.context import Actor
from reknown.services.live.looks import look_through_camera, sealed_picture
from reknown.services.live.plans import WatchPlan, plan_text
from reknown.services.live.scenes import KnownFace, Scene
from reknown.services.live.showing import picture_of, showing
from reknown.storage.database import open_database
from reknown.video.live.frames import LiveFrame
from reknown.watches import watches
from reknown.watches.watches import NewWatch, WatchState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from reknown.services.context import Context
    from reknown.storage.database import Database
    from reknown.watches.watches import WatchedCamera

_SIZES = ((1280, 720), (1920, 1080))
_EVERY, _IDLE, _NOISE = 0.04, 2.0, 6.0
_KNOWN, _OTHER = BoundingBox(0.2, 0.3, 0.2, 0.4), BoundingBox(0.7, 0.35, 0.1, 0.3)


def main() -> None:
    """Measures, and prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--looks", type=int, default=12)
    asked = parser.parse_args()
    found: dict[str, Any] = {"load": os.getloadavg()}
    for width, height in _SIZES:
        found[f"picture of {height}p"] = _costs(_pixels(width, height))
    pixels = _pixels(*_SIZES[-1])
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(Path(folder))
        hall, context = _watched(database), make_context(database)
        found["first"] = [_first(context, hall, pixels, number) for number in range(asked.looks)]
        found["age"] = _ages(context, hall, pixels, asked.seconds)
        database.dispose()
    print(json.dumps(found, indent=2))


def _pixels(width: int, height: int) -> NDArray[np.uint8]:
    known = videos.eileen(), videos.still((0.3, 0.5))
    other = videos.grace(), videos.still((0.75, 0.5))
    ((small, _),) = videos.scene([0], [known, other])
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC).astype(float)
    noise = np.random.default_rng(0).normal(0, _NOISE, large.shape)
    return np.clip(large + noise, 0, 255).astype(np.uint8)


def _scene(pixels: NDArray[np.uint8]) -> Scene:
    frame = LiveFrame(1, 0, datetime.now(UTC), 0, pixels)
    return Scene(frame, looked=True, known=(KnownFace(_KNOWN, "one", ()),), others=(_OTHER,))


def _costs(pixels: NDArray[np.uint8]) -> dict[str, float]:
    scene, key = _scene(pixels), Recipient()
    making, sealing = [], []
    for _ in range(60):
        begun = time.thread_time()
        picture = picture_of(scene, ())
        made = time.thread_time()
        sealed_picture(key.public, picture, scene.frame.at)
        making.append(1000 * (made - begun))
        sealing.append(1000 * (time.thread_time() - made))
    return {
        "jpeg_ms": round(statistics.median(making), 2),
        "seal_ms": round(statistics.median(sealing), 2),
        "bytes": len(picture),
    }


def _watched(database: Database) -> WatchedCamera:
    """A watch that a worker has."""
    plan = plan_text(WatchPlan(80.0))
    with database.begin() as connection:
        create_collection(connection, "people", TemplateSpace("tiny", "ab" * 32, 128))
        watches.add(connection, NewWatch("hall", "door", "people", plan, "ada"))
        watches.start(connection, watches.find(connection, "hall"), "ada", plan)
        lease = watches.claim(connection, watches.find(connection, "hall"), timedelta(days=1))
        assert lease is not None
        watches.report(connection, lease, WatchState.RUNNING, None)
        return watches.find(connection, "hall")


@contextmanager
def _shown(context: Context, hall: WatchedCamera, pixels: NDArray[np.uint8]) -> Iterator[None]:
    """A worker with frames at 25 a second, at a moment of its own between two looks for looks."""
    ended = Event()
    with showing(context.database, hall, (), structlog.get_logger(), _IDLE) as show:

        def film() -> None:
            while not ended.wait(_EVERY):
                show(_scene(pixels))

        filming = Thread(target=film)
        filming.start()
        time.sleep(_IDLE * random.random())
        yield
        ended.set()
        filming.join()


def _first(context: Context, hall: WatchedCamera, pixels: NDArray[np.uint8], number: int) -> float:
    """Somebody whom nobody else keeps company: looks of before are over."""
    with context.database.begin() as connection:
        connection.exec_driver_sql("DELETE FROM live_looks")
    looker = context.by(Actor(f"looker {number}"))
    with _shown(context, hall, pixels):
        begun = time.monotonic()
        while look_through_camera(looker, "hall").picture is None:
            time.sleep(1)
        return round(time.monotonic() - begun, 1)


def _ages(
    context: Context, hall: WatchedCamera, pixels: NDArray[np.uint8], seconds: float
) -> dict[str, float]:
    ages: list[float] = []
    with _shown(context, hall, pixels):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            age = look_through_camera(context, "hall").age_seconds
            ages += [] if age is None else [age]
            time.sleep(1)
    return _spread(ages)


def _spread(values: Sequence[float]) -> dict[str, float]:
    median, late = np.percentile(values, [50, 95])
    return {
        "pictures": len(values),
        "median": round(float(median), 2),
        "p95": round(float(late), 2),
        "max": round(max(values), 2),
    }


if __name__ == "__main__":
    main()
