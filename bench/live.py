"""Cameras: how soon an arrival is reported, and how many cameras a machine carries.

    .venv/bin/python -m bench.live [--seconds 60] [--streams 1 2 4 6 8] [--cores 2]

Films are rendered from the two portraits of the demo, both of whom are enrolled, and played in real
time through the process that reads cameras. In the first, 1080p at 25 frames a second, one of them
comes every four seconds and stays for two; `latency` is from the arrival of the first frame that
shows a person until it is told and stored who it might be. The others are of 720p at 15 frames a
second with two people who walk all the time; `lag` is how old a frame was when what it showed was
stored, of each frame that was handed out, over all streams. `--cores` keeps the process and its
children to so many.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import videos
from reknown.biometrics.live import LiveEventKind
from reknown.cli.demo_images import EILEEN, GRACE, jpeg
from reknown.cli.session import apart, opened_with
from reknown.services.galleries.collections import create_collection
from reknown.services.galleries.enrolees import Enrolee
from reknown.services.galleries.enrolment import enrol_subjects
from reknown.services.live.watching import Told, WatchSettings, watch
from reknown.services.searches.search import Query
from reknown.video.live.camera import LiveCamera
from reknown.video.live.cameras import Camera, CameraKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from reknown.biometrics.live import LiveEvent
    from reknown.services.context import Context
    from reknown.services.live.scenes import Scene
    from reknown.services.live.watching import WatchCounts

_EVERY_MS, _STAY_MS = 4000, 2000
_CONTRAST = 60
_COLLECTION = "people"


@dataclass
class _Run:
    """What one watch told, with the wall's time of it."""

    base: datetime | None = None
    told: list[tuple[datetime, LiveEvent]] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    counts: WatchCounts | None = None
    coming: list[int] = field(default_factory=list)
    shown: bool = False

    @property
    def offset_ms(self) -> int:
        """By how much the stream's time is ahead of the film's, whose first frames are missed.

        Of the first frames that show a person, none of which are too early, the one that was missed
        the least.
        """
        late = ((time_ms + _STAY_MS) % _EVERY_MS - _STAY_MS for time_ms in self.coming[1:])
        return min(late, default=0)

    def event(self, event: LiveEvent) -> None:
        self.told.append((datetime.now(UTC), event))

    def frame(self, scene: Scene, counts: WatchCounts) -> None:
        frame = scene.frame
        # the least delayed frame says when the film began; the first ones come late
        began = frame.at - timedelta(milliseconds=frame.time_ms)
        self.base = began if self.base is None else min(self.base, began)
        self.lags.append(counts.lag_seconds)
        before, self.shown = self.shown, bool(np.ptp(frame.pixels[::20, ::20, 0]) > _CONTRAST)
        if self.shown and not before:
            self.coming.append(frame.time_ms)


def main() -> None:
    parser = argparse.ArgumentParser(description="Latency and capacity of live cameras")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--streams", type=int, nargs="*", default=[1, 2, 4, 6, 8])
    parser.add_argument("--cores", type=int)
    wanted = parser.parse_args()
    if wanted.cores:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: wanted.cores])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with opened_with(apart(folder / "data")) as context:
            _enrol(context, folder)
            report: dict[str, Any] = {
                "cores": len(os.sched_getaffinity(0)),
                "one 1080p25": _latency(context, folder, wanted.seconds),
                "720p15": [
                    _capacity(context, folder, wanted.seconds, streams)
                    for streams in wanted.streams
                ],
            }
    json.dump(report, sys.stdout, indent=1)
    sys.stdout.write("\n")


def _enrol(context: Context, folder: Path) -> None:
    create_collection(context, _COLLECTION)
    enrolees = []
    for name, portrait in (("Eileen Collins", EILEEN), ("Grace Hopper", GRACE)):
        path = folder / f"{name}.jpg"
        path.write_bytes(jpeg(portrait.crop()))
        enrolees.append(Enrolee(path, name))
    for result in enrol_subjects(context, _COLLECTION, enrolees):
        if result.face is None:
            raise SystemExit(f"{result.enrolee}: {result.reason}")


