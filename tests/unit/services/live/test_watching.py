from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import chain
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.event import listen

import videos
from live_frames import START, FilmCamera, at, live
from reknown.biometrics.errors import DatabaseError, InputError, PolicyError, TakenOverError
from reknown.biometrics.geometry import Point
from reknown.biometrics.live import LiveEventKind
from reknown.biometrics.policy import Policy
from reknown.biometrics.schedule import read_schedule
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.ledger.records import (
    IdentifyRecord,
    RefuseSearchRecord,
    StartWatchRecord,
    StopWatchRecord,
)
from reknown.services.archive.sightings import list_sightings
from reknown.services.galleries.faces import delete_faces
from reknown.services.live.alert_lists import listed
from reknown.services.live.watching import Told, WatchSettings, watch
from reknown.services.policies.rules import set_policy
from reknown.services.policies.stops import stop_searches
from reknown.services.searches.search import Query
from reknown.services.searches.sightings import archive_threshold, find_person
from reknown.storage.database import reading
from reknown.video.live.frames import CameraChange, CameraState
from reknown.watches import events as stored_events
from unit.services.ledgers import events
from unit.watches.live_events import loss

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from PIL.Image import Image

    from reknown.biometrics.live import LiveEvent
    from reknown.services.context import Context
    from reknown.services.galleries.enrolment import EnrolmentResult
    from reknown.services.live.watching import WatchCounts
    from reknown.storage.database import Connection, Database
    from reknown.video.live.frames import LiveFrame

    Enrol = Callable[..., EnrolmentResult]
    Actors = list[tuple[Image, videos.Motion]]
    Part = tuple[int, int, Actors]

ARRIVED, SEEN, LEFT, CAMERA = LiveEventKind
HERE = videos.still((0.5, 0.5))
LEFT_HALF = (Point(0, 0), Point(0.5, 0), Point(0.5, 1), Point(0, 1))


@dataclass
class _Watched:
    """What a watch told of people."""

    told: list[LiveEvent] = field(default_factory=list)
    counts: WatchCounts | None = None
    rests: list[str | None] = field(default_factory=list)

    @property
    def people(self) -> list[LiveEvent]:
        return [event for event in self.told if event.kind is not CAMERA]

    @property
    def known(self) -> list[tuple[LiveEventKind, bool]]:
        """What was told in which order, and whether of somebody known."""
        return [(event.kind, bool(event.candidates)) for event in self.people]


def watched(
    context: Context, settings: WatchSettings, given: Iterable[LiveFrame | CameraChange | None]
) -> _Watched:
    seen = _Watched()
    told = Told(seen.told.append, rests=seen.rests.append)
    seen.counts = watch(context, settings, FilmCamera(given), told)
    return seen


def film(*parts: Part) -> Iterator[LiveFrame]:
    """What a camera shows from when to when."""
    scenes = (videos.scene(videos.steady(a, b), actors) for a, b, actors in parts)
    return live(chain.from_iterable(scenes))


@pytest.fixture
def settings(collection: str) -> WatchSettings:
    return WatchSettings("front-door", Query(collection))


@pytest.fixture
def known(enrol: Enrol, eileen: bytes) -> None:
    """Eileen Collins is enrolled."""
    enrol(eileen)


EILEEN = (videos.eileen(), HERE)
GRACE = (videos.grace(), HERE)
BOTH = [(videos.eileen(), videos.still((0.25, 0.5))), (videos.grace(), videos.still((0.75, 0.5)))]


@pytest.mark.usefixtures("known")
def test_who_is_known_arrives_and_leaves_and_each_search_is_recorded(
    context: Context, database: Database, settings: WatchSettings
) -> None:
    seen = watched(
        context, settings, film((0, 1000, []), (1000, 4000, [EILEEN]), (4000, 12000, []))
    )
    assert seen.known == [(ARRIVED, True), (LEFT, True)]
    arrived, left = seen.people
    assert timedelta(0) <= arrived.at - at(1000) <= timedelta(milliseconds=500)
    assert left.until is not None
    assert abs(left.until - at(4000)) <= timedelta(milliseconds=500)
    assert abs(left.at - at(9000)) <= timedelta(milliseconds=500)
    assert arrived.visit == left.visit
    assert arrived.since is not None
    assert abs(arrived.since - at(1000)) <= timedelta(milliseconds=500)
    searches = events(database, "identify")
    assert arrived.search == searches[0].id
    record = searches[0].record
    assert isinstance(record, IdentifyRecord)
    assert (record.probe.kind, record.probe.watch) == ("view", "front-door")
    assert record.candidates[0][0].face_id == arrived.candidates[0].face_id
    assert record.candidates[0][0].subject_id == arrived.candidates[0].subject_id
    assert seen.counts is not None
    assert seen.counts.searches == len(searches)
    assert 1 <= len(searches) <= 3


