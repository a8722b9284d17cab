"""Plans at work: what people say of a watch, kept with it, and done by whoever watches."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

import videos
from live_frames import START, FilmCamera, live
from reknown._watches import StoredWatch
from reknown.biometrics.errors import InputError, NotFoundError
from reknown.biometrics.geometry import BoundingBox, Point
from reknown.biometrics.live import LiveEventKind, RecordPlace
from reknown.ledger.records import CreateWatchRecord, UpdateWatchRecord
from reknown.services.galleries.pages import PageRequest
from reknown.services.galleries.users import UserRequest, create_user, delete_user
from reknown.services.live import watches
from reknown.services.live.alert_lists import listed
from reknown.services.live.planned import AskedWatch, settings_from, settings_of, watch_as_planned
from reknown.services.live.plans import USUAL, WatchPlan, WatchZone, plan_of, plan_text
from reknown.services.live.presence import see_watches
from reknown.services.live.settings_words import settings_words
from reknown.services.live.watch_options import WatchOptions
from reknown.services.live.watches import WatchRequest, WatchState
from reknown.services.live.watching import WatchSettings, watched_events
from reknown.services.live.worker import WatchMakings, WatchWorker
from reknown.services.searches.search import Query
from reknown.storage.database import reading
from reknown.video.live.cameras_file import CamerasFile
from reknown.watches import events as stored_events
from reknown.watches import watches as stored_watches
from unit.plans.reading import recorded
from unit.services.ledgers import events
from unit.services.live.test_worker import HASTY, eventually
from unit.watches.live_events import ADA, arrival

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reknown.services.context import Context
    from reknown.services.galleries.enrolment import EnrolmentResult
    from reknown.services.live.sources import FrameSource
    from reknown.video.live.cameras import Camera

    Enrol = Callable[..., EnrolmentResult]

ARRIVED, _, LEFT, _ = LiveEventKind
AFTER = START + timedelta(hours=2)
NOW, LATER = (
    f"{moment.astimezone():%H:%M}-{moment.astimezone():%H}:59" for moment in (START, AFTER)
)
shares = st.floats(0, 1)
points = st.builds(Point, shares, shares)
zones = st.lists(points, min_size=3, max_size=10).map(lambda it: WatchZone(polygon=tuple(it)))
boxes = st.just(WatchZone(BoundingBox(0.25, 0, 0.5, 1)))
plans = st.builds(
    WatchPlan,
    similarity=shares.map(lambda it: 100 * it),
    zones=st.lists(zones | boxes, max_size=10).map(tuple),
    output=st.none() | st.text(),
    purpose=st.none() | st.text(),
    limit=st.integers(1, 100),
    schedule=st.none() | st.sampled_from(["mon-fri 08:00-18:00", "22:00-06:00, sat 10:00-14:00"]),
    least_height=shares,
    least_quality=st.none() | st.integers(0, 100),
    away_seconds=st.floats(1, 3600),
    alerts=st.dictionaries(st.text(), st.lists(st.uuids().map(str)).map(tuple), max_size=3),
    debounce_seconds=st.floats(0, 3600),
    keep_days=st.none() | st.integers(1, 3650),
)


@given(plans)
@settings(max_examples=50)
def test_a_plan_is_kept_as_it_is_and_can_be_watched_by(plan: WatchPlan) -> None:
    assert plan_of(plan_text(plan)) == plan
    wanted = settings_of("hall", "people", plan)
    assert wanted.query == Query("people", plan.threshold, plan.limit)
    assert wanted.regions == tuple(zone.region for zone in plan.zones)
    for name in {each.name for each in fields(WatchPlan)} & {each.name for each in fields(wanted)}:
        if name != "schedule":
            assert getattr(wanted, name) == getattr(plan, name), name
    assert (wanted.schedule is None) == (plan.schedule is None)


def test_rows_from_before_mean_what_they_meant() -> None:
    plan = plan_of('{"similarity":90.0,"zones":[],"output":null,"role":null,"purpose":"entrance"}')
    assert plan == WatchPlan(90.0, purpose="entrance")
    found = settings_of("hall", "people", plan)
    assert found == WatchSettings("hall", Query("people", plan.threshold))


@pytest.fixture
def ada(context: Context, collection: str) -> str:
    create_user(context, UserRequest(collection, "Ada Lovelace"))
    return "Ada Lovelace"


def test_people_are_kept_by_opaque_ids_and_told_by_the_names_of_now(
    context: Context, collection: str, ada: str
) -> None:
    create_user(context, UserRequest(collection, "Grace Hopper"))
    options = WatchOptions(alerts={"crew": [ada, ada, "Grace Hopper"]}, keep_days=30)
    asked = WatchRequest("hall", "door", collection, USUAL, options=options)
    watches.create_watch(context, asked)
    found = watches.describe_watch(context, "hall")
    assert ada not in found.stored.settings
    assert [each.people for each in found.alerts] == [(ada, "Grace Hopper")]
    (made,) = [event.record for event in events(context.database, "create watch")]
    assert isinstance(made, CreateWatchRecord)
    assert made.settings == ("alerts", "keep_days")
    assert made.subject_ids == tuple(sorted(found.plan.alerts["crew"]))
    delete_user(context, UserRequest(collection, ada), keep_faces=False)
    (crew,) = watches.describe_watch(context, "hall").alerts
    assert (crew.people, crew.gone) == (("Grace Hopper",), 1)
    (line,) = see_watches(context, collection, PageRequest(), named=False).items
    assert [(each.people, each.size, each.gone) for each in line.alerts] == [(None, 1, 1)]
    with context.database.begin() as connection:
        (grace,) = listed(connection, collection, {"crew": ["Grace Hopper"]})["crew"]
        watch = stored_watches.find(connection, "hall")
        stored_watches.start(connection, watch, "bob", watch.settings)
        lease = stored_watches.claim(connection, watch, timedelta(days=1))
        assert lease is not None
        stored_watches.report(connection, lease, WatchState.RUNNING, None)
        seen = replace(ADA, subject_id=grace)
        stored_events.append(connection, replace(arrival(watch="hall"), candidates=(seen,)))
    for named, name in ((True, "Grace Hopper"), (False, None)):
        (line,) = see_watches(context, collection, PageRequest(), named=named).items
        assert [(each.name, each.known) for each in line.present] == [(name, True)]
    lines = list(settings_words(watches.describe_watch(context, "hall")))
    assert "marks with crew: Grace Hopper, 1 who is not there any more" in lines
    assert "strangers are kept for 30 days, as templates" in lines


def test_names_are_looked_up_all_at_once_and_opened_only_to_be_told(
    context: Context, collection: str
) -> None:
    people = [f"person {number}" for number in range(20)]
    for person in people:
        create_user(context, UserRequest(collection, person))

    def made(name: str, count: int) -> int:
        options = WatchOptions(alerts={"crew": people[:count]})
        with recorded(context.database) as told:
            request = WatchRequest(name, "door", collection, USUAL, options=options)
            watches.create_watch(context, request)
        return len(told)

    assert made("hall", 1) == made("yard", 20)
    with recorded(context.database) as told:
        found = watches.list_watches(context, PageRequest(), alerts=False)
    assert [each.alerts for each in found.items] == [(), ()]
    assert [each.text for each in told if " users" in each.text] == []


def test_what_is_not_given_stays_as_it_was(context: Context, collection: str, ada: str) -> None:
    box = WatchZone(BoundingBox(0, 0, 0.5, 1))
    first = WatchOptions(zones=["0,0,0.5,1"], schedule="22:00-06:00", similarity=90.0)
    watches.create_watch(context, WatchRequest("hall", "door", collection, USUAL, options=first))
    change: WatchOptions = {"score": 0.4, "schedule": None, "alerts": {"crew": [ada]}}
    watches.change_watch(context, "hall", change)
    plan = watches.describe_watch(context, "hall").plan
    assert (plan.zones, plan.schedule, plan.similarity, plan.score) == ((box,), None, None, 0.4)
    (record,) = [event.record for event in events(context.database, "update watch")]
    changed = ("alerts", "schedule", "score", "similarity")
    now = {"schedule": None, "score": "0.4", "similarity": None}
    before = {"schedule": "22:00-06:00", "score": None, "similarity": "90"}
    crew = plan.alerts["crew"]
    assert record == UpdateWatchRecord("hall", 1, changed, crew, now, before, ())
    (made,) = [event.record for event in events(context.database, "create watch")]
    assert isinstance(made, CreateWatchRecord)
    assert made.values == {"schedule": "22:00-06:00", "zones": "0,0,0.5,1"}


_REFUSED: list[tuple[Any, type[Exception], str]] = [
    (
        {"alerts": {"crew": ["Ada"]}},
        NotFoundError,
        "with `reknown users list --collection",
    ),
    ({"alerts": {"c r e w": []}}, InputError, "alert list is named"),
    ({"alerts": {"crew": ["Ada"] * 1001}}, InputError, "at most, with 1,000 people"),
    ({"schedule": "never"}, InputError, "no part of a schedule"),
    ({"schedule": "mon" + 2000 * " " + "08:00-18:00"}, InputError, "2,000 characters"),
    ({"keep_days": 0}, InputError, "1 to "),
    ({"least_height": float("nan")}, InputError, "0 to 1"),
    ({"least_quality": 101}, InputError, "0 to 100"),
    ({"away_seconds": 0.0}, InputError, "away_seconds"),
    ({"limit": 0}, InputError, "1 to 100 candidates"),
    ({"score": 0.4, "similarity": 80.0}, InputError, "give one threshold"),
    ({"score": 2.0}, InputError, "between -1 and 1"),
    ({"zones": ["0,0,1"]}, InputError, "zone '0,0,1'"),
    ({"zones": ["0,0,1,1"] * 11}, InputError, "10 regions"),
    ({"hours": "always"}, InputError, "no setting 'hours'"),
]


def test_what_could_not_be_watched_by_is_refused_when_it_is_said(
    context: Context, collection: str
) -> None:
    watches.create_watch(context, WatchRequest("hall", "door", collection, USUAL))
    for options, kind, why in _REFUSED:
        yard = WatchRequest("yard", "door", collection, USUAL, options=options)
        with pytest.raises(kind, match=why):
            watches.create_watch(context, yard)
        with pytest.raises(kind, match=why):
            watches.change_watch(context, "hall", options)
        with pytest.raises(kind, match=why):
            settings_from(context, AskedWatch("film", collection, options))
    assert watches.describe_watch(context, "hall").plan == USUAL
    assert len(events(context.database, "create watch")) == 1


def test_a_score_ends_with_its_model_pack(context: Context, collection: str) -> None:
    options = WatchOptions(score=0.4)
    watches.create_watch(context, WatchRequest("hall", "door", collection, USUAL, options=options))
    found = watches.describe_watch(context, "hall")
    other = replace(context.platform.space_of(collection), pack="other", fingerprint="0" * 64)
    with pytest.raises(InputError, match="means something else in other"):
        found.plan.require_space(other)
    watches.start_watch(context, "hall")
    watches.stop_watch(context, "hall")
    assert StoredWatch.of(found).options["score"] == 0.4
    with context.database.begin() as connection:
        text = plan_text(replace(found.plan, scored_in=other.fingerprint))
        stored_watches.change_settings(connection, found.stored, text)
    with pytest.raises(InputError, match="watches change NAME"):
        watches.start_watch(context, "hall")
    told = StoredWatch.of(watches.describe_watch(context, "hall")).options
    assert told.keys() & {"score", "similarity"} == set()
    watches.change_watch(context, "hall", {"similarity": 90.0})
    watches.start_watch(context, "hall")


class _Film(FilmCamera):
    """Eileen Collins, for a moment."""

    reconnects = 0

    def __init__(self) -> None:
        shown = [(videos.eileen(), videos.still((0.5, 0.5)))]
        super().__init__(live(videos.scene(videos.steady(0, 600), shown)))


def test_a_worker_keeps_hours_marks_people_and_minds_nobody_who_is_gone(
    context: Context, collection: str, enrol: Enrol, eileen: bytes, ada: str, tmp_path: Path
) -> None:
    enrol(eileen)
    for name, hours in (("day", NOW), ("night", LATER)):
        options = WatchOptions(schedule=hours, alerts={"crew": ["Eileen Collins"], "old": [ada]})
        plan = replace(USUAL, output="s3://seen")
        watches.create_watch(context, WatchRequest(name, "door", collection, plan, options=options))
    delete_user(context, UserRequest(collection, ada), keep_faces=False)

    @contextmanager
    def opened(_camera: Camera) -> Iterator[FrameSource]:
        yield _Film()

    cameras = tmp_path / "cameras.toml"
    cameras.touch(0o600)
    cameras.write_text('[cameras.door]\nfile = "door.mp4"', encoding="utf-8")
    makings = WatchMakings(CamerasFile(cameras), opened, watch_as_planned)
    with capture_logs() as logs:
        worker = WatchWorker(context.platform, makings, 1, structlog.get_logger(), HASTY)
        for name in ("day", "night"):
            watches.start_watch(context, name)
        worker.start()
        eventually(lambda: _states(context) == [WatchState.STOPPED] * 2)
        worker.stop()
    with reading(context.database) as connection:
        stored = stored_events.read(connection, 0, 100)
    people = [(each.watch, each.kind, each.lists) for each in stored if each.visit]
    assert people == [("day", ARRIVED, ("crew",)), ("day", LEFT, ())]
    assert stored[0].records == RecordPlace("s3://seen", "door")
    gone = [line for line in logs if line["event"] == "people on an alert list are gone"]
    assert [(line["watch"], line["list"], line["gone"]) for line in gone] == [
        ("day", "old", 1),
        ("night", "old", 1),
    ]


def test_what_a_command_sees_under_the_name_of_a_watch_goes_where_its_records_go(
    context: Context, collection: str
) -> None:
    plan = replace(USUAL, output="s3://seen", kms_key="key")
    watches.create_watch(context, WatchRequest("hall", "door", collection, plan))
    watches.create_watch(context, WatchRequest("quiet", "door", collection, USUAL))

    def records(name: str, collection: str = collection) -> RecordPlace | None:
        return settings_from(context, AskedWatch(name, collection, {})).records

    assert records("hall") == RecordPlace("s3://seen", "door", "key")
    assert records("hall", "others") is records("quiet") is records("nobody") is None


def _states(context: Context) -> list[WatchState]:
    found = watches.list_watches(context, PageRequest()).items
    assert all(each.stored.state is not WatchState.FAILED for each in found), found
    return [each.stored.state for each in found]


def test_who_closes_the_iterator_ends_the_watch_and_whoever_was_there_has_left(
    context: Context, collection: str, enrol: Enrol, eileen: bytes
) -> None:
    enrol(eileen)
    wanted = settings_from(context, AskedWatch("film", collection, {}))
    told = watched_events(context, wanted, _Film())
    assert next(told).kind is ARRIVED
    told.close()
    with reading(context.database) as connection:
        stored = stored_events.read(connection, 0, 100)
    assert [each.kind for each in stored] == [ARRIVED, LEFT, LiveEventKind.CAMERA]
    assert stored[2].reason == "it is not watched any more"