def _latency(context: Context, folder: Path, seconds: int) -> dict[str, Any]:
    film = folder / "latency.mp4"
    videos.render(film, _visitors(seconds))
    before = _processor_seconds()
    run = _watched(context, film, "latency", seconds)
    assert run.base is not None
    arrivals = [(at, event) for at, event in run.told if event.kind is LiveEventKind.ARRIVED]
    waits = []
    for at, event in arrivals:
        began = (event.time_ms - run.offset_ms) // _EVERY_MS * _EVERY_MS + run.offset_ms
        waits.append((at - run.base - timedelta(milliseconds=began)).total_seconds())
    return {
        "visits": seconds * 1000 // _EVERY_MS,
        "arrivals": len(arrivals),
        "named": sum(bool(event.candidates) for _, event in arrivals),
        "latency": _spread(waits),
        "lag": _spread(run.lags),
        "processor_seconds_a_second": round((_processor_seconds() - before) / seconds, 2),
        **_counted([run]),
    }


def _capacity(context: Context, folder: Path, seconds: int, streams: int) -> dict[str, Any]:
    film = folder / "walkers.mp4"
    if not film.exists():
        videos.render(film, _walkers(seconds))
    before = _processor_seconds()
    with ThreadPoolExecutor(streams) as pool:
        runs = [
            pool.submit(_watched, context, film, f"camera-{number}", seconds)
            for number in range(streams)
        ]
        done = [run.result() for run in runs]
    return {
        "streams": streams,
        "lag": _spread([lag for run in done for lag in run.lags]),
        "processor_seconds_a_second": round((_processor_seconds() - before) / seconds, 2),
        **_counted(done),
    }


def _watched(context: Context, film: Path, name: str, seconds: int) -> _Run:
    run = _Run()
    # whoever comes again is another visit
    settings = WatchSettings(name, Query(_COLLECTION), away_seconds=1)
    began = time.monotonic()
    with LiveCamera(Camera(name, CameraKind.FILE, str(film))) as camera:
        run.counts = watch(context, settings, camera, Told(run.event, run.frame))
    if time.monotonic() - began < seconds / 2:
        raise SystemExit(f"{film} was not played in real time: {run.told[-1:]}")
    return run


def _visitors(seconds: int) -> Iterator[tuple[NDArray[np.uint8], int]]:
    """One person after the other, each at another place."""
    chance = np.random.default_rng(0)
    size, side = (1920, 1080), 300
    people = [videos.eileen(side), videos.grace(side)]
    for number in range(seconds * 1000 // _EVERY_MS):
        start = number * _EVERY_MS
        end = start + _STAY_MS
        from_x, to_x, y = chance.uniform(0.2, 0.8, 3)
        walk = videos.line((from_x, y), (to_x, y))
        yield from videos.scene(videos.steady(start, end), [(people[number % 2], walk)], size)
        yield from videos.scene(videos.steady(end, start + _EVERY_MS), [], size)


def _walkers(seconds: int) -> Iterator[tuple[NDArray[np.uint8], int]]:
    size, side = (1280, 720), 200
    ways = [((0.15, 0.35), (0.85, 0.35)), ((0.85, 0.7), (0.15, 0.7))]
    for turn in range(0, seconds, 10):
        times = videos.steady(turn * 1000, min(turn + 10, seconds) * 1000, 15)
        there, back = (ways, [way[::-1] for way in ways])[turn // 10 % 2]
        actors = [
            (videos.eileen(side), videos.line(*there)),
            (videos.grace(side), videos.line(*back)),
        ]
        yield from videos.scene(times, actors, size)


def _counted(runs: list[_Run]) -> dict[str, int]:
    found = [run.counts for run in runs if run.counts is not None]
    return {
        name: sum(getattr(counts, name) for counts in found)
        for name in ("frames", "looked", "passed_over", "searches", "events")
    }


def _spread(seconds: list[float]) -> dict[str, float]:
    if not seconds:
        return {"count": 0}
    middle, p95 = np.percentile(seconds, [50, 95])
    return {
        "count": len(seconds),
        "median": round(float(middle), 3),
        "p95": round(float(p95), 3),
        "worst": round(max(seconds), 3),
    }


def _processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    main()