@pytest.mark.usefixtures("known")
def test_what_is_told_is_stored_as_it_is_told(
    context: Context, database: Database, settings: WatchSettings
) -> None:
    seen = watched(context, settings, film((0, 800, [EILEEN])))
    with reading(database) as connection:
        assert stored_events.read(connection, 0, 100) == seen.told
    assert [event.sequence for event in seen.told] == [1, 2, 3]
    assert [event.kind for event in seen.told] == [ARRIVED, LEFT, CAMERA]
    assert (seen.told[2].state, seen.told[2].reason) == ("ended", "the film is at its end")


@pytest.mark.usefixtures("known")
def test_a_stranger_stays_one(context: Context, settings: WatchSettings) -> None:
    seen = watched(context, settings, film((0, 4000, [GRACE]), (4000, 10000, [])))
    assert seen.known == [(ARRIVED, False), (LEFT, False)]
    assert 2000 <= seen.people[0].time_ms <= 2500


@pytest.mark.usefixtures("known")
def test_people_who_pass_each_other_and_turn_away_are_told_of_once(
    context: Context, settings: WatchSettings
) -> None:
    passing = [
        (videos.grace(), videos.line((0.15, 0.5), (0.85, 0.5))),
        (videos.eileen(), videos.line((0.85, 0.4), (0.15, 0.4))),
    ]
    seen = watched(
        context,
        settings,
        film((0, 4000, passing), (4000, 7000, []), (7000, 9000, [EILEEN])),
    )
    by_visit = {event.visit: bool(event.candidates) for event in seen.people}
    assert sorted(by_visit.values()) == [False, True]
    assert sorted(seen.known, key=str) == sorted(
        [(ARRIVED, True), (ARRIVED, False), (LEFT, False), (LEFT, True)], key=str
    )


@pytest.mark.usefixtures("known")
def test_who_comes_again_visits_again(context: Context, settings: WatchSettings) -> None:
    quick = replace(settings, away_seconds=1)
    seen = watched(
        context, quick, film((0, 1000, [EILEEN]), (1000, 4000, []), (4000, 5000, [EILEEN]))
    )
    assert seen.known == [(ARRIVED, True), (LEFT, True)] * 2
    assert len({event.visit for event in seen.people}) == 2


@pytest.mark.usefixtures("known")
def test_a_lost_camera_is_told_and_who_was_there_may_come_back(
    context: Context, settings: WatchSettings
) -> None:
    lost = CameraChange(CameraState.LOST, at(1000), "the connection broke off")
    back = CameraChange(CameraState.CONNECTED, at(3000), "")
    given = [*film((0, 1000, [EILEEN])), lost, None, back, *film((3000, 4000, [EILEEN]))]
    seen = watched(context, settings, given)
    assert seen.known == [(ARRIVED, True), (LEFT, True)]
    states = [event.state for event in seen.told if event.kind is CAMERA]
    assert states == ["lost", "connected", "ended"]


@pytest.mark.usefixtures("known")
def test_faces_elsewhere_and_small_ones_do_not_count(
    context: Context, settings: WatchSettings
) -> None:
    right = (videos.eileen(), videos.still((0.75, 0.5)))
    shown = film((0, 600, [right]))
    assert watched(context, replace(settings, regions=(LEFT_HALF,)), shown).people == []
    shown = film((0, 600, [EILEEN]))
    assert watched(context, replace(settings, least_height=0.6), shown).people == []


@pytest.mark.usefixtures("known")
def test_outside_its_hours_nobody_is_looked_at(context: Context, settings: WatchSettings) -> None:
    now, later = START.astimezone(), (START + timedelta(hours=1)).astimezone()
    never = replace(settings, schedule=read_schedule(f"{later:%H:%M}-{later:%H}:59"))
    lost = CameraChange(CameraState.LOST, START, "it went away")
    seen = watched(context, never, chain(film((0, 600, [EILEEN])), [lost], film((600, 900, []))))
    assert seen.people == []
    # once more behind what was said of the camera
    assert seen.rests == [f"{later:%H:%M}"] * 2
    assert seen.counts is not None
    assert seen.counts.searches == 0
    always = replace(settings, schedule=read_schedule(f"{now:%H:%M}-{now:%H}:59"))
    seen = watched(context, always, film((0, 600, [EILEEN])))
    assert seen.known[0] == (ARRIVED, True)
    assert seen.rests == []


