"""Looks -> tracks: what is seen of each face from its first frame to its last."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.tracks import Observation
from reknown.video.shots import CutOut, SeenShot, cut_out, take_shot
from reknown.video.tracker import Tracker, TrackerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor, Future

    from numpy.typing import NDArray

    from reknown.biometrics.faces import DetectedFace
    from reknown.video.sampling import SampledFrame
    from reknown.vision.analyze import Engine


@dataclass(frozen=True, slots=True)
class FollowingSettings:
    """The best view is taken of each stretch of a track.

    Stretches are `stretch_ms` long at first and `growth` times as long each time, up to
    `longest_ms`. A face not seen for `patience_ms` is gone.
    """

    stretch_ms: int = 400
    growth: float = 1.5
    longest_ms: int = 4000
    patience_ms: int = 1000


@dataclass(frozen=True, slots=True, eq=False)
class RawTrack:
    """What was seen of one face: shots in order of time, one a stretch.

    `likeness` says how much each observation looks like the one before it, -1 to 1.
    """

    observations: tuple[Observation, ...]
    likeness: tuple[float, ...]
    shots: tuple[SeenShot, ...]


@dataclass(slots=True)
class _Trail:
    """A track that may go on."""

    ends_ms: float
    stretch_ms: float
    observations: list[Observation] = field(default_factory=list)
    shots: list[Future[SeenShot]] = field(default_factory=list)
    likeness: list[float] = field(default_factory=list)
    signature: NDArray[np.float32] | None = None
    best: CutOut | None = None

    def add(self, observation: Observation, signature: NDArray[np.float32]) -> None:
        """One more observation."""
        before = signature if self.signature is None else self.signature
        self.observations.append(observation)
        self.likeness.append(float(before @ signature))
        self.signature = signature


class Follower:
    """Follows faces from sample to sample; templates are made by `executor` meanwhile."""

    def __init__(
        self, engine: Engine, executor: Executor, settings: FollowingSettings, *, cut_outs: bool
    ) -> None:
        self._engine = engine
        self._executor = executor
        self._settings = settings
        self._cut_outs = cut_outs
        sure = engine.detector.sure
        self._tracker = Tracker(
            TrackerSettings(high=sure, new=sure, patience_ms=settings.patience_ms)
        )
        self._trails: dict[int, _Trail] = {}
        self.embedded = 0

    def cut(self) -> Iterator[RawTrack]:
        """A scene ends, and with it all tracks."""
        self._tracker.cut()
        yield from self._ended(float("inf"))

    def follow(self, sample: SampledFrame) -> Iterator[RawTrack]:
        """Takes in a sample; gives out the tracks that have ended."""
        frame, faces = sample.frame, sample.faces
        # boxes are ratios of both sides: squares of the image make overlaps what they look like
        shape = np.array(frame.size * 2, np.float64)
        boxes = np.array([corners(face) for face in faces]).reshape(-1, 4) * shape
        scores = np.array([face.confidence for face in faces])
        numbers = self._tracker.update(frame.time_ms, boxes, scores)
        pixels: NDArray[np.uint8] | None = None
        for face, signature, number in zip(faces, sample.signatures, numbers, strict=True):
            if number < 0:
                continue
            trail = self._trail(number, frame.time_ms)
            trail.add(Observation(frame.time_ms, face), signature)
            if trail.best is None or face.quality.unified_score.native > trail.best.score:
                pixels = frame.pixels() if pixels is None else pixels
                trail.best = cut_out(pixels, face, frame.time_ms)
        yield from self._ended(frame.time_ms - self._settings.patience_ms)

    def _trail(self, number: int, time_ms: int) -> _Trail:
        settings = self._settings
        trail = self._trails.get(number)
        if trail is None:
            first = settings.stretch_ms
            trail = self._trails[number] = _Trail(time_ms + first, first)
        elif time_ms > trail.ends_ms:
            self._shoot(trail)
            trail.stretch_ms = min(trail.stretch_ms * settings.growth, settings.longest_ms)
            trail.ends_ms = time_ms + trail.stretch_ms
        return trail

    def _shoot(self, trail: _Trail) -> None:
        if trail.best is not None:
            self.embedded += 1
            trail.shots.append(
                self._executor.submit(take_shot, self._engine, trail.best, with_jpeg=self._cut_outs)
            )
        trail.best = None

    def _ended(self, before_ms: float) -> Iterator[RawTrack]:
        gone = [n for n, t in self._trails.items() if t.observations[-1].time_ms < before_ms]
        for number in gone:
            trail = self._trails.pop(number)
            self._shoot(trail)
            shots = tuple(future.result() for future in trail.shots)
            yield RawTrack(tuple(trail.observations), tuple(trail.likeness), shots)


def corners(face: DetectedFace) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of its box."""
    box = face.box
    return box.left, box.top, box.left + box.width, box.top + box.height
