"""Frames of a camera -> views of faces, as soon as they can be searched with.

The same tracks as of films, while they go on: whose face it will turn out to be is not known yet,
so a view is given out when it suffices, and again when there are better ones.
"""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np

from reknown.video.following import corners
from reknown.video.persons import PersonSettings, best_of
from reknown.video.sampling import SamplingSettings, Stillness
from reknown.video.shots import CutOut, SeenShot, cut_out, sign, take_shot
from reknown.video.tracker import Tracker, TrackerSettings
from reknown.vision.analyze import Look

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from numpy.typing import NDArray

    from reknown.biometrics.faces import DetectedFace
    from reknown.biometrics.geometry import BoundingBox
    from reknown.biometrics.live import Fragment
    from reknown.biometrics.templates import TemplateSpace
    from reknown.video.live.frames import LiveFrame
    from reknown.vision.analyze import Engine

_SKETCH_ROWS = 48
_GREEN = 1
# Looks between two shots of a face, at some looks a second.
_REMEMBERED = 128


@dataclass(frozen=True, slots=True)
class LiveFollowing:
    """Frames are searched for faces at `search_side` pixels a side.

    A face is looked at in full size as soon as it is seen, and then once in each stretch of time:
    `stretch_ms` long at first, `growth` times as long each time, up to `longest_ms`, or
    `unfit_ms` as long as no view can be searched with. It is looked at sooner, but not within
    `soonest_ms`, when its quality is `better` by so much (of 100), or when it looks less than
    `alike` what it looked like before. No more than `at_once` faces are looked at in one frame.
    """

    search_side: int = 960
    stretch_ms: int = 400
    growth: float = 1.5
    longest_ms: int = 4000
    unfit_ms: int = 600
    soonest_ms: int = 200
    better: float = 8.0
    alike: float = 0.6
    at_once: int = 8
    patience_ms: int = 1000
    sampling: SamplingSettings = SamplingSettings(rest_ms=500)
    persons: PersonSettings = PersonSettings()


@dataclass(frozen=True, slots=True)
class Moment:
    """A time by the stream's clock, in milliseconds, and by the wall's; with the `fragment` of its
    frame in a Kinesis video stream."""

    time_ms: int
    at: datetime
    fragment: Fragment | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TrackView:
    """A face that can be searched with: its best view so far, and the mean of its best ones.

    `track` is its number, never given to another face. It was first seen at `since`, and the
    best view is of the moment `best`; `sha256` is of its pixels, which are kept nowhere. `template`
    (dimension,) float32 is no unit vector: its products are the means of all views' scores.
    """

    track: int
    since: Moment
    best: Moment
    face: DetectedFace
    sha256: str
    template: NDArray[np.float32]
    space: TemplateSpace
    views: int


@dataclass(frozen=True, slots=True)
class EndedTrack:
    """A face that is gone, or became another one: last seen at `last`."""

    track: int
    last: Moment


@dataclass(frozen=True, slots=True)
class FollowedFace:
    """Where a face is; without a `track` it is not followed, or may be another one by now."""

    box: BoundingBox
    track: int | None