@pytest.mark.usefixtures("known")
def test_whoever_is_there_has_left_when_its_hours_end(
    context: Context, settings: WatchSettings
) -> None:
    minute = (START + timedelta(minutes=1)).astimezone()
    until = replace(settings, schedule=read_schedule(f"{START.astimezone():%H:%M}-{minute:%H:%M}"))
    frames = list(
        film((0, 600, [EILEEN]), (60_000, 60_600, [EILEEN]), (86_400_000, 86_400_300, []))
    )
    seen = watched(context, until, frames)
    assert [kind for kind, _ in seen.known] == [ARRIVED, LEFT]
    tomorrow = (START + timedelta(days=1)).astimezone()
    assert seen.rests == [f"{tomorrow:%a %H:%M}".lower(), None]


@pytest.mark.usefixtures("known")
def test_people_on_a_list_are_marked_once_in_a_while(
    context: Context, settings: WatchSettings, collection: str
) -> None:
    with reading(context.database) as connection:
        on_it = listed(connection, collection, {"crew": ("Eileen Collins",)})
    marked = replace(settings, away_seconds=1, alerts={**on_it, "none": ()})
    parts: list[Part] = [(0, 600, [EILEEN]), (600, 3000, []), (3000, 3600, [EILEEN])]
    lists = [event.lists for event in watched(context, marked, film(*parts)).people]
    assert lists == [("crew",), (), (), ()]
    often = replace(marked, debounce_seconds=1)
    lists = [event.lists for event in watched(context, often, film(*parts)).people]
    assert lists == [("crew",), (), ("crew",), ()]


def test_a_refused_search_ends_the_watch_with_its_reason(
    context: Context, database: Database, settings: WatchSettings, collection: str
) -> None:
    set_policy(context, collection, Policy(purposes=("access-control",)))
    with pytest.raises(PolicyError, match="say what for"):
        watched(context, settings, film((0, 600, [EILEEN])))
    (refused,) = events(database, "refuse search")
    assert refused.record == RefuseSearchRecord("PurposeMissing", watch="front-door")


@pytest.mark.parametrize("error", [None, SystemExit])
def test_a_watch_that_looks_at_nothing_is_on_the_record(
    context: Context,
    database: Database,
    settings: WatchSettings,
    error: type[BaseException] | None,
) -> None:
    def shown() -> Iterator[LiveFrame]:
        yield from film((0, 600, [EILEEN]))
        if error is not None:
            raise error

    never = read_schedule(f"{(START + timedelta(days=2)).astimezone():%a} 00:00-24:00".lower())
    guard = context.by(replace(context.actor, purpose="access-control"))
    with nullcontext() if error is None else pytest.raises(error):
        watched(guard, replace(settings, schedule=never, camera="door"), shown())
    (start,) = events(database, "start watch")
    assert isinstance(start.record, StartWatchRecord)
    assert start.record.threshold is not None
    (stop,) = events(database, "stop watch")
    assert stop.record == StopWatchRecord("front-door", "door")
    for each in (start, stop):
        assert (each.collection, each.purpose) == (settings.query.collection, "access-control")
    assert (start.record.watch, start.record.camera) == ("front-door", "door")
    assert events(database, "identify") == []


def test_a_watch_that_is_refused_has_not_begun(
    context: Context, database: Database, settings: WatchSettings, collection: str
) -> None:
    set_policy(context, collection, Policy(live_minutes=0))
    with pytest.raises(PolicyError):
        watched(context, settings, film((0, 600, [])))
    assert events(database, "start watch") == events(database, "stop watch") == []


