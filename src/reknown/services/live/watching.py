"""Who might be before this camera now? Its frames against a collection, for as long as wanted.

Each view of a face that says more than those before is one search, with its record and the rules
of every search; what comes of it is told as events, which are stored in the same transaction. No
picture is kept.
"""

from __future__ import annotations

import re
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from reknown.biometrics.errors import InputError, NotFoundError
from reknown.biometrics.live import LiveCandidate, LiveEvent, LiveEventKind
from reknown.biometrics.quality_filter import DEFAULT_FILTER
from reknown.biometrics.regions import lies_in_any, require_regions
from reknown.gallery.users import get_user
from reknown.ledger.records import ProbeRecord
from reknown.services.archive.sightings import require_days
from reknown.services.galleries.spaces import until_switched
from reknown.services.live.alerts import Alerts
from reknown.services.live.following_limits import BROKEN_OFF, FollowingLimits
from reknown.services.live.keeping import keep_stranger
from reknown.services.live.visits import Visits, VisitSettings, subject_of
from reknown.services.policies.permits import deciding, permit_live
from reknown.services.searches.search import Probes, conclude, look_up, open_search, stack
from reknown.storage.database import reading
from reknown.video.live.following import LiveFollower, LiveFollowing, Moment
from reknown.video.live.frames import CameraChange, CameraState
from reknown.watches import events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from reknown.biometrics.faces import DetectedFace
    from reknown.biometrics.quality_filter import QualityFilter
    from reknown.biometrics.regions import Region
    from reknown.biometrics.schedule import Schedule
    from reknown.services.context import Context
    from reknown.services.searches.search import Found, Query
    from reknown.storage.database import Connection
    from reknown.video.live.following import LiveStep, TrackView
    from reknown.video.live.frames import LiveFrame
    from reknown.vision.analyze import Engine

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_WAIT_SECONDS = 0.25
_RULES_MS = 5000
_OVER = "followed for as long as the policy allows in a day"
_LEAST_AWAY, _MOST_SECONDS = 1.0, 3600.0


class _Source(Protocol):
    """A camera, or what stands for one; `CameraState.ENDED` is its last word."""

    def next(self, seconds: float) -> LiveFrame | CameraChange | None:
        """The newest frame, or how the camera is now; None after so long without either."""
        ...


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """How the watch `name` looks for whom.

    Faces count that `quality` lets through, that are at least `least_height` of the frame high, and
    that lie in one of the `regions`, if there are any. Outside the `schedule`, by the local clock,
    nothing is looked at. Who is unseen for `away_seconds` has left; a stranger is told of after
    `confirm_seconds`. `alerts` are names of people by the names of their lists: an event with
    one of them is marked, but within `debounce_seconds` not again. With `keep_days`, strangers who
    have left are kept for so long as sightings: templates, no pictures. Raises `InputError`.
    """

    name: str
    query: Query
    quality: QualityFilter = DEFAULT_FILTER
    regions: tuple[Region, ...] = ()
    least_height: float = 0.0
    schedule: Schedule | None = None
    away_seconds: float = 5.0
    confirm_seconds: float = 2.0
    alerts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    debounce_seconds: float = 60.0
    following: LiveFollowing = LiveFollowing()
    keep_days: int | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InputError(
                "a watch is called by 1 to 128 letters, digits, dots, dashes and underscores, not "
                f"{self.name[:130]!r}"
            )
        require_regions(self.regions)
        if self.keep_days is not None:
            require_days(self.keep_days)
        if not 0 <= self.least_height <= 1:
            raise InputError(
                f"the least height of a face is a share of the frame, 0 to 1, not "
                f"{self.least_height:g}"
            )
        for name, least in (("away", _LEAST_AWAY), ("confirm", 0.0), ("debounce", 0.0)):
            seconds = getattr(self, f"{name}_seconds")
            if not least <= seconds <= _MOST_SECONDS:
                raise InputError(
                    f"{name}_seconds is from {least:g} to {_MOST_SECONDS:g}, not {seconds:g}"
                )

    def wants(self, face: DetectedFace) -> bool:
        """Whether a face counts, by its place and its size."""
        if face.box.height < self.least_height:
            return False
        return not self.regions or lies_in_any(face.box, self.regions)

    def is_time(self, moment: datetime) -> bool:
        """Whether it is looked at frames now."""
        return self.schedule is None or self.schedule.covers(moment.astimezone())


@dataclass(slots=True)
class WatchCounts:
    """What a watch has come to so far.

    `frames` were handed out, `looked` of them searched for faces, `passed_over` were never handed
    out, and `faces` were in those that were searched; `lag_seconds` is how old the last one was
    when its events were stored, and `stream_seconds` its time.
    """

    frames: int = 0
    looked: int = 0
    passed_over: int = 0
    faces: int = 0
    searches: int = 0
    events: int = 0
    lag_seconds: float = 0.0
    stream_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Told:
    """Whom a watch tells: of each event once it is stored, and of each frame it was done with."""

    event: Callable[[LiveEvent], None]
    frame: Callable[[LiveFrame, LiveStep, WatchCounts], None] = lambda *_: None


