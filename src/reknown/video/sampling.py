"""Which frames are looked at: a few a second, and more where something changes.

A face that is there at the beginning and at the end of a short window is taken to have been
there in between. Where one has come or gone, the window is halved until the frame is found, so
that times are right to a frame although few frames are searched for faces. A cut between two
scenes shows in the images themselves; the frames on both sides of it are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from reknown.biometrics.faces import DetectedFace
    from reknown.video.decode import Frame

    Faces = tuple[DetectedFace, ...]


@dataclass(frozen=True, slots=True)
class SamplingSettings:
    """Milliseconds from sample to sample, and the least from frame to frame.

    Frames of more than `window_pixels` a window are further apart, as memory is limited.
    While nothing but noise changes, `rest_ms` pass from sample to sample: fewer
    than `moving_points` of a sketch differ by more than `noise` (of 255).
    Two frames are of different scenes when their sketches differ by `cut_difference` (of 255)
    on average and `cut_ratio` times as much as the frames before did.
    A face is the same as one in another frame when it lies within `reach` times its side and
    their signatures correlate by `alike`. Between samples, frames are searched no more than
    `refined_per_second` of video, `refined_at_once` where none were before, so that a face
    which the detector hardly sees does not cost more than all others.
    """

    step_ms: int = 250
    spacing_ms: int = 12
    window_pixels: int = 40_000_000
    rest_ms: int = 600
    noise: float = 8.0
    moving_points: int = 3
    cut_difference: float = 18.0
    cut_ratio: float = 4.0
    reach: float = 1.5
    alike: float = 0.7
    refined_per_second: float = 2.0
    refined_at_once: int = 12


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Frames in order of time that belong to one scene.

    `cut` if a new scene begins with it; `still` if its end shows what the last sample showed.
    """

    frames: tuple[Frame, ...]
    cut: bool
    still: bool


@dataclass(frozen=True, slots=True, eq=False)
class SampledFrame:
    """A frame and the faces in it.

    `signatures` (n, points) float32: what each face looks like, roughly; products are
    correlations, -1 to 1.
    """

    frame: Frame
    faces: Faces
    signatures: NDArray[np.float32]


class Windows:
    """Parts frames into windows of about `step_ms`, never across a cut."""

    def __init__(self, settings: SamplingSettings) -> None:
        self._settings = settings
        self._cuts = CutDetector(settings)
        self._held: list[Frame] = []
        self._cut = True
        self._stillness = Stillness(settings)
        self._unseen: Frame | None = None
        self._last_ms = -settings.step_ms

    def of(self, frames: Iterable[Frame]) -> Iterator[Window]:
        """The windows, in order; frames too close to the one before are left out."""
        sketch: NDArray[np.float32] | None = None
        for frame in frames:
            if frame.time_ms - self._last_ms < self._spacing(frame):
                continue
            self._last_ms = frame.time_ms
            before, sketch = sketch, frame.sketch()
            if self._cuts.is_cut(sketch):
                yield from self._scene_ends(before)
                self._cut = True
            self._held.append(frame)
            span = frame.time_ms - self._held[0].time_ms
            if self._cut or span >= self._settings.step_ms - self._settings.spacing_ms:
                yield self._closed(sketch)
        yield from self._scene_ends(sketch)

    def _spacing(self, frame: Frame) -> float:
        width, height = frame.size
        for_memory = self._settings.step_ms * width * height / self._settings.window_pixels
        return max(self._settings.spacing_ms, for_memory)

    def _scene_ends(self, sketch: NDArray[np.float32] | None) -> Iterator[Window]:
        """The last frame of a scene is looked at in any case."""
        if (self._held or self._unseen is not None) and sketch is not None:
            yield self._closed(sketch, last=True)

    def _closed(self, sketch: NDArray[np.float32], *, last: bool = False) -> Window:
        """The frames held until now; what ends a scene is never still.

        A frame at rest that was passed over goes with those that follow it: it may be the last
        that shows a face.
        """
        unseen = [] if self._unseen is None else [self._unseen]
        frames = (*unseen, *self._held)
        time_ms = frames[-1].time_ms
        still = not (last or self._cut) and self._stillness.holds(sketch, time_ms)
        window = Window(frames[-1:] if still else frames, self._cut, still)
        self._unseen = frames[-1] if still else None
        if not still:
            self._stillness.looked(sketch, time_ms)
        self._held, self._cut = [], False
        return window


