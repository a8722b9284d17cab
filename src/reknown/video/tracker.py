"""Boxes of one moment after another -> which belong to the same thing.

The method is ByteTrack's (Zhang et al., ByteTrack: Multi-Object Tracking by Associating Every
Detection Box, ECCV 2022, arXiv 2110.06864): boxes of high score are matched with where the
tracks should be by now, boxes of low score with the tracks that are left over, and only boxes
of high score begin a track. Different from it: moments may be any time apart, boxes are
enlarged before their overlap is taken, so that it is not 0 where a face moves by its width
from one moment to the next (Yang et al., Hard to Track Objects with Irregular Motions and
Similar Appearances? Make It Easier by Buffering the Matching Space, WACV 2023), and a track
counts from its first box. `BYTETRACK` are the settings that make it what the paper describes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.video.assignment import cheapest_pairs
from reknown.video.boxes import boxes_of, measured, overlaps
from reknown.video.motion import MotionNoise, Motions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

_FARTHEST, _SMALLEST = 1e9, 1e-6


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """Scores: from `high` on a box is matched first, from `low` on at all, from `new` on it
    begins a track if it is left over.

    Least overlaps (0 to 1, of boxes `enlarged` so many times): `first` for high scores,
    `second` for low ones, `unsure` for tracks seen once. With `weighted` scores, the overlap
    is multiplied by the score except for low ones. A track not seen for more than
    `patience_ms` has ended; with `low_revives`, one that was not seen the last time may go on
    with a low score. Unless `sure_at_once`, a track seen once ends if it is not seen the next
    time, except for those of the first moment. Of two tracks, one of them not seen, that
    overlap by more than `same` (not enlarged) the younger ends.

    Overlaps, enlargement and noise were chosen on simulated faces seen every 0.03 to 0.6 s:
    walking, turning round, crossing, hidden, from a camera that shakes.
    """

    high: float = 0.9
    low: float = 0.0
    new: float = 0.9
    first: float = 0.2
    second: float = 0.2
    unsure: float = 0.2
    enlarged: float = 2.5
    weighted: bool = False
    patience_ms: int = 1000
    low_revives: bool = False
    sure_at_once: bool = True
    same: float = 1.0
    noise: MotionNoise = MotionNoise(velocity=1 / 320)


# 32 frames: a track is given up after 30, and may be found again in the two that this takes.
BYTETRACK = TrackerSettings(
    high=0.6,
    low=0.1,
    new=0.7,
    first=0.2,
    second=0.5,
    unsure=0.3,
    enlarged=1.0,
    weighted=True,
    patience_ms=1067,
    low_revives=False,
    sure_at_once=False,
    same=0.85,
    noise=MotionNoise(),
)


@dataclass(slots=True, eq=False)
class _Tracks:
    """Those that may go on, (n,) each: `seen` the last time, `sure` if seen twice."""

    motions: Motions
    number: NDArray[np.intp]
    first_ms: NDArray[np.int64]
    last_ms: NDArray[np.int64]
    seen: Mask
    sure: Mask

    @classmethod
    def begun(cls, motions: Motions, numbers: range, time_ms: int, *, sure: bool) -> _Tracks:
        count = len(numbers)
        return cls(
            motions,
            np.array(numbers, np.intp),
            np.full(count, time_ms),
            np.full(count, time_ms),
            np.ones(count, bool),
            np.full(count, sure),
        )

    @property
    def boxes(self) -> Floats:
        return boxes_of(self.motions.place)

    def keep(self, mask: Mask) -> None:
        """All others have ended."""
        if not mask.all():
            self.motions = self.motions.kept(mask)
            for name in ("number", "first_ms", "last_ms", "seen", "sure"):
                setattr(self, name, getattr(self, name)[mask])

    def add(self, more: _Tracks) -> None:
        self.motions = self.motions.joined(more.motions)
        for name in ("number", "first_ms", "last_ms", "seen", "sure"):
            setattr(self, name, np.concatenate([getattr(self, name), getattr(more, name)]))


class Tracker:
    """Numbers tracks from 0 in order of appearance; a number is never used again."""

    def __init__(self, settings: TrackerSettings = TrackerSettings()) -> None:
        self._settings = settings
        self._count = 0
        self.cut()

    def cut(self) -> None:
        """Another scene follows: no track goes on."""
        self._tracks = _Tracks.begun(Motions.none(), range(0), 0, sure=True)
        self._now_ms: int | None = None

    def live(self, time_ms: int) -> tuple[int, ...]:
        """The tracks that may still be found at that time; all others begun so far have ended."""
        recent = time_ms - self._tracks.last_ms <= self._settings.patience_ms
        return tuple(self._tracks.number[recent].tolist())

    def update(self, time_ms: int, boxes: Floats, scores: Floats) -> list[int]:
        """For each box the number of its track, -1 if it has none.

        `boxes` (n, 4) left, top, right, bottom in one unit for both axes, say pixels; `scores`
        (n,). Times may not go back unless `cut` came between. Raises `InputError` if they do,
        or if a box is not finite or has no area; nothing has changed then.
        """
        boxes, scores = _checked(boxes, scores)
        if self._now_ms is not None and time_ms < self._now_ms:
            raise InputError(f"{time_ms} ms comes after {self._now_ms} ms: sort by time")
        # in an order of their own, so that the order in which they come does not matter
        order = np.lexsort((scores, *boxes.T[::-1]))
        numbers = np.empty(len(boxes), np.intp)
        numbers[order] = self._updated(time_ms, boxes[order], scores[order])
        self._now_ms = time_ms
        return [int(number) for number in numbers]

    def _updated(self, time_ms: int, boxes: Floats, scores: Floats) -> NDArray[np.intp]:
        settings, tracks = self._settings, self._tracks
        tracks.keep(time_ms - tracks.last_ms <= settings.patience_ms)
        self._pass_time(time_ms)
        owner = self._owners(boxes, scores)
        old = np.flatnonzero(owner >= 0)
        rows = owner[old]
        tracks.motions.correct(rows, measured(boxes[old]), settings.noise)
        tracks.last_ms[rows] = time_ms
        tracks.seen[:] = False
        tracks.seen[rows] = True
        new = np.flatnonzero((owner < 0) & (scores >= settings.new))
        numbers = np.full(len(boxes), -1, np.intp)
        numbers[old] = tracks.number[rows]
        numbers[new] = self._begin(time_ms, boxes[new])
        self._drop_doubles()
        return numbers

    def _pass_time(self, time_ms: int) -> None:
        tracks, noise = self._tracks, self._settings.noise
        if self._now_ms is not None and len(tracks.number):
            tracks.motions.velocity[~tracks.seen, 3] = 0.0
            # the authors' code lets no time pass for tracks seen once: they are taken to rest
            frames = np.where(tracks.sure, (time_ms - self._now_ms) / noise.frame_ms, 0.0)
            tracks.motions.pass_time(frames[:, None], noise)

    def _owners(self, boxes: Floats, scores: Floats) -> NDArray[np.intp]:
        """For each box the row of its track, or -1."""
        settings, tracks = self._settings, self._tracks
        owner = np.full(len(boxes), -1, np.intp)
        overlap = overlaps(tracks.boxes, boxes, settings.enlarged)
        weighted = overlap * scores if settings.weighted else overlap
        high = scores >= settings.high
        low = ~high & (scores >= settings.low)
        for gain, rows, columns in (
            (weighted - settings.first, tracks.sure, high),
            (overlap - settings.second, tracks.sure & (tracks.seen | settings.low_revives), low),
            (weighted - settings.unsure, ~tracks.sure, high),
        ):
            free = rows.copy()
            free[owner[owner >= 0]] = False
            _match(gain, np.flatnonzero(free), np.flatnonzero(columns & (owner < 0)), owner)
        return owner

    def _begin(self, time_ms: int, boxes: Floats) -> range:
        """Tracks of their own for these boxes; tracks that were not seen a second time end."""
        settings, tracks = self._settings, self._tracks
        tracks.keep(tracks.sure | tracks.seen)
        tracks.sure[:] = True
        numbers = range(self._count, self._count + len(boxes))
        self._count += len(boxes)
        motions = Motions.at_rest(measured(boxes), settings.noise)
        sure = settings.sure_at_once or self._now_ms is None
        tracks.add(_Tracks.begun(motions, numbers, time_ms, sure=sure))
        return numbers

    def _drop_doubles(self) -> None:
        tracks, boxes = self._tracks, self._tracks.boxes
        same = overlaps(boxes, boxes, 1.0) > self._settings.same
        same &= tracks.seen[:, None] & ~tracks.seen
        age = tracks.last_ms - tracks.first_ms
        seen, hidden = np.nonzero(same)
        older = age[seen] > age[hidden]
        ended = np.zeros(len(boxes), bool)
        ended[hidden[older]] = True
        ended[seen[~older]] = True
        tracks.keep(~ended)


def _match(
    gain: Floats, rows: NDArray[np.intp], columns: NDArray[np.intp], owner: NDArray[np.intp]
) -> None:
    """Notes in `owner` the pairs with the greatest sum of gains, those without gain left out."""
    if len(rows) and len(columns):
        worth = np.maximum(gain[np.ix_(rows, columns)], 0.0)
        for row, column in cheapest_pairs(-worth):
            if worth[row, column] > 0:
                owner[columns[column]] = rows[row]


def _checked(boxes: Floats, scores: Floats) -> tuple[Floats, Floats]:
    boxes, scores = np.asarray(boxes, np.float64), np.asarray(scores, np.float64)
    if boxes.shape != (*scores.shape, 4):
        raise InputError(f"boxes {boxes.shape} and scores {scores.shape}: give (n, 4) and (n,)")
    if not ((np.abs(boxes) < _FARTHEST).all() and np.isfinite(scores).all()):
        raise InputError(
            "boxes and scores must be numbers, no side as far as 1e9: leave out others"
        )
    if (boxes[:, 2:] - boxes[:, :2] < _SMALLEST).any():
        raise InputError("boxes must have an area: leave out those without")
    return boxes, scores