def watch(context: Context, settings: WatchSettings, camera: _Source, told: Told) -> WatchCounts:
    """Watches until the camera has ended, or for as long as the caller does not interrupt it.

    However it ends, whoever is there is told to have left as far as that can still be stored; what
    could not be is told when a watch of this name begins again.

    Raises as `open_search` does, also while it runs, and `SpaceMismatchError` once the collection
    is switched to another model pack.
    """
    searched = open_search(context, settings.query)
    lists = _people(context, settings)
    with deciding(context.database, context.actor) as connection:
        permit_live(connection, settings.query.collection)
    engine = context.platform.engines.of(searched.space)
    watching = _Watching(context, settings, engine, lists, told)
    watching.begin()
    try:
        while watching.take(camera.next(_WAIT_SECONDS)):
            pass
    except BaseException:
        watching.give_up()
        raise
    watching.close()
    return watching.counts


class _Watching:
    """One camera, one thread."""

    def __init__(
        self,
        context: Context,
        settings: WatchSettings,
        engine: Engine,
        lists: Mapping[str, frozenset[str]],
        told: Told,
    ) -> None:
        self._context = context
        self._settings = settings
        self._told = told
        self._alerts = Alerts(lists, timedelta(seconds=settings.debounce_seconds))
        persons = replace(settings.following.persons, quality=settings.quality)
        following = replace(settings.following, persons=persons)
        self._follower = LiveFollower(engine, following, settings.wants)
        calibration = engine.calibration
        self._visits = Visits(
            settings.name,
            settings.query.collection,
            VisitSettings(
                away_ms=round(1000 * settings.away_seconds),
                confirm_ms=round(1000 * settings.confirm_seconds),
                link_from=None if calibration is None else calibration.score(persons.link_from),
            ),
        )
        self._limits = FollowingLimits(settings.name, settings.query.collection)
        self._ruled_ms = 0
        self._clock = _Clock()
        self.counts = WatchCounts()

    def begin(self) -> None:
        """Whoever was there when this watch broke off has left, as far as is known."""
        with self._context.database.begin() as connection:
            left = _left_open(self._present(connection))
            stored = self._store(connection, left)
        self._pass_on(stored)

    def take(self, given: LiveFrame | CameraChange | None) -> bool:
        """Works on what the camera gave; whether there is more to come."""
        if given is None:
            self._pass_time(self._clock.now())
            return True
        if isinstance(given, CameraChange):
            return self._changed(given)
        self._clock.heard(Moment(given.time_ms, given.at))
        if self._settings.is_time(given.at):
            self._look(given)
        else:
            self._cut()
            self._tell(self._visits.close(self._clock.now()))
        return True

    def close(self) -> None:
        """Everybody has left."""
        self._cut()
        self._tell(self._visits.close(self._clock.now()))

    def give_up(self) -> None:
        """The same where something went wrong already: that counts more than what fails now.

        Nobody leaves of whose arrival nothing came to be stored.
        """
        with suppress(Exception):
            self._cut()
            last = self._visits.close(self._clock.now())
            arrived = {event.visit for event in last if event.kind is LiveEventKind.ARRIVED}
            with self._context.database.begin() as connection:
                arrived |= {event.visit for event in self._present(connection)}
                stored = self._store(connection, [each for each in last if each.visit in arrived])
            self._pass_on(stored)

    def _present(self, connection: Connection) -> list[LiveEvent]:
        settings = self._settings
        return events.present(connection, settings.name, settings.query.collection)

    def _cut(self) -> None:
        for ended in self._follower.cut():
            self._visits.ended(ended)

    def _changed(self, change: CameraChange) -> bool:
        if change.state in {CameraState.LOST, CameraState.REFUSED}:
            self._cut()
        event = LiveEvent(
            watch=self._settings.name,
            collection=self._settings.query.collection,
            kind=LiveEventKind.CAMERA,
            at=change.at,
            time_ms=self._clock.now().time_ms,
            state=change.state.value,
            reason=change.reason,
        )
        self._tell([event])
        return change.state is not CameraState.ENDED

    def _look(self, frame: LiveFrame) -> None:
        step = self._follower.step(frame)
        self._visits.present(step.moment, step.present)
        for ended in step.ended:
            self._visits.ended(ended)
        for view in step.views:
            self._search(step.moment, view)
        self._pass_time(step.moment)
        counts = self.counts
        counts.frames += 1
        counts.looked += step.looked
        counts.faces += len(step.present) if step.looked else 0
        counts.passed_over += frame.passed_over
        counts.stream_seconds = frame.time_ms / 1000
        counts.lag_seconds = (datetime.now(UTC) - frame.at).total_seconds()
        self._told.frame(frame, step, counts)

    def _search(self, moment: Moment, view: TrackView) -> None:
        context, query = self._context, self._settings.query
        record = ProbeRecord("view", view.sha256, watch=self._settings.name)
        quality = view.face.quality.unified_score.score
        vectors = stack([view.template], view.space)
        probes = Probes(record, view.space, vectors, qualities=(quality,))
        with until_switched(query.collection):
            scores = look_up(context.platform, query, probes)
            self._limits.prepare(context.database, moment.at)
            with deciding(context.database, context.actor) as connection:
                found = conclude(connection, context.actor, scores)
                seen = self._seen(connection, moment, view, found)
                stored = self._store(connection, seen)
        self.counts.searches += 1
        self._pass_on(stored)

    def _seen(
        self, connection: Connection, moment: Moment, view: TrackView, found: Found
    ) -> list[LiveEvent]:
        """What comes of a search: nothing more of people who were followed for long enough."""
        candidates = _candidates(found)
        subject = subject_of(candidates)
        arriving = {} if subject is None else {candidates[0]: moment.at}
        over = self._enforced(connection, moment, arriving)
        ended = [event for each in over for event in self._visits.end(moment, each, _OVER)]
        if subject is None or subject not in over:
            return ended + self._visits.found(moment, view, candidates, found.event)
        self._follower.leave_out(view.track)
        return ended + self._visits.leave_out(moment, view.track, _OVER)

    def _pass_time(self, moment: Moment) -> None:
        """Tells what time alone brings about, and asks now and then what the rules allow."""
        if moment.time_ms - self._ruled_ms >= _RULES_MS:
            self._ruled_ms = moment.time_ms
            self._limits.prepare(self._context.database, moment.at)
            with deciding(self._context.database, self._context.actor) as connection:
                over = self._enforced(connection, moment, {})
                ended = [event for each in over for event in self._visits.end(moment, each, _OVER)]
                stored = self._store(connection, ended)
            self._pass_on(stored)
        self._tell(self._visits.tick(moment))

    def _enforced(
        self, connection: Connection, moment: Moment, arriving: Mapping[LiveCandidate, datetime]
    ) -> set[str]:
        """Who is not followed today any more; the rules may forbid to go on at all."""
        people = {**arriving, **self._visits.people}
        return self._limits.enforce(connection, self._context.actor, moment.at, people)

    def _tell(self, new: Iterable[LiveEvent]) -> None:
        """Stores events that need no search."""
        new = list(new)
        if new:
            with self._context.database.begin() as connection:
                stored = self._store(connection, new)
            self._pass_on(stored)

    def _store(self, connection: Connection, new: Iterable[LiveEvent]) -> list[LiveEvent]:
        stored = []
        for event in new:
            view = self._visits.stranger(event)
            if view is not None and self._settings.keep_days is not None:
                keep_stranger(
                    connection, self._context.actor, event, view, self._settings.keep_days
                )
            marked = replace(event, lists=self._alerts.lists_of(event))
            stored.append(replace(marked, sequence=events.append(connection, marked)))
        return stored

    def _pass_on(self, stored: Iterable[LiveEvent]) -> None:
        for event in stored:
            self.counts.events += 1
            self._told.event(event)


