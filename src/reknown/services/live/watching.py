"""Who might be before this camera now? Its frames against a collection, for as long as wanted.

Each view of a face that says more than those before is one search, with its record and the rules
of every search; what comes of it is told as events, which are stored in the same transaction. No
picture is kept, but in films that are asked for of who is known.
"""

from __future__ import annotations

import re
import time
from collections import deque
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from reknown.biometrics.errors import (
    DatabaseError,
    InputError,
    NotFoundError,
    PolicyError,
    TakenOverError,
    UncalibratedError,
)
from reknown.biometrics.live import LiveCandidate, LiveEvent, LiveEventKind
from reknown.biometrics.quality_filter import DEFAULT_FILTER
from reknown.biometrics.regions import lies_in_any, require_regions
from reknown.gallery.faces import find_faces
from reknown.ledger import log
from reknown.ledger.records import (
    ProbeRecord,
    StartWatchRecord,
    StopWatchRecord,
    ThresholdRecord,
)
from reknown.services.archive.sightings import require_days
from reknown.services.galleries.spaces import until_switched
from reknown.services.live.alerts import Alerts
from reknown.services.live.claiming import claimed
from reknown.services.live.following_limits import BROKEN_OFF, FollowingLimits
from reknown.services.live.keeping import keep_stranger
from reknown.services.live.leftovers import close_watch
from reknown.services.live.recording import FilmRecorder, require_places
from reknown.services.live.scenes import scene_of
from reknown.services.live.sources import NOT_WATCHED
from reknown.services.live.visits import Visits, VisitSettings, subject_of
from reknown.services.policies.permits import admitted, deciding, permit_live, permit_recording
from reknown.services.searches.search import Probes, conclude, lasting, look_up, open_search, stack
from reknown.video.live.following import LiveFollower, LiveFollowing, Moment
from reknown.video.live.frames import CameraChange, CameraState
from reknown.watches import events

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping

    from reknown.biometrics.faces import DetectedFace
    from reknown.biometrics.live import RecordPlace
    from reknown.biometrics.quality_filter import QualityFilter
    from reknown.biometrics.records import FaceRecord
    from reknown.biometrics.regions import Region
    from reknown.biometrics.schedule import Schedule
    from reknown.biometrics.thresholds import Threshold
    from reknown.services.context import Context
    from reknown.services.live.claiming import Watchable
    from reknown.services.live.recording import RecordedFilm, WantedFilm
    from reknown.services.live.scenes import Scene
    from reknown.services.searches.search import Found, Query
    from reknown.storage.database import Connection
    from reknown.video.live.following import TrackView
    from reknown.video.live.frames import LiveFrame
    from reknown.vision.analyze import Engine

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_WAIT_SECONDS = 0.25
_RULES_MS = 5000
_OVER = "followed for as long as the policy allows in a day"
_NOT_ALLOWED = "the rules of the collection do not allow it any more"
_DELETED = "is not in the gallery any more"
_LEAST_AWAY, _MOST_SECONDS = 1.0, 3600.0


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """How the watch `name` looks for whom.

    Faces count that `quality` lets through, that are at least `least_height` of the frame high, and
    that lie in one of the `regions`, if there are any. Outside the `schedule`, by the local clock,
    nothing is looked at. Who is unseen for `away_seconds` has left; a stranger is told of after
    `confirm_seconds`. `alerts` are opaque ids of people by the names of their lists: an event with
    one of them is marked, but within `debounce_seconds` not again. With `keep_days`, strangers who
    have left are kept for so long as sightings: templates, no pictures. `films` are made as long as
    the policy allows it. `session` is that of a stored watch, `records` where its records are put;
    of another one the ledger has its beginning and its end, with the name of its `camera`. Raises
    `InputError`.
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
    session: str | None = None
    records: RecordPlace | None = None
    films: tuple[WantedFilm, ...] = ()
    camera: str | None = None

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

    def rests_until(self, moment: datetime) -> str | None:
        """When it is looked at frames again, by the local clock; None where that is now."""
        local = moment.astimezone()
        if self.schedule is None or self.schedule.covers(local):
            return None
        return self.schedule.next_start(local)


@dataclass(slots=True)
class WatchCounts:
    """What a watch has come to so far.

    `frames` were handed out, `looked` of them searched for faces, `passed_over` were never handed
    out, and `faces` were in those that were searched; `lag_seconds` is how old the last one was
    when its events were stored, and `stream_seconds` its time. Of `untold` people who were there
    nothing more is told today, as the policy has it.
    """

    frames: int = 0
    looked: int = 0
    passed_over: int = 0
    faces: int = 0
    searches: int = 0
    events: int = 0
    untold: int = 0
    lag_seconds: float = 0.0
    stream_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Told:
    """Whom a watch tells.

    Of each event once it is stored, of each frame it was done with, and of each film that is over;
    when its hours end, until when it `rests`, and when they begin, None. Before it
    begins, for how many seconds at most it `waits` for the name of one that was killed.
    """

    event: Callable[[LiveEvent], None]
    frame: Callable[[Scene, WatchCounts], None] = lambda *_: None
    film: Callable[[RecordedFilm], None] = lambda _: None
    rests: Callable[[str | None], None] = lambda _: None
    waits: Callable[[int], None] = lambda _: None


def watch(context: Context, settings: WatchSettings, camera: Watchable, told: Told) -> WatchCounts:
    """Watches as `watch_leased` does, while nobody else may under this name.

    Raises `BusyError` where somebody does, and `TakenOverError` once that is so.
    """
    name, collection = settings.name, settings.query.collection
    with claimed(context.database, name, collection, camera, waits=told.waits) as kept:
        return watch_leased(context, settings, kept, told)


def watch_leased(
    context: Context, settings: WatchSettings, camera: Watchable, told: Told
) -> WatchCounts:
    """Watches until the camera has ended, or for as long as the caller does not interrupt it.

    The caller sees to it that nobody else does under this name. However it ends, whoever is there
    is told to have left as far as that can still be stored; what could not be is told when a watch
    of this name begins again, or by a `Closer`.

    Raises as `open_search` does, also while it runs, `VideoWorkError` where a film cannot be
    written any further, and `SpaceMismatchError` once the collection is switched to another model
    pack.
    """
    counts = WatchCounts()
    with closing(_steps(context, settings, camera, told)) as steps:  # also between two of them
        for counts in steps:  # noqa: B007 - the last ones
            pass
    return counts


def watched_events(
    context: Context, settings: WatchSettings, camera: Watchable
) -> Generator[LiveEvent]:
    """As `watch`, a step at a time: each event once it is stored; who closes it ends the watch."""
    told: deque[LiveEvent] = deque()
    with (
        claimed(context.database, settings.name, settings.query.collection, camera) as kept,
        closing(_steps(context, settings, kept, Told(told.append))) as steps,
    ):
        try:
            for _ in steps:
                while told:
                    yield told.popleft()
        except Exception:  # whoever was there has left before
            yield from told
            raise


def _steps(
    context: Context, settings: WatchSettings, camera: Watchable, told: Told
) -> Generator[WatchCounts]:
    """Whenever it is done with what the camera gave: what it has come to by then."""
    collection, films = settings.query.collection, settings.films
    require_places(films)
    context = context.by(replace(context.actor, watch=settings.name))
    searched = open_search(context, settings.query)
    engine = context.platform.engines.of(searched.space)
    with deciding(context.database, context.actor) as connection:
        permit_live(connection, collection)
        if films:
            permit_recording(connection, collection)
        _record_start(connection, context, settings, searched.threshold)
    with (
        _recorded_end(context, settings),
        FilmRecorder(context, settings.name, collection, films, told.film) as recorder,
    ):
        watching = _Watching(context, settings, engine, told, recorder)
        watching.begin()
        try:
            while watching.take(camera.next(_WAIT_SECONDS)):
                yield watching.counts
        except BaseException as error:
            watching.give_up(error)
            raise
        yield watching.counts


def _record_start(
    connection: Connection, context: Context, settings: WatchSettings, threshold: Threshold
) -> None:
    """Of a stored watch whoever started it is on the record."""
    if settings.session is None:
        record = StartWatchRecord(settings.name, settings.camera, ThresholdRecord.of(threshold))
        log.append(connection, context.actor, settings.query.collection, record)


@contextmanager
def _recorded_end(context: Context, settings: WatchSettings) -> Iterator[None]:
    """However it ends, where the database can be reached."""
    try:
        yield
    finally:
        if settings.session is None:
            record = StopWatchRecord(settings.name, settings.camera)
            with suppress(DatabaseError):
                log.record(context.database, context.actor, settings.query.collection, record)


class _Watching:
    """One camera, one thread."""

    def __init__(
        self,
        context: Context,
        settings: WatchSettings,
        engine: Engine,
        told: Told,
        recorder: FilmRecorder,
    ) -> None:
        self._context = context
        self._settings = settings
        self._told = told
        self._recorder = recorder
        lists = {name: frozenset(people) for name, people in settings.alerts.items()}
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
        self._ruled_ms, self._ruled = 0, time.monotonic()
        self._clock = _Clock()
        self._untold: set[str] = set()
        self._rests: str | None = None
        self.counts = WatchCounts()

    def begin(self) -> None:
        """What this watch left open when it broke off is over, as far as is known."""
        name, collection = self._settings.name, self._settings.query.collection
        with self._context.database.begin() as connection:
            stored = close_watch(connection, name, collection, BROKEN_OFF)
        self._pass_on(stored)

    def take(self, given: LiveFrame | CameraChange | None) -> bool:
        """Works on what the camera gave; whether there is more to come."""
        if given is None:
            self._pass_time(self._clock.now())
            return True
        if isinstance(given, CameraChange):
            return self._changed(given)
        self._clock.heard(Moment(given.time_ms, given.at))
        rests = self._settings.rests_until(given.at)
        if rests != self._rests:
            self._rests = rests
            self._told.rests(rests)
        if rests is not None:
            self._close()
        else:
            self._look(given)
        return True

    def give_up(self, error: BaseException) -> None:
        """The same where this went wrong already: that counts more than what fails now.

        Nobody leaves of whose arrival nothing came to be stored. Where another one has taken over,
        nobody arrives, and how the camera is, that one says.
        """
        with suppress(Exception):
            taken_over = isinstance(error, TakenOverError)
            self._cut()
            last = self._visits.close(self._clock.now())
            new = () if taken_over else last
            arrived = {event.visit for event in new if event.kind is LiveEventKind.ARRIVED}
            with self._context.database.begin() as connection:
                arrived |= {event.visit for event in self._present(connection)}
                stored = self._store(connection, [each for each in last if each.visit in arrived])
            self._pass_on(stored)
            if not taken_over:
                self._changed(CameraChange(CameraState.ENDED, datetime.now(UTC), why_over(error)))

    def _present(self, connection: Connection) -> list[LiveEvent]:
        settings = self._settings
        return events.present(connection, settings.name, settings.query.collection)

    def _close(self) -> None:
        """Everybody has left."""
        self._cut()
        self._tell(self._visits.close(self._clock.now()))

    def _cut(self) -> None:
        for ended in self._follower.cut():
            self._visits.ended(ended)

    def _changed(self, change: CameraChange) -> bool:
        self._rests = None  # how the camera is takes the place of that
        if change.state in {CameraState.LOST, CameraState.REFUSED}:
            self._cut()
        ended, now = change.state is CameraState.ENDED, self._clock.now()
        if ended:  # nobody leaves what is over
            self._close()
        event = LiveEvent(
            watch=self._settings.name,
            collection=self._settings.query.collection,
            kind=LiveEventKind.CAMERA,
            at=max(change.at, now.at) if ended else change.at,
            time_ms=now.time_ms,
            state=change.state.value,
            reason=change.reason,
        )
        self._tell([event])
        return not ended

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
        scene = scene_of(frame, step, self._visits)
        self._recorder.take(scene)
        self._told.frame(scene, counts)

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
        self._untold.add(subject)
        self.counts.untold = len(self._untold)
        self._follower.leave_out(view.track)
        return ended + self._visits.leave_out(moment, view.track, _OVER)

    def _pass_time(self, moment: Moment) -> None:
        """Tells what time alone brings about, and asks now and then what the rules allow."""
        if self._rules_are_due(moment):
            admitted(self._context, self._settings.query.collection)
            self._limits.prepare(self._context.database, moment.at)
            with deciding(self._context.database, self._context.actor) as connection:
                over = self._enforced(connection, moment, {})
                ended = [event for each in over for event in self._visits.end(moment, each, _OVER)]
                for each in self._deleted(connection):
                    ended += self._visits.end(moment, each, _DELETED)
                stored = self._store(connection, ended)
            self._pass_on(stored)
        self._tell(self._visits.tick(moment))

    def _rules_are_due(self, moment: Moment) -> bool:
        """By the stream's time, and by the machine's, as that begins with the first frame."""
        now = time.monotonic()
        waited_ms = max(moment.time_ms - self._ruled_ms, 1000 * (now - self._ruled))
        if waited_ms < _RULES_MS:
            return False
        self._ruled_ms, self._ruled = moment.time_ms, now
        return True

    def _enforced(
        self, connection: Connection, moment: Moment, arriving: Mapping[LiveCandidate, datetime]
    ) -> set[str]:
        """Who is not followed today any more; the rules may forbid to go on at all."""
        if self._settings.films:
            permit_recording(connection, self._settings.query.collection)
        people = {**arriving, **self._visits.people}
        return self._limits.enforce(connection, self._context.actor, moment.at, people)

    def _deleted(self, connection: Connection) -> set[str]:
        """Of those who are there, who is not to be found any more: nobody would ask again.

        That is who was found by a template that is gone, or another one's, and whose consent has
        come to its end.
        """
        people = list(self._visits.people)
        found = find_faces(
            connection, self._settings.query.collection, [it.face_id for it in people]
        )
        left = lasting(connection, found)
        return {subject for it in people if (subject := subject_of((it,))) and not _holds(it, left)}

    def _tell(self, new: Iterable[LiveEvent]) -> None:
        """Stores events that need no search."""
        new = list(new)
        if new:
            with self._context.database.begin() as connection:
                stored = self._store(connection, new)
            self._pass_on(stored)

    def _store(self, connection: Connection, new: Iterable[LiveEvent]) -> list[LiveEvent]:
        new = list(new)
        for event in new:  # before any is appended: others who keep have the collection, and wait
            view = self._visits.stranger(event)
            if view is not None and self._settings.keep_days is not None:
                keep_stranger(
                    connection, self._context.actor, event, view, self._settings.keep_days
                )
        stored = []
        for event in new:
            marked = replace(
                event,
                lists=self._alerts.lists_of(event),
                session=self._settings.session,
                records=self._settings.records,
            )
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


def why_over(error: BaseException) -> str:
    """What events say of a watch that this has ended: in full what whoever set it up can mend."""
    if isinstance(error, PolicyError):
        return _NOT_ALLOWED
    if isinstance(error, InputError | NotFoundError | UncalibratedError):
        return str(error)
    return BROKEN_OFF if isinstance(error, Exception) else NOT_WATCHED


def _holds(candidate: LiveCandidate, faces: Mapping[str, FaceRecord]) -> bool:
    """Whether the face is there, and of whom it was found to be."""
    face = faces.get(candidate.face_id)
    return face is not None and candidate.subject_id in {None, face.subject_id}


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
