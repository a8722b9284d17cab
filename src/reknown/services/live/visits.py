"""Views of faces and their candidates -> visits: who came, who was seen, who left.

A visit is one appearance of one person before one camera. No search and no database here: what
was found is told in the order of time, and answered with events.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np

from reknown.biometrics.live import LiveEvent, LiveEventKind, LiveView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from numpy.typing import NDArray

    from reknown.biometrics.faces import DetectedFace
    from reknown.biometrics.live import LiveCandidate
    from reknown.video.live.following import EndedTrack, Moment, TrackView

    Candidates = tuple[LiveCandidate, ...]

_BETTER_SCORE = 0.05
_MOST_STAYS = 32


@dataclass(frozen=True, slots=True)
class VisitSettings:
    """Who is unseen for `away_ms` has left. A stranger is told of after `confirm_ms`.

    Until then a better view may show that it is somebody known. A view without candidates is of
    a person who was there before if it scores `link_from` or more with the views from then; with
    None, nothing is known about what scores mean and nobody is linked. A candidate is told again
    when it is `better` by so many points of similarity.
    """

    away_ms: int = 5000
    confirm_ms: int = 2000
    link_from: float | None = None
    better: float = 5.0


@dataclass(slots=True, eq=False)
class _Stay:
    """A track of a visit, with what it was found to be last."""

    since: Moment
    last: Moment
    template: NDArray[np.float32]
    subject: str | None = None


@dataclass(slots=True, eq=False)
class _Visit:
    """Somebody who may still be there; nobody is told of it until `told`."""

    visit_id: str
    since: Moment
    stays: dict[int, _Stay] = field(default_factory=dict)
    subject: str | None = None
    candidates: Candidates = ()
    search: int | None = None
    view: LiveView | None = None
    face: DetectedFace | None = None
    best: TrackView | None = None
    told: bool = False

    @property
    def until(self) -> Moment:
        return max((stay.last for stay in self.stays.values()), key=_time)

    def take(self, track: int, stay: _Stay) -> None:
        """One more track; of many only the latest are remembered."""
        self.stays[track] = stay
        self.since = min(self.since, stay.since, key=_time)
        if len(self.stays) > _MOST_STAYS:
            del self.stays[min(self.stays, key=lambda number: self.stays[number].last.time_ms)]

    def drop(self, track: int) -> None:
        """The track was of somebody else."""
        gone = self.stays.pop(track, None)  # it may be one of very many
        if gone is not None and gone.since == self.since:
            self.since = min((stay.since for stay in self.stays.values()), key=_time)

    def resembles(self, template: NDArray[np.float32]) -> float:
        """The mean score with what was seen of it."""
        return float(np.mean([stay.template @ template for stay in self.stays.values()]))


class Visits:
    """The visits before the camera of one watch."""

    def __init__(
        self,
        watch: str,
        collection: str,
        settings: VisitSettings = VisitSettings(),
        new_id: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        self._watch = watch
        self._collection = collection
        self._settings = settings
        self._new_id = new_id
        self._open: list[_Visit] = []
        self._of_track: dict[int, _Visit] = {}
        self._strangers: dict[str, TrackView] = {}

    def stranger(self, left: LiveEvent) -> TrackView | None:
        """The best view of the stranger who has left with this event; asked for once."""
        return self._strangers.pop(left.visit, None)

    def present(self, moment: Moment, tracks: Iterable[int]) -> None:
        """These tracks are seen now."""
        for track in tracks:
            visit = self._of_track.get(track)
            stay = None if visit is None else visit.stays.get(track)
            if stay is not None:
                stay.last = moment

    def ended(self, track: EndedTrack) -> None:
        """A track is over; it may have been taken for another's a little longer."""
        visit = self._of_track.pop(track.track, None)
        stay = None if visit is None else visit.stays.get(track.track)
        if stay is not None:
            stay.last = max(stay.since, track.last, key=_time)

    def found(
        self, moment: Moment, view: TrackView, candidates: Candidates, search: int
    ) -> list[LiveEvent]:
        """A view was searched with, as the event `search` of the ledger, best candidates first."""
        subject = subject_of(candidates)
        events: list[LiveEvent] = []
        if subject is None:
            visit = self._of_track.get(view.track) or self._alike(view) or self._begin(view)
        else:
            visit = self._visit_of(moment, view, subject, events)
        stay = visit.stays.get(view.track)
        last = moment if stay is None else stay.last
        visit.take(view.track, _Stay(view.since, last, view.template, subject))
        self._of_track[view.track] = visit
        best = view.face.quality.unified_score.score
        if visit.view is None or best >= visit.view.quality:
            taken = view.best
            visit.view = LiveView(view.face.box, best, taken.time_ms, taken.fragment)
            visit.best = view
            visit.face = view.face
        if visit.search is None or candidates:
            visit.search = search
        if candidates:
            events += self._named(moment, visit, candidates)
        return events

    def known(self, track: int) -> tuple[str, Candidates] | None:
        """The visit of somebody known that this track is part of, with its candidates.

        The track's own view has to have one of them: none that is only taken for theirs.
        """
        visit = self._of_track.get(track)
        stay = None if visit is None else visit.stays.get(track)
        if visit is None or stay is None or stay.subject is None or stay.subject != visit.subject:
            return None
        return visit.visit_id, visit.candidates

    @property
    def people(self) -> dict[LiveCandidate, datetime]:
        """The best candidate of each visit of somebody known, and since when they are there."""
        return {it.candidates[0]: it.since.at for it in self._open if it.candidates}

    def end(self, moment: Moment, subject: str, reason: str) -> list[LiveEvent]:
        """The visit of this subject, if there is one, is not watched any more."""
        found = [visit for visit in self._open if visit.subject == subject]
        return [self._leave(moment, visit, reason) for visit in found]

    def leave_out(self, moment: Moment, track: int, reason: str) -> list[LiveEvent]:
        """Nothing is to be told of this track from now on."""
        visit = self._of_track.pop(track, None)
        if visit is None or visit not in self._open:
            return []
        if visit.told:
            return [self._leave(moment, visit, reason)]
        self._open.remove(visit)
        return []

    def tick(self, moment: Moment) -> list[LiveEvent]:
        """Time has passed: strangers are told of, and whoever was away for long has left."""
        events: list[LiveEvent] = []
        for visit in list(self._open):
            gone = moment.time_ms - visit.until.time_ms >= self._settings.away_ms
            waited = moment.time_ms - visit.since.time_ms >= self._settings.confirm_ms
            if not visit.told and (waited or gone):
                events.append(self._tell(LiveEventKind.ARRIVED, moment, visit))
            if gone:
                events.append(self._leave(moment, visit))
        return events

    def close(self, moment: Moment) -> list[LiveEvent]:
        """Nobody is watched any more: all have left as far as can be said."""
        events: list[LiveEvent] = []
        for visit in list(self._open):
            if not visit.told:
                events.append(self._tell(LiveEventKind.ARRIVED, moment, visit))
            events.append(self._leave(moment, visit))
        return events

    def _visit_of(
        self, moment: Moment, view: TrackView, subject: str, events: list[LiveEvent]
    ) -> _Visit:
        """The visit of this subject that a track belongs to from now on."""
        there = next((visit for visit in self._open if visit.subject == subject), None)
        visit = self._of_track.get(view.track)
        if visit is None:
            return there or self._begin(view)
        if visit is there:
            return visit
        if any(self._others_say_so(visit, view.track)):  # the track was not of that person
            visit.drop(view.track)
            return there or self._begin(view)
        if there is None:
            return visit
        self._join(moment, visit, there, events)
        return there

    def _join(self, moment: Moment, visit: _Visit, there: _Visit, events: list[LiveEvent]) -> None:
        """Both are visits of one person: the one that was known first goes on."""
        tracks = [track for track, owner in self._of_track.items() if owner is visit]
        if visit.told:
            events.append(self._leave(moment, visit, f"is the person of visit {there.visit_id}"))
        else:
            self._open.remove(visit)
        for track, stay in visit.stays.items():
            there.take(track, stay)
        for track in tracks:
            self._of_track[track] = there

    def _others_say_so(self, visit: _Visit, track: int) -> Iterator[bool]:
        """For each other track of a visit, whether it was found to be of the same person."""
        for number, stay in visit.stays.items():
            yield number != track and stay.subject is not None and stay.subject == visit.subject

    def _named(self, moment: Moment, visit: _Visit, candidates: Candidates) -> Iterator[LiveEvent]:
        subject, before = subject_of(candidates), visit.candidates
        same = visit.told and visit.subject == subject
        if same and not _is_better(candidates[0], before[0], self._settings.better):
            return
        visit.subject, visit.candidates = subject, candidates
        kind = LiveEventKind.SEEN if visit.told else LiveEventKind.ARRIVED
        yield self._tell(kind, moment, visit)

    def _alike(self, view: TrackView) -> _Visit | None:
        """The visit of somebody who was there before and looks like this; nobody who still is."""
        limit = self._settings.link_from
        if limit is None:
            return None
        before = [v for v in self._open if v.until.time_ms < view.since.time_ms]
        best = max(before, key=lambda visit: visit.resembles(view.template), default=None)
        return best if best is not None and best.resembles(view.template) >= limit else None

    def _begin(self, view: TrackView) -> _Visit:
        visit = _Visit(self._new_id(), view.since)
        self._open.append(visit)
        return visit

    def _leave(self, moment: Moment, visit: _Visit, reason: str | None = None) -> LiveEvent:
        self._open.remove(visit)
        self._of_track = {t: owner for t, owner in self._of_track.items() if owner is not visit}
        if visit.subject is None and visit.best is not None and reason is None:
            self._strangers[visit.visit_id] = visit.best
        return self._tell(LiveEventKind.LEFT, moment, visit, reason)

    def _tell(
        self, kind: LiveEventKind, moment: Moment, visit: _Visit, reason: str | None = None
    ) -> LiveEvent:
        visit.told = True
        return LiveEvent(
            watch=self._watch,
            collection=self._collection,
            kind=kind,
            at=moment.at,
            time_ms=moment.time_ms,
            visit=visit.visit_id,
            candidates=visit.candidates,
            view=visit.view,
            since=visit.since.at,
            until=visit.until.at,
            search=visit.search,
            reason=reason,
            face=visit.face,
        )


def subject_of(candidates: Candidates) -> str | None:
    """Whom the best candidate is, by an opaque id: the user's, or the face's without one."""
    return (candidates[0].subject_id or candidates[0].face_id) if candidates else None


def _is_better(new: LiveCandidate, old: LiveCandidate, points: float) -> bool:
    if new.similarity is None or old.similarity is None:
        return bool(new.score >= old.score + _BETTER_SCORE)
    return bool(new.similarity >= old.similarity + points)


def _time(moment: Moment) -> int:
    return moment.time_ms
