"""Who might appear in this video, and when? Tracks against a collection.

Each track is one search: its template is the mean of its best views, so that its score with a
reference is the mean of theirs, and thresholds measured on single images stay valid. A track
whose best view would not be enrolled is not searched with: it stays unknown, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from reknown.biometrics.quality_filter import DEFAULT_FILTER, Objection, QualityFilter
from reknown.ledger.records import ProbeRecord
from reknown.services.archive.sightings import keep_tracks
from reknown.services.galleries.spaces import until_switched
from reknown.services.policies.permits import deciding
from reknown.services.searches.search import Probes, conclude, look_up, stack

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reknown.biometrics.candidates import Candidate
    from reknown.biometrics.tracks import Track, VideoAnalysis
    from reknown.services.archive.sightings import Keeping, Kept
    from reknown.services.context import Context
    from reknown.services.searches.search import Query, Searched

Row = TypeVar("Row")

# Someone who is out of sight for less has hardly been away.
SAME_APPEARANCE_MS = 1000


@dataclass(frozen=True, slots=True)
class Appearance:
    """A stretch of the video with one face in it.

    `person` is the video's own number for it, from 0. `candidates` are best first, none for an
    unknown one; `best_ms` is when the best view was. `tracks` are the places of its tracks in
    the analysis, in order of time. `objections` say why the gallery was not searched with it.
    """

    from_ms: int
    to_ms: int
    person: int
    candidates: tuple[Candidate, ...]
    best_ms: int
    tracks: tuple[int, ...]
    objections: tuple[Objection, ...] = ()

    @property
    def best(self) -> Candidate | None:
        """The best candidate, None for an unknown face."""
        return self.candidates[0] if self.candidates else None


@dataclass(frozen=True, slots=True)
class VideoIdentification:
    """Who might appear when, in order of time.

    The gallery was searched once for each of the tracks that are fit for it.
    """

    analysis: VideoAnalysis
    appearances: tuple[Appearance, ...]
    searched: Searched
    kept: Kept | None
    tracks_searched: int

    @property
    def expected_in_video(self) -> float | None:
        """How many references all tracks searched would reach together if all were of strangers."""
        expected = self.searched.expected_false_candidates
        return None if expected is None else expected * self.tracks_searched

    @property
    def identified(self) -> bool:
        """Whether any track has a candidate."""
        return any(appearance.candidates for appearance in self.appearances)


@dataclass(frozen=True, slots=True)
class TrackProbes:
    """The tracks of a video that are fit as probes, and what speaks against each of the others.

    `objections` has an entry for every track of the video, empty for those that are probes.
    """

    probes: Probes
    objections: tuple[tuple[Objection, ...], ...]

    def fit(self, tracks: Sequence[Track]) -> tuple[Track, ...]:
        """Those of the video's tracks that are probes."""
        pairs = zip(tracks, self.objections, strict=True)
        return tuple(track for track, against in pairs if not against)

    def spread(self, rows: Iterable[tuple[Row, ...]]) -> tuple[tuple[Row, ...], ...]:
        """What was found for each probe as what was found for each track: nothing for others."""
        found = iter(rows)
        return tuple(() if against else next(found) for against in self.objections)


def identify_video(
    context: Context,
    query: Query,
    analysis: VideoAnalysis,
    keeping: Keeping | None = None,
    quality: QualityFilter = DEFAULT_FILTER,
) -> VideoIdentification:
    """The candidates of every track that `quality` lets through; keeps these if told to.

    The search's event and the tracks are on disk before the answer is given out.

    Raises as `look_up` does, and `SpaceMismatchError` when the collection is switched to another
    model pack meanwhile.
    """
    chosen = track_probes(analysis, quality)
    with until_switched(query.collection):
        scores = look_up(context.platform, query, chosen.probes)
        with deciding(context.database, context.actor) as connection:
            found = conclude(connection, context.actor, scores)
            kept = None
            if keeping is not None:
                fit = replace(analysis, tracks=chosen.fit(analysis.tracks))
                kept = keep_tracks(connection, context, query.collection, fit, keeping)
    rows = chosen.spread(found.rows)
    shown = appearances(analysis.tracks, rows, query.limit, chosen.objections)
    return VideoIdentification(analysis, shown, found.searched, kept, len(found.rows))


def track_probes(analysis: VideoAnalysis, quality: QualityFilter = DEFAULT_FILTER) -> TrackProbes:
    """The tracks whose best view `quality` lets through, as probes.

    No unit vectors: their products are the means of all shots' scores.
    """
    objections = tuple(quality.objections(track.shots[0].face) for track in analysis.tracks)
    pairs = zip(analysis.tracks, objections, strict=True)
    vectors = stack([track.template for track, against in pairs if not against], analysis.space)
    record = ProbeRecord("video", analysis.sha256)
    return TrackProbes(Probes(record, analysis.space, vectors), objections)


def appearances(
    tracks: Sequence[Track],
    candidates: Sequence[tuple[Candidate, ...]],
    limit: int,
    objections: Sequence[tuple[Objection, ...]],
) -> tuple[Appearance, ...]:
    """The tracks as stretches of time, each with its candidates, in order of time.

    Tracks are joined only where they follow each other within a second, are the same person to
    the video and have the same best candidate, or both none: an unknown track stays unknown.
    """
    joined: list[Appearance] = []
    latest: dict[int, int] = {}
    order = sorted(range(len(tracks)), key=lambda number: tracks[number].start_ms)
    for number in order:
        new = _alone(number, tracks[number], candidates[number], objections[number])
        place = latest.get(new.person)
        if place is not None and _continues(joined[place], new):
            joined[place] = _joined(joined[place], new, limit)
        else:
            latest[new.person] = len(joined)
            joined.append(new)
    return tuple(joined)


def _alone(
    number: int,
    track: Track,
    candidates: tuple[Candidate, ...],
    objections: tuple[Objection, ...],
) -> Appearance:
    best_ms, person = track.shots[0].time_ms, track.person
    times = track.start_ms, track.end_ms
    return Appearance(*times, person, candidates, best_ms, (number,), objections)


def _continues(before: Appearance, after: Appearance) -> bool:
    if bool(before.objections) != bool(after.objections):
        return False  # "not like anybody" and "not searched" are two answers
    close = 0 <= after.from_ms - before.to_ms < SAME_APPEARANCE_MS
    return close and _subject(before.best) == _subject(after.best)


def _subject(candidate: Candidate | None) -> tuple[str, str] | None:
    if candidate is None:
        return None
    # a user and a face may have the same name
    return ("face", candidate.face_id) if candidate.user is None else ("user", candidate.user)


def _joined(before: Appearance, after: Appearance, limit: int) -> Appearance:
    """Both as one, with the best score of each subject and the view of the better track."""
    best: dict[tuple[str, str] | None, Candidate] = {}
    for candidate in sorted((*before.candidates, *after.candidates), key=lambda c: -c.score):
        best.setdefault(_subject(candidate), candidate)
    ranked = tuple(
        replace(candidate, rank=rank)
        for rank, candidate in enumerate(list(best.values())[:limit], 1)
    )
    first, second = before.best, after.best
    better = after if first and second and second.score > first.score else before
    return Appearance(
        before.from_ms,
        after.to_ms,
        before.person,
        ranked,
        better.best_ms,
        before.tracks + after.tracks,
        before.objections,
    )
