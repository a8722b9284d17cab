"""A video -> its tracks: decoding, looking and following at the same time."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, BinaryIO

from reknown.biometrics.tracks import Effort, VideoAnalysis
from reknown.video.decode import VideoLimits, open_video
from reknown.video.following import Follower, FollowingSettings, RawTrack
from reknown.video.persons import Linker, PersonSettings, is_reliable, split_by_person
from reknown.video.sampling import Refiner, SampledFrame, SamplingSettings, Windows
from reknown.video.shots import sign
from reknown.vision.analyze import Look
from reknown.vision.batch import available_cores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Executor, Future

    from reknown.biometrics.tracks import Track
    from reknown.video.decode import Frame, Video
    from reknown.video.sampling import Window
    from reknown.vision.analyze import Engine

    # (milliseconds of video done, milliseconds in all or 0 if unknown, frames decoded)
    Progress = Callable[[int, int, int], None]

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class AnalysisSettings:
    """`search_side`: frames are searched for faces at this many pixels a side.

    `ahead` windows are in hand at a time: so many frames are kept in memory. With `attributes`
    it is measured what faces do.
    """

    search_side: int = 960
    ahead: int = 3
    cut_outs: bool = False
    attributes: bool = False
    limits: VideoLimits = VideoLimits()
    sampling: SamplingSettings = SamplingSettings()
    following: FollowingSettings = FollowingSettings()
    persons: PersonSettings = PersonSettings()


@dataclass(slots=True)
class _Tally:
    """What the work took; each stage is timed in the thread that does it."""

    frames: int = 0
    searched: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def looked(self) -> None:
        """One more frame is searched."""
        with self._lock:
            self.searched += 1

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - started
            with self._lock:
                self.seconds[stage] = self.seconds.get(stage, 0.0) + spent


def analyse(
    file: BinaryIO, engine: Engine, settings: AnalysisSettings, progress: Progress
) -> VideoAnalysis:
    """All faces of the video in a seekable file.

    Raises `InvalidVideoError` or `VideoTooLargeError`, and whatever `progress` raises.
    """
    tally = _Tally()
    with tally.timed("hash"):
        sha256 = digest(file, progress)
    with open_video(file, settings.limits) as video, ThreadPoolExecutor(available_cores()) as pool:
        analyst = _Analyst(engine, pool, settings, tally)
        raw = list(analyst.tracks(_counted(video, tally, progress)))
        tracks = _linked(raw, engine, settings.persons)
        effort = Effort(tally.frames, tally.searched, analyst.follower.embedded, tally.seconds)
        return VideoAnalysis(
            video.info, sha256, engine.space, tracks, tuple(video.warnings), effort
        )


class _Analyst:
    """Looks at the ends of several windows at once and follows faces through them in order."""

    def __init__(
        self, engine: Engine, pool: Executor, settings: AnalysisSettings, tally: _Tally
    ) -> None:
        self._engine = engine
        self._pool = pool
        self._settings = settings
        self._tally = tally
        self._look = Look.ATTRIBUTES if settings.attributes else Look.POSE
        self._before: SampledFrame | None = None
        self._refiner = Refiner(self._see, settings.sampling)
        self.follower = Follower(engine, pool, settings.following, cut_outs=settings.cut_outs)

    def tracks(self, frames: Iterable[Frame]) -> Iterator[RawTrack]:
        """What is seen of each face, as tracks end."""
        pending: deque[tuple[Window, Future[SampledFrame]]] = deque()
        try:
            for window in Windows(self._settings.sampling).of(frames):
                if window.still:
                    continue
                pending.append((window, self._pool.submit(self._see, window.frames[-1])))
                if len(pending) > self._settings.ahead:
                    yield from self._follow(*pending.popleft())
            while pending:
                yield from self._follow(*pending.popleft())
            yield from self.follower.cut()
        finally:
            for _, future in pending:
                future.cancel()

    def _follow(self, window: Window, future: Future[SampledFrame]) -> Iterator[RawTrack]:
        sample, samples = future.result(), []
        if window.cut or self._before is None:
            yield from self.follower.cut()
            samples = [sample]
        else:
            samples = self._refiner.refine(self._before, window, sample)
        for each in samples:
            yield from self.follower.follow(each)
        self._before = sample

    def _see(self, frame: Frame) -> SampledFrame:
        self._tally.looked()
        with self._tally.timed("convert"):
            pixels = frame.pixels(self._settings.search_side)
        with self._tally.timed("detect"):
            faces = self._engine.detect(pixels, self._look)
            signatures = sign(pixels, faces)
        return SampledFrame(frame, faces, signatures)


def _counted(video: Video, tally: _Tally, progress: Progress) -> Iterator[Frame]:
    """The frames of the video, with word of how far it is."""
    frames = video.frames()
    while True:
        with tally.timed("decode"):
            frame = next(frames, None)
        if frame is None:
            return
        tally.frames += 1
        progress(frame.time_ms, video.info.duration_ms, tally.frames)
        yield frame


def _linked(raw: Iterable[RawTrack], engine: Engine, settings: PersonSettings) -> tuple[Track, ...]:
    pieces = [
        piece
        for track in raw
        for piece in split_by_person(track, engine.calibration, settings)
        if is_reliable(piece, settings)
    ]
    pieces.sort(key=lambda piece: (piece.observations[0].time_ms, -piece.observations[-1].time_ms))
    linker = Linker(engine.calibration, settings)
    return tuple(linker.link(piece) for piece in pieces)


def digest(file: BinaryIO, progress: Progress) -> str:
    """SHA-256 of the whole file, in hexadecimal; leaves the file at its beginning."""
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
        progress(0, 0, 0)
    file.seek(0)
    return digest.hexdigest()