@pytest.mark.usefixtures("known")
def test_a_stop_ends_a_running_watch_and_who_was_there_has_left(
    context: Context, database: Database, settings: WatchSettings, collection: str
) -> None:
    told: list[LiveEvent] = []

    def shown() -> Iterator[LiveFrame]:
        yield from film((0, 600, [EILEEN]))
        stop_searches(context, collection, "an audit")
        yield from film((600, 2000, [GRACE]))

    with pytest.raises(PolicyError, match="an audit"):
        watch(context, settings, FilmCamera(shown()), Told(told.append))
    assert [event.kind for event in told] == [ARRIVED, LEFT, CAMERA]
    assert (told[2].state, told[2].reason) == (
        "ended",
        "the rules of the collection do not allow it any more",
    )
    assert len(events(database, "refuse search")) == 1


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (SystemExit(), "it is not watched any more"),
        (OSError(), "the watch broke off"),
        (InputError("gate is no film"), "gate is no film"),
    ],
)
def test_a_watch_that_is_cut_off_says_that_its_camera_has_ended(
    context: Context, settings: WatchSettings, error: BaseException, why: str
) -> None:
    told: list[LiveEvent] = []

    def shown() -> Iterator[LiveFrame]:
        yield from film((0, 600, []))
        raise error

    with pytest.raises(type(error)):
        watch(context, settings, FilmCamera(shown()), Told(told.append))
    assert [(event.state, event.reason) for event in told] == [("ended", why)]


def test_a_stop_ends_a_watch_before_which_nobody_comes(
    context: Context, settings: WatchSettings, collection: str
) -> None:
    def shown() -> Iterator[LiveFrame]:
        yield from film((0, 600, []))
        stop_searches(context, collection, "an audit")
        yield from film((600, 12_000, []))
        raise AssertionError("it goes on")

    with pytest.raises(PolicyError, match="an audit"):
        watched(context, settings, shown())


def test_who_is_enrolled_meanwhile_is_found_and_who_is_deleted_is_not(
    context: Context, settings: WatchSettings, enrol: Enrol, eileen: bytes, collection: str
) -> None:
    quick = replace(settings, away_seconds=1)

    def shown() -> Iterator[LiveFrame]:
        yield from film((0, 1000, [EILEEN]), (1000, 3000, []))
        face = enrol(eileen).face
        assert face is not None
        yield from film((3000, 4000, [EILEEN]), (4000, 6000, []))
        delete_faces(context, collection, [face.face_id], of_users=True)
        yield from film((6000, 7000, [EILEEN]), (7000, 9000, []))

    arrived = [pair for pair in watched(context, quick, shown()).known if pair[0] is ARRIVED]
    assert arrived == [(ARRIVED, False), (ARRIVED, True), (ARRIVED, False)]


def test_settings_that_make_no_sense_are_refused(settings: WatchSettings) -> None:
    for change, why in (
        ({"name": "front door"}, "letters, digits"),
        ({"least_height": 2.0}, "0 to 1"),
        ({"away_seconds": 0.1}, "away_seconds is from 1 "),
        ({"regions": ((Point(0, 0), Point(1, 1)),)}, "3 to 10 corners"),
        ({"debounce_seconds": float("nan")}, "debounce_seconds"),
    ):
        with pytest.raises(InputError, match=why):
            replace(settings, **change)


@pytest.mark.usefixtures("known")
def test_the_threshold_is_that_of_the_query(context: Context, settings: WatchSettings) -> None:
    strict = replace(settings, query=replace(settings.query, threshold=ThresholdChoice(score=1.0)))
    assert (ARRIVED, True) not in watched(context, strict, film((0, 600, [EILEEN]))).known


@pytest.mark.usefixtures("known")
def test_who_was_there_when_a_watch_was_killed_has_left_when_it_begins_again(
    context: Context, database: Database, settings: WatchSettings
) -> None:
    (arrived, *_) = watched(context, settings, film((0, 600, [EILEEN]))).people
    killed = replace(arrived, visit="of a watch that was killed")
    others = replace(killed, watch="back-door", visit="of another watch")
    with database.begin() as connection:
        stored_events.append(connection, killed)
        stored_events.append(connection, others)
        stored_events.append(connection, loss("front-door", killed.collection))
    seen = watched(context, settings, film((0, 600, [EILEEN])))
    assert (seen.told[1].state, seen.told[1].reason) == ("ended", "the watch broke off")
    left, *rest = seen.people
    assert (left.kind, left.visit) == (LEFT, "of a watch that was killed")
    assert left.reason == "the watch broke off"
    assert (left.since, left.until) == (arrived.since, arrived.until)
    assert [event.kind for event in rest] == [ARRIVED, LEFT]
    again = watched(context, settings, film((0, 600, [EILEEN]))).people
    assert [event.kind for event in again] == [ARRIVED, LEFT]


