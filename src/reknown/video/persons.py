"""Which views are of the same person: tracks divided where they change faces, and linked."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.quality_filter import DEFAULT_FILTER, QualityFilter
from reknown.biometrics.tracks import Track
from reknown.video.following import RawTrack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from reknown.biometrics.calibration import Calibration
    from reknown.video.shots import SeenShot


@dataclass(frozen=True, slots=True)
class PersonSettings:
    """Similarities (0 to 100) below which a track is divided, and from which two are linked.

    Neighbours in time of one person are far more alike than images taken on different days,
    so a track is divided where two of its views are less alike than one in a hundred strangers.
    A template is the mean of the `best_shots` best views that `quality` lets through; views
    below `min_quality` (of 100) say nothing about who it is as long as there are better ones.
    A track shorter than `min_ms` is only taken for a face when it has a view of
    `clear_quality`.
    """

    divide_below: float = 50.0
    link_from: float = 80.0
    best_shots: int = 5
    quality: QualityFilter = DEFAULT_FILTER
    min_quality: float = 30.0
    min_ms: int = 250
    clear_quality: float = 45.0


def is_reliable(track: RawTrack, settings: PersonSettings) -> bool:
    """Whether this is a face: seen for long enough, or clearly."""
    if not (track.observations and track.shots):
        return False
    lasted = track.observations[-1].time_ms - track.observations[0].time_ms
    clearest = max(shot.score for shot in track.shots)
    return lasted >= settings.min_ms or clearest >= settings.clear_quality


def split_by_person(
    track: RawTrack, calibration: Calibration | None, settings: PersonSettings
) -> Iterator[RawTrack]:
    """The track, in pieces where its face becomes another one.

    That is what is left of two people who met: the tracker knows boxes, not faces.
    """
    if calibration is None:
        yield track
        return
    limit = calibration.score(settings.divide_below)
    telling = [shot for shot in track.shots if shot.score >= settings.min_quality]
    moments = [
        _crossing(track, earlier.shot.time_ms, later.shot.time_ms)
        for earlier, later in pairwise(telling)
        if float(earlier.vector @ later.vector) < limit
    ]
    for start, end in pairwise([-1, *moments, float("inf")]):
        seen = [n for n, one in enumerate(track.observations) if start < one.time_ms <= end]
        yield RawTrack(
            tuple(track.observations[n] for n in seen),
            tuple(track.likeness[n] for n in seen),
            tuple(shot for shot in track.shots if start < shot.shot.time_ms <= end),
        )


def _crossing(track: RawTrack, earlier: int, later: int) -> int:
    """The last moment of the first face: what follows looks least like what was before."""
    part = [n for n, one in enumerate(track.observations) if earlier < one.time_ms <= later]
    change = min(part, key=lambda n: track.likeness[n])
    return track.observations[change - 1].time_ms


def best_of(shots: Sequence[SeenShot], settings: PersonSettings) -> list[SeenShot]:
    """The shots that speak for a track, best first; one that is not fit where none is."""
    ranked = sorted(shots, key=lambda shot: -shot.score)
    fit = [shot for shot in ranked if not settings.quality.objections(shot.shot.face)]
    good = [shot for shot in fit if shot.score >= settings.min_quality]
    return good[: settings.best_shots] or (fit or ranked)[:1]


class Linker:
    """Numbers the people of a video; tracks are handed in by their start."""

    def __init__(self, calibration: Calibration | None, settings: PersonSettings) -> None:
        self._settings = settings
        self._limit = None if calibration is None else calibration.score(settings.link_from)
        self._sums: list[NDArray[np.float32]] = []
        self._tracks: list[list[RawTrack]] = []

    def link(self, raw: RawTrack) -> Track:
        """The track with the number of its person, a new one unless it resembles another.

        A person scores as the mean over its tracks, and is never in two places at once.
        """
        shots = best_of(raw.shots, self._settings)
        template = np.asarray(np.mean([shot.vector for shot in shots], axis=0), np.float32)
        person = self._alike(raw, template)
        if person is None:
            person = len(self._sums)
            self._sums.append(np.zeros_like(template))
            self._tracks.append([])
        self._sums[person] = self._sums[person] + template
        self._tracks[person].append(raw)
        return Track(person, raw.observations, tuple(shot.shot for shot in shots), template)

    def _alike(self, raw: RawTrack, template: NDArray[np.float32]) -> int | None:
        if self._limit is None:
            return None
        scores = [
            float(total @ template) / len(tracks)
            for total, tracks in zip(self._sums, self._tracks, strict=True)
        ]
        for person in np.argsort([-score for score in scores], kind="stable"):
            if scores[person] < self._limit:
                return None
            if not any(_together(raw, other) for other in self._tracks[person]):
                return int(person)
        return None


def _together(some: RawTrack, other: RawTrack) -> bool:
    """Whether both are seen at the same time."""
    return (
        some.observations[0].time_ms <= other.observations[-1].time_ms
        and other.observations[0].time_ms <= some.observations[-1].time_ms
    )