class Stillness:
    """Tells whether anything but noise has changed since a frame was looked at."""

    def __init__(self, settings: SamplingSettings) -> None:
        self._settings = settings
        self._sketch: NDArray[np.float32] | None = None
        self._time_ms = 0

    def looked(self, sketch: NDArray[np.float32], time_ms: int) -> None:
        """The frame with this sketch is looked at."""
        self._sketch, self._time_ms = sketch, time_ms

    def holds(self, sketch: NDArray[np.float32], time_ms: int) -> bool:
        """Whether a frame shows what that one showed, so short a time ago that this will do."""
        looked, settings = self._sketch, self._settings
        if looked is None or looked.shape != sketch.shape:
            return False
        if time_ms - self._time_ms >= settings.rest_ms:
            return False
        moving = np.count_nonzero(np.abs(sketch - looked) > settings.noise)
        return bool(moving < settings.moving_points)


class CutDetector:
    """Tells where one scene ends and another begins."""

    def __init__(self, settings: SamplingSettings) -> None:
        self._settings = settings
        self._last: NDArray[np.float32] | None = None
        self._usual = 0.0

    def is_cut(self, sketch: NDArray[np.float32]) -> bool:
        """Whether the frame with this sketch begins a new scene; the first one does not."""
        last, self._last = self._last, sketch
        if last is None or last.shape != sketch.shape:
            return last is not None
        change = float(np.abs(sketch - last).mean())
        found = change > max(self._settings.cut_difference, self._settings.cut_ratio * self._usual)
        # a cut counts as well: what changes as much in the next frame is motion or flicker
        self._usual = 0.7 * self._usual + 0.3 * change
        return found


class Refiner:
    """Finds the frames in which faces come and go."""

    def __init__(self, see: Callable[[Frame], SampledFrame], settings: SamplingSettings) -> None:
        self._see = see
        self._settings = settings
        self._left = float(settings.refined_at_once)
        self._last_ms = 0

    def refine(
        self, before: SampledFrame, window: Window, last: SampledFrame
    ) -> list[SampledFrame]:
        """The samples that are needed between `before` and `last`, in order, then `last`.

        `window` holds the frames between them, `last.frame` at its end.
        """
        seconds = (last.frame.time_ms - self._last_ms) / 1000
        self._last_ms = last.frame.time_ms
        gained = self._settings.refined_per_second * seconds
        self._left = min(self._left + gained, self._settings.refined_at_once)
        return [*self._between(before, window.frames[:-1], last), last]

    def _between(
        self, before: SampledFrame, frames: tuple[Frame, ...], after: SampledFrame
    ) -> list[SampledFrame]:
        if not frames or self._left < 1:
            return []
        if same_faces(before, after, self._settings):
            return []
        self._left -= 1
        middle = len(frames) // 2
        sample = self._see(frames[middle])
        earlier = self._between(before, frames[:middle], sample)
        return [*earlier, sample, *self._between(sample, frames[middle + 1 :], after)]


def same_faces(some: SampledFrame, other: SampledFrame, settings: SamplingSettings) -> bool:
    """Whether each face of one frame has its own near it, of like size and looks, in the other."""
    if len(some.faces) != len(other.faces):
        return False
    left = list(range(len(other.faces)))
    for face, signature in zip(some.faces, some.signatures, strict=True):
        nearest = min(left, key=lambda number: _distance(face, other.faces[number]))
        if _distance(face, other.faces[nearest]) > settings.reach:
            return False
        if float(signature @ other.signatures[nearest]) < settings.alike:
            return False
        left.remove(nearest)
    return True


def _distance(face: DetectedFace, other: DetectedFace) -> float:
    """Between centres, in mean sides; infinite where one is twice as large as the other."""
    a, b = face.box, other.box
    if not a.height / 2 < b.height < a.height * 2:
        return float("inf")
    across = (a.left + a.width / 2 - b.left - b.width / 2) / ((a.width + b.width) / 2)
    down = (a.top + a.height / 2 - b.top - b.height / 2) / ((a.height + b.height) / 2)
    return float(np.hypot(across, down))