@pytest.mark.usefixtures("known")
def test_nobody_leaves_whose_arrival_was_not_stored(
    context: Context, database: Database, settings: WatchSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = stored_events.append

    def full(connection: Connection, event: LiveEvent) -> int:
        if event.kind is ARRIVED:
            raise DatabaseError("the disk is full")
        return append(connection, event)

    monkeypatch.setattr("reknown.watches.events.append", full)
    with pytest.raises(DatabaseError):
        watched(context, settings, film((0, 600, [EILEEN])))
    with reading(database) as connection:
        assert [event.kind for event in stored_events.read(connection, 0, 10)] == [CAMERA]


@pytest.mark.usefixtures("known")
def test_who_has_lost_the_name_tells_of_nobody_new(
    context: Context, database: Database, settings: WatchSettings
) -> None:
    def shown() -> Iterator[LiveFrame]:
        yield from film((0, 600, BOTH))
        raise TakenOverError

    seen = _Watched()
    with pytest.raises(TakenOverError):
        watch(context, settings, FilmCamera(shown()), Told(seen.told.append))
    assert seen.known == [(ARRIVED, True), (LEFT, True)]
    with reading(database) as connection:
        assert stored_events.read(connection, 0, 10) == seen.told


def test_the_rules_are_asked_also_while_no_frame_has_come(
    context: Context, settings: WatchSettings, collection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reknown.services.live.watching._RULES_MS", 20)

    def shown() -> Iterator[None]:
        yield None
        stop_searches(context, collection, "an audit")
        for _ in range(100):
            time.sleep(0.01)
            yield None
        raise AssertionError("it goes on")

    with pytest.raises(PolicyError, match="an audit"):
        watched(context, settings, shown())


@pytest.mark.usefixtures("known")
def test_who_was_there_leaves_also_where_that_could_not_be_stored_at_first(
    context: Context, database: Database, settings: WatchSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, failed = stored_events.append, Event()

    def full_once(connection: Connection, event: LiveEvent) -> int:
        if event.kind is LEFT and not failed.is_set():
            failed.set()
            raise DatabaseError("the disk is full")
        return append(connection, event)

    monkeypatch.setattr("reknown.watches.events.append", full_once)
    with pytest.raises(DatabaseError):
        watched(context, settings, film((0, 600, [EILEEN])))
    with reading(database) as connection:
        told = stored_events.read(connection, 0, 10)
    assert [(event.kind, event.reason) for event in told if event.kind is not CAMERA] == [
        (ARRIVED, None),
        (LEFT, "the watch broke off"),
    ]


@pytest.mark.usefixtures("known")
def test_strangers_are_kept_if_that_is_asked_for_and_found_later(
    context: Context, settings: WatchSettings, enrol: Enrol, grace: bytes, collection: str
) -> None:
    def shown() -> Iterator[LiveFrame]:
        return film((0, 1000, [EILEEN]), (1000, 7000, []), (7000, 8000, [GRACE]), (8000, 14000, []))

    watched(context, settings, shown())
    assert list(list_sightings(context, collection)) == []
    watched(context, replace(settings, keep_days=30), shown())
    (kept,) = list_sightings(context, collection)
    assert kept.sighting.medium.name.startswith("front-door 2026-01-05 08:00:0")
    assert kept.expires_at is not None
    assert 600 <= kept.sighting.end_ms <= 1000
    enrol(grace, "Grace Hopper", "2.jpg")
    found = find_person(context, collection, "Grace Hopper", archive_threshold())
    ids = [match.record.sighting.sighting_id for match in found.matches]
    assert ids == [kept.sighting.sighting_id]


def test_no_event_is_told_before_strangers_are_kept_in_the_same_transaction(
    context: Context, database: Database, settings: WatchSettings
) -> None:
    """Locks are taken in one order: that of the collection, then that of the events' numbers."""
    locks: list[str] = []

    def note(*called: Any) -> None:
        statement = called[2]
        if statement.startswith(("UPDATE collections", "UPDATE live_sequence")):
            locks.append(statement.split()[1])

    listen(database, "before_cursor_execute", note)
    seen = watched(context, replace(settings, keep_days=30), film((0, 600, BOTH)))
    assert seen.known == [(ARRIVED, False), (LEFT, False)] * 2
    assert locks.count("collections") >= 2
    assert locks[-4:] == ["live_sequence"] * 4
