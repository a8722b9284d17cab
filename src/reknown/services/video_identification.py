"""Who might appear in this video, and when? Tracks against a collection.

Each track is one search: its template is the mean of its best views, so that its score with a
reference is the mean of theirs, and thresholds measured on single pictures stay valid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.candidates import Candidate
from reknown.gallery.search import search_subjects
from reknown.gallery.templates import load_templates
from reknown.ledger import events
from reknown.services import kept_tracks
from reknown.services.identification import ranked
from reknown.services.spaces import until_switched
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.biometrics.templates import TemplateSpace
    from reknown.biometrics.tracks import Track, VideoAnalysis
    from reknown.gallery.search import SubjectScore
    from reknown.ledger.actor import Actor
    from reknown.services.decision import Threshold
    from reknown.services.kept_tracks import Keeping, Kept
    from reknown.storage.database import Database

# Someone who is out of sight for less has hardly been away.
_SAME_APPEARANCE_MS = 1000


@dataclass(frozen=True, slots=True)
class Appearance:
    """A stretch of the video with one face in it.

    `person` is the video's own number for it, from 0. `candidates` are best first, none for an
    unknown one; `best_ms` is when the best view was. `tracks` are the places of its tracks in
    the analysis, in order of time.
    """

    from_ms: int
    to_ms: int
    person: int
    candidates: tuple[Candidate, ...]
    best_ms: int
    tracks: tuple[int, ...]

    @property
    def best(self) -> Candidate | None:
        """The best candidate, None for an unknown face."""
        return self.candidates[0] if self.candidates else None


@dataclass(frozen=True, slots=True)
class VideoIdentification:
    """Who might appear when, in order of time.

    `threshold` is a score. `gallery_size` subjects with `references` references were searched,
    once for each track: `expected_false_candidates` is how many of the references a stranger
    is expected to reach in one such search, `expected_in_video` how many all tracks together
    would if all were strangers; None without calibration.
    """

    analysis: VideoAnalysis
    appearances: tuple[Appearance, ...]
    threshold: float
    gallery_size: int
    references: int
    expected_false_candidates: float | None
    expected_in_video: float | None
    kept: Kept | None

    @property
    def identified(self) -> bool:
        """Whether any track has a candidate."""
        return any(appearance.candidates for appearance in self.appearances)


class VideoIdentifier:
    """Searches one collection as it stood when this was made; raises `NotFoundError`."""

    def __init__(
        self, database: Database, collection: str, threshold: Threshold, actor: Actor
    ) -> None:
        with reading(database) as connection:
            self._templates = load_templates(connection, collection)
        self._database = database
        self._collection = collection
        self._threshold = threshold
        self._actor = actor

    @property
    def space(self) -> TemplateSpace:
        """The collection's template space."""
        return self._templates.space

    @property
    def gallery_size(self) -> int:
        """The number of subjects searched."""
        return self._templates.subject_count

    @property
    def references(self) -> int:
        """The number of their references."""
        return len(self._templates.face_ids)

    def identify(
        self, analysis: VideoAnalysis, limit: int = 5, keeping: Keeping | None = None
    ) -> VideoIdentification:
        """At most `limit` candidates for every track; keeps the tracks if told to.

        The search's event and the tracks are on disk before the answer is given out.

        Raises `SpaceMismatchError` when the collection was enrolled with another model pack.
        """
        analysis.space.require(self._templates.space)
        rows = self._search(analysis.tracks, limit)
        kept = self._commit(analysis, rows, keeping)
        candidates = [ranked(row, self._threshold) for row in rows]
        expected = self._threshold.expected_false_candidates(self.references)
        return VideoIdentification(
            analysis,
            appearances(analysis.tracks, candidates, limit),
            self._threshold.score,
            self.gallery_size,
            self.references,
            expected,
            None if expected is None else expected * len(analysis.tracks),
            kept,
        )

    def _search(self, tracks: Sequence[Track], limit: int) -> list[list[SubjectScore]]:
        if not tracks:
            return []
        probes = np.stack([track.template for track in tracks])
        return search_subjects(self._templates, probes, self._threshold.score, limit)

    def _commit(
        self,
        analysis: VideoAnalysis,
        rows: Sequence[Sequence[SubjectScore]],
        keeping: Keeping | None,
    ) -> Kept | None:
        detail = {
            "video": analysis.sha256,
            "threshold": self._threshold.score,
            "gallery_size": self.gallery_size,
            "faces": [[hit.face_id for hit in row] for row in rows],
        }
        with until_switched(self._collection), self._database.begin() as connection:
            events.append(connection, self._actor, "identify", self._collection, detail)
            if keeping is None:
                return None
            return kept_tracks.keep(connection, self._collection, analysis, keeping, self._actor)


def appearances(
    tracks: Sequence[Track], candidates: Sequence[tuple[Candidate, ...]], limit: int
) -> tuple[Appearance, ...]:
    """The tracks as stretches of time, each with its candidates, in order of time.

    Tracks are joined only where they follow each other within a second, are the same person to
    the video and have the same best candidate, or both none: an unknown track stays unknown.
    """
    joined: list[Appearance] = []
    latest: dict[int, int] = {}
    order = sorted(range(len(tracks)), key=lambda number: tracks[number].start_ms)
    for number in order:
        new = _alone(number, tracks[number], candidates[number])
        place = latest.get(new.person)
        if place is not None and _continues(joined[place], new):
            joined[place] = _joined(joined[place], new, limit)
        else:
            latest[new.person] = len(joined)
            joined.append(new)
    return tuple(joined)


def _alone(number: int, track: Track, candidates: tuple[Candidate, ...]) -> Appearance:
    best_ms = track.shots[0].time_ms
    return Appearance(track.start_ms, track.end_ms, track.person, candidates, best_ms, (number,))


def _continues(before: Appearance, after: Appearance) -> bool:
    close = 0 <= after.from_ms - before.to_ms < _SAME_APPEARANCE_MS
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
        Candidate(rank, c.user, c.face_id, c.score, c.similarity, c.false_match_rate)
        for rank, c in enumerate(list(best.values())[:limit], 1)
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
    )