@dataclass(frozen=True, slots=True)
class LiveStep:
    """What a frame showed: the tracks in it, views worth a search, and tracks that ended.

    Where nothing but noise has changed the frame is not `looked` at, and who was there still is.
    `faces` are all that were found, also those that are not wanted.
    """

    moment: Moment
    looked: bool
    present: tuple[int, ...]
    faces: tuple[FollowedFace, ...] = ()
    views: tuple[TrackView, ...] = ()
    ended: tuple[EndedTrack, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Taken:
    """A shot, when it was taken, and the SHA-256 of its pixels."""

    shot: SeenShot
    at: Moment
    sha256: str


@dataclass(slots=True, eq=False)
class _Trail:
    """A face that may still be there; `due_ms` is when its stretch ends."""

    number: int
    since: Moment
    last: Moment
    due_ms: float
    stretch_ms: float
    signature: NDArray[np.float32]
    seen: deque[tuple[Moment, float]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    shots: list[_Taken] = field(default_factory=list)
    telling: SeenShot | None = None
    candidate: CutOut | None = None
    candidate_at: Moment | None = None
    shot_ms: float = float("-inf")
    best_score: float = 0.0
    told_views: int = 0
    told_score: float = 0.0
    left_out: bool = False
    unsure: bool = False

    def add(self, moment: Moment, signature: NDArray[np.float32]) -> float:
        """Notes that it is seen, and says how much it looks like before, -1 to 1."""
        likeness = float(self.signature @ signature)
        self.signature, self.last = signature, moment
        self.seen.append((moment, likeness))
        return likeness


class LiveFollower:
    """Follows the faces before one camera; frames are handed in as there is time for them."""

    def __init__(
        self,
        engine: Engine,
        settings: LiveFollowing = LiveFollowing(),
        wanted: Callable[[DetectedFace], bool] = lambda _: True,
    ) -> None:
        """Faces that are not `wanted`, because of where they are or their size, are passed over."""
        self._engine = engine
        self._settings = settings
        self._wanted = wanted
        sure = engine.detector.sure
        self._tracker = Tracker(
            TrackerSettings(high=sure, new=sure, patience_ms=settings.patience_ms)
        )
        self._stillness = Stillness(settings.sampling)
        self._looked_ms = -1
        self._count = 0
        self._trails: dict[int, _Trail] = {}
        self._faces: tuple[FollowedFace, ...] = ()
        calibration = engine.calibration
        below = settings.persons.divide_below
        self._limit = None if calibration is None else calibration.score(below)

    def cut(self) -> tuple[EndedTrack, ...]:
        """The camera is gone, or shows another scene: all tracks end."""
        self._tracker.cut()
        self._stillness = Stillness(self._settings.sampling)
        self._faces = ()
        return tuple(self._ended(float("inf")))

    def leave_out(self, track: int) -> None:
        """No more views of this track are wanted; one that becomes another face is another one."""
        for trail in self._trails.values():
            trail.left_out |= trail.number == track

    def step(self, frame: LiveFrame) -> LiveStep:
        """Takes in the camera's newest frame; times may not go back."""
        moment = Moment(frame.time_ms, frame.at, frame.fragment)
        sketch = _sketch(frame.pixels)
        if self._stillness.holds(sketch, frame.time_ms):
            return LiveStep(moment, False, self._still_there(moment), self._faces)
        self._stillness.looked(sketch, frame.time_ms)
        self._looked_ms = frame.time_ms
        small = _shrunk(frame.pixels, self._settings.search_side)
        found = self._engine.detect(small, Look.POSE)
        faces = [face for face in found if self._wanted(face)]
        seen = self._followed(moment, small, faces, frame.pixels)
        views, divided = self._shoot([trail for _, trail, due in seen if due])
        tracks = {id(face): None if trail.unsure else trail.number for face, trail, _ in seen}
        self._faces = tuple(FollowedFace(face.box, tracks.get(id(face))) for face in found)
        ended = (*divided, *self._ended(frame.time_ms - self._settings.patience_ms))
        present = tuple(trail.number for trail in self._trails.values() if trail.last == moment)
        return LiveStep(moment, True, present, self._faces, views, ended)

    def _still_there(self, moment: Moment) -> tuple[int, ...]:
        there = [t for t in self._trails.values() if t.last.time_ms >= self._looked_ms]
        for trail in there:
            trail.last = moment
        return tuple(trail.number for trail in there)

    def _followed(
        self,
        moment: Moment,
        small: NDArray[np.uint8],
        faces: list[DetectedFace],
        pixels: NDArray[np.uint8],
    ) -> list[tuple[DetectedFace, _Trail, bool]]:
        """The trail of each face that has one, and whether it is to be looked at now."""
        shape = np.array(small.shape[1::-1] * 2, np.float64)
        boxes = np.array([corners(face) for face in faces]).reshape(-1, 4) * shape
        scores = np.array([face.confidence for face in faces])
        numbers = self._tracker.update(moment.time_ms, boxes, scores)
        found = []
        for face, signature, number in zip(faces, sign(small, faces), numbers, strict=True):
            if number < 0:
                continue
            trail = self._trails.get(number)
            if trail is None:
                trail = self._trails[number] = self._begun(moment, signature)
            likeness = trail.add(moment, signature)
            score = face.quality.unified_score.native
            changed = likeness < self._settings.alike  # what was best may be of another face
            trail.unsure |= changed
            if trail.candidate is None or changed or score > trail.candidate.score:
                trail.candidate = cut_out(pixels, face, moment.time_ms)
                trail.candidate_at = moment
            found.append((face, trail, self._is_due(trail, likeness, score)))
        return found

    def _begun(self, moment: Moment, signature: NDArray[np.float32]) -> _Trail:
        number, self._count = self._count, self._count + 1
        first = self._settings.stretch_ms
        return _Trail(number, moment, moment, moment.time_ms, first, signature)

    def _is_due(self, trail: _Trail, likeness: float, score: float) -> bool:
        settings, now = self._settings, trail.last.time_ms
        if now >= trail.due_ms:
            return True
        changed = likeness < settings.alike or score >= trail.best_score + settings.better
        return changed and now - trail.shot_ms >= settings.soonest_ms

    def _shoot(self, due: list[_Trail]) -> tuple[tuple[TrackView, ...], list[EndedTrack]]:
        """Looks at those faces in full size, at those first that were not looked at yet."""
        views, divided = [], []
        due.sort(key=lambda trail: (bool(trail.shots), trail.due_ms))
        for trail in due[: self._settings.at_once]:
            assert trail.candidate is not None
            assert trail.candidate_at is not None
            part, at = trail.candidate, trail.candidate_at
            shot = take_shot(self._engine, part, with_jpeg=False)
            if self._is_another(trail, shot):
                divided.append(self._divide(trail, at))
            digest = hashlib.sha256(part.pixels.tobytes()).hexdigest()
            self._note(trail, _Taken(shot, at, digest), part.score)
            view = self._view(trail)
            if view is not None:
                views.append(view)
        return tuple(views), divided

    def _note(self, trail: _Trail, taken: _Taken, score: float) -> None:
        settings, now = self._settings, trail.last.time_ms
        trail.candidate = trail.candidate_at = None
        trail.shot_ms, trail.best_score = now, max(trail.best_score, score)
        shot = taken.shot
        trail.shots.append(taken)
        if len(trail.shots) > 2 * settings.persons.best_shots:
            trail.shots.remove(min(trail.shots, key=lambda each: each.shot.score))
        fit = not settings.persons.quality.objections(shot.shot.face)
        if shot.score >= settings.persons.min_quality:
            trail.telling, trail.unsure = shot, False
        trail.due_ms = now + (trail.stretch_ms if fit else settings.unfit_ms)
        if fit:
            trail.stretch_ms = min(trail.stretch_ms * settings.growth, settings.longest_ms)

    def _is_another(self, trail: _Trail, shot: SeenShot) -> bool:
        """Whether the track is another person's by now: the tracker knows boxes, not faces."""
        if self._limit is None or trail.telling is None:
            return False
        if shot.score < self._settings.persons.min_quality:
            return False
        return float(trail.telling.vector @ shot.vector) < self._limit

    def _divide(self, trail: _Trail, at: Moment) -> EndedTrack:
        """The first face ends where the track looks least like before; the trail is another's."""
        assert trail.telling is not None
        seen = [one for one in trail.seen if trail.telling.shot.time_ms <= one[0].time_ms]
        between = [one for one in seen if one[0].time_ms <= at.time_ms]
        change = min(range(1, len(between)), key=lambda n: between[n][1], default=0)
        before = between[change - 1][0] if change else trail.since
        ended = EndedTrack(trail.number, before)
        trail.number, self._count = self._count, self._count + 1
        trail.since = between[change][0] if change else at
        trail.shots, trail.telling, trail.left_out = [], None, False
        trail.told_views, trail.told_score, trail.best_score = 0, 0.0, 0.0
        trail.stretch_ms = self._settings.stretch_ms
        return ended

    def _view(self, trail: _Trail) -> TrackView | None:
        """What speaks for the face, if it says more than what was given out before."""
        if trail.left_out:
            return None
        persons = self._settings.persons
        shots = best_of([each.shot for each in trail.shots], persons)
        best = shots[0]
        face = best.shot.face
        lasted = trail.last.time_ms - trail.since.time_ms
        clear = max(each.shot.score for each in trail.shots) >= persons.clear_quality
        if persons.quality.objections(face) or not (lasted >= persons.min_ms or clear):
            return None
        more = len(shots) > trail.told_views and len(shots) in (1, 3, persons.best_shots)
        if not more and best.score < trail.told_score + self._settings.better:
            return None
        trail.told_views, trail.told_score = len(shots), best.score
        template = np.asarray(np.mean([shot.vector for shot in shots], axis=0), np.float32)
        taken = next(each for each in trail.shots if each.shot is best)
        return TrackView(
            track=trail.number,
            since=trail.since,
            best=taken.at,
            face=face,
            sha256=taken.sha256,
            template=template,
            space=self._engine.space,
            views=len(shots),
        )

    def _ended(self, before_ms: float) -> Iterable[EndedTrack]:
        gone = [n for n, trail in self._trails.items() if trail.last.time_ms < before_ms]
        for number in gone:
            trail = self._trails.pop(number)
            yield EndedTrack(trail.number, trail.last)


def _sketch(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A coarse grid of its light, for telling whether anything has changed."""
    step = max(1, pixels.shape[0] // _SKETCH_ROWS)
    return np.asarray(pixels[step // 2 :: step, step // 2 :: step, _GREEN], np.float32)


def _shrunk(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The frame with so many pixels on its longer side; a small one stays as it is."""
    scale = side / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    return np.asarray(
        cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
    )