class _Clock:
    """The stream's time, which goes on by the machine's own clock while no frame comes."""

    def __init__(self) -> None:
        self._last: Moment | None = None
        self._heard = 0.0

    def heard(self, moment: Moment) -> None:
        """A frame came."""
        self._last, self._heard = moment, time.monotonic()

    def now(self) -> Moment:
        """The present; the stream's time begins with its first frame."""
        if self._last is None:
            return Moment(0, datetime.now(UTC))
        passed = time.monotonic() - self._heard
        return Moment(
            self._last.time_ms + round(1000 * passed), self._last.at + timedelta(seconds=passed)
        )


def _left_open(there: Iterable[LiveEvent]) -> list[LiveEvent]:
    """An end of each of these visits, which nobody saw: as of when it was told last."""
    now = datetime.now(UTC)
    return [
        replace(event, kind=LiveEventKind.LEFT, at=now, lists=(), reason=BROKEN_OFF)
        for event in there
    ]


def _people(context: Context, settings: WatchSettings) -> Mapping[str, frozenset[str]]:
    """The opaque ids of those on each list; raises `NotFoundError`."""
    collection = settings.query.collection
    with reading(context.database) as connection:
        try:
            return {
                name: frozenset(get_user(connection, collection, who).subject_id for who in people)
                for name, people in settings.alerts.items()
            }
        except NotFoundError as error:
            raise NotFoundError(f"{error}: nobody can be told of when they arrive") from error


def _candidates(found: Found) -> tuple[LiveCandidate, ...]:
    """Those of the one view that was searched with, by opaque ids."""
    (row,) = found.rows
    return tuple(
        LiveCandidate(
            rank=it.rank,
            face_id=it.face_id,
            subject_id=found.faces[it.face_id].subject_id,
            score=it.score,
            similarity=it.similarity,
            false_match_rate=it.false_match_rate,
        )
        for it in row
    )
