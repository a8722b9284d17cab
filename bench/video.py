"""Videos: times real time, and work against searching and embedding every frame.

    .venv/bin/python bench/video.py [VIDEO...] [--rounds N] [--memory VIDEO]

Without videos, clips of 20 seconds at 30 frames a second are rendered, in 720p and 1080p, from
`$REKNOWN_SHARED/data/clips` where that is there and from the two portraits of the demo otherwise.
The peer is the same engine used naively in the same run: every frame searched in full size, and
every face in it embedded. `work` is processor time of all threads, which a busy machine
distorts less than seconds on the clock. `--memory` analyses one video in a process of its own,
as the commands do, and tells its peak.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import videos
from reknown.cli.session import open_engine
from reknown.configuration import DEFAULT_PACK
from reknown.settings import read_settings
from reknown.video.analysis import AnalysisSettings, analyse
from reknown.video.decode import open_video
from reknown.video.isolation import AnalysisRequest, analyse_isolated
from reknown.vision.batch import map_bounded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from reknown.biometrics.tracks import VideoAnalysis
    from reknown.vision.analyze import Engine

_RATE, _SECONDS = 30, 20
_SIZES = {"720p": (1280, 720), "1080p": (1920, 1080)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed and memory of video analysis")
    parser.add_argument("videos", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", type=Path)
    wanted = parser.parse_args()
    if wanted.memory:
        report: dict[str, Any] = peak_memory(wanted.memory)
    else:
        with tempfile.TemporaryDirectory() as folder:
            engine = open_engine(None)
            paths = wanted.videos or list(rendered(Path(folder)))
            report = {path.name: compared(path, engine, wanted.rounds) for path in paths}
    json.dump(report, sys.stdout, indent=1)
    sys.stdout.write("\n")


def rendered(folder: Path) -> Iterator[Path]:
    """The clips, forth and back, with frames in between so that they run at full rate."""
    for name, frames in sources():
        for size_name, size in _SIZES.items():
            path = folder / f"{name}-{size_name}.mp4"
            videos.render(path, resampled(frames, size))
            yield path


def sources() -> Iterator[tuple[str, list[NDArray[np.uint8]]]]:
    clips = Path(os.environ.get("REKNOWN_SHARED", "../shared")) / "data" / "clips"
    for path in sorted(clips.glob("*.gif")):
        with av.open(str(path)) as container:
            frames = (frame.to_ndarray(format="rgb24") for frame in container.decode(video=0))
            yield path.stem, [np.asarray(pixels, np.uint8) for pixels in frames]
    if not clips.is_dir():
        walk = [(videos.eileen(), videos.line((0.3, 0.5), (0.7, 0.5)))]
        yield "portraits", [pixels for pixels, _ in videos.scene(range(40), walk)]


def resampled(
    frames: list[NDArray[np.uint8]], size: tuple[int, int]
) -> Iterator[tuple[NDArray[np.uint8], int]]:
    both_ways = frames + frames[::-1]
    for number in range(_RATE * _SECONDS):
        place = number * 12.5 / _RATE
        one, other = (both_ways[(int(place) + n) % len(both_ways)] for n in (0, 1))
        share = place % 1
        mixed = cv2.addWeighted(one, 1 - share, other, share, 0)
        pixels = cv2.resize(mixed, size, interpolation=cv2.INTER_CUBIC)
        yield np.asarray(pixels, np.uint8), round(number * 1000 / _RATE)


def compared(path: Path, engine: Engine, rounds: int) -> dict[str, Any]:
    naive_seconds, naive_work, faces = timed(lambda: every_frame(path, engine))
    ours = [timed(lambda: sampled(path, engine)) for _ in range(rounds)]
    found: VideoAnalysis = ours[0][2]
    seconds = statistics.median(run[0] for run in ours)
    work = statistics.median(run[1] for run in ours)
    duration = found.info.duration_ms / 1000
    return {
        "times_real_time": duration / seconds,
        "work_per_second_of_video": work / duration,
        "every_frame": {
            "times_real_time": duration / naive_seconds,
            "work_per_second_of_video": naive_work / duration,
        }
        | alike(faces, found, engine),
        "ratio_of_work": naive_work / work,
        "ratio_of_time": naive_seconds / seconds,
        "frames": found.effort.frames,
        "searched": found.effort.searched,
        "embedded": found.effort.embedded,
        "seconds_by_stage": {k: round(v, 3) for k, v in found.effort.seconds.items()},
        "people": len({track.person for track in found.tracks}),
    }


def sampled(path: Path, engine: Engine) -> VideoAnalysis:
    with path.open("rb") as file:
        return analyse(file, engine, AnalysisSettings(), lambda *_: None)


def every_frame(path: Path, engine: Engine) -> NDArray[np.float32]:
    """Searches and embeds on all cores; the templates of all faces (n, dimension)."""

    def work(frame: Any) -> NDArray[np.float32]:
        pixels = frame.pixels()
        templates = engine.embed(pixels, engine.detect(pixels))
        return np.array([t.vector for t in templates]).reshape(-1, engine.space.dimension)

    with path.open("rb") as file, open_video(file) as video:
        return np.concatenate([vectors for _, vectors in map_bounded(work, video.frames())])


def alike(faces: NDArray[np.float32], found: VideoAnalysis, engine: Engine) -> dict[str, int]:
    """Of the faces in every frame, how many resemble a track that was found, at similarity 80."""
    assert engine.calibration is not None
    tracks = np.array([track.template for track in found.tracks]).reshape(-1, faces.shape[1])
    limit = engine.calibration.score(80)
    like = (faces @ tracks.T).max(axis=1, initial=-1) >= limit
    return {"faces": len(faces), "faces_like_a_track": int(like.sum())}


def peak_memory(path: Path) -> dict[str, float]:
    settings = read_settings()
    request = AnalysisRequest(DEFAULT_PACK, settings.cache, settings.packs)
    started = time.perf_counter()
    with path.open("rb") as file:
        found = analyse_isolated(file, request)
    seconds = time.perf_counter() - started
    mib = {
        "analysing_process_mib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
        "waiting_process_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    duration = found.info.duration_ms / 1000
    observations = sum(len(track.observations) for track in found.tracks)
    return mib | {
        "video_seconds": duration,
        "times_real_time": duration / seconds,
        "tracks": len(found.tracks),
        "observations": observations,
    }


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds on the clock, processor seconds, and the result."""
    started, busy = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - started, time.process_time() - busy, result


if __name__ == "__main__":
    main()
