from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

import videos
from live_frames import START, FilmCamera, at, live
from reknown.biometrics.errors import InputError, PolicyError
from reknown.biometrics.live import LiveEventKind
from reknown.biometrics.policy import Policy
from reknown.ledger.records import RefuseSearchRecord, StopFollowingRecord
from reknown.services.live.watching import Told, WatchSettings, watch
from reknown.services.policies.rules import set_policy
from reknown.services.searches.search import Query
from reknown.watches import events as stored_events
from unit.services.ledgers import events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reknown.biometrics.live import LiveEvent
    from reknown.services.context import Context
    from reknown.services.galleries.enrolment import EnrolmentResult
    from reknown.storage.database import Database
    from reknown.video.live.frames import LiveFrame

    Enrol = Callable[..., EnrolmentResult]

ARRIVED, SEEN, LEFT, CAMERA = LiveEventKind
HERE = videos.still((0.5, 0.5))


@pytest.fixture
def settings(collection: str, enrol: Enrol, eileen: bytes) -> WatchSettings:
    enrol(eileen)
    return WatchSettings("front-door", Query(collection))


def slowly(start_ms: int, end_ms: int, *people: str) -> Iterator[LiveFrame]:
    """Two frames a second of who stands there."""
    portraits = {"eileen": videos.eileen(), "grace": videos.grace()}
    actors = [(portraits[name], HERE) for name in people]
    return live(videos.scene(videos.steady(start_ms, end_ms, 2), actors), every=1)


def told_of(
    context: Context, settings: WatchSettings, frames: Iterator[LiveFrame]
) -> list[LiveEvent]:
    told: list[LiveEvent] = []
    watch(context, settings, FilmCamera(frames), Told(told.append))
    return [event for event in told if event.kind is not CAMERA]


def test_nobody_is_followed_for_longer_than_the_policy_allows(
    context: Context, database: Database, settings: WatchSettings, collection: str
) -> None:
    set_policy(context, collection, Policy(live_minutes=1))
    told = told_of(context, settings, slowly(0, 80_000, "eileen"))
    assert [event.kind for event in told] == [ARRIVED, LEFT]
    assert told[1].reason == "followed for as long as the policy allows in a day"
    assert at(60_000) <= told[1].at <= at(66_000)
    (stopped,) = events(database, "stop following")
    best = told[0].candidates[0]
    assert stopped.record == StopFollowingRecord("front-door", best.face_id, best.subject_id, 1)
    # later that day nothing is told, by another watch neither, and others are still seen
    other = replace(settings, name="back-door")
    later = [*slowly(80_000, 82_000, "eileen"), *slowly(82_000, 86_000, "grace")]
    told = []
    counts = watch(context, other, FilmCamera(iter(later)), Told(told.append))
    assert [(event.kind, bool(event.candidates)) for event in told if event.kind is not CAMERA] == [
        (ARRIVED, False),
        (LEFT, False),
    ]
    assert counts.untold == 1
    assert len(events(database, "stop following")) == 2


def test_a_watch_that_was_killed_does_not_begin_the_day_anew(
    context: Context, database: Database, settings: WatchSettings, collection: str
) -> None:
    (arrived, _) = told_of(context, settings, slowly(0, 4000, "eileen"))
    killed = replace(
        arrived,
        kind=LEFT,
        visit="of a watch that was killed",
        at=at(70_000),
        since=at(4000),
        until=at(5000),  # what was known last
        reason="the watch broke off",
    )
    with database.begin() as connection:
        stored_events.append(connection, killed)
    set_policy(context, collection, Policy(live_minutes=1))
    told = told_of(context, settings, slowly(70_000, 74_000, "eileen"))
    assert [event.kind for event in told] == []
    assert len(events(database, "stop following")) == 1


def test_the_next_day_begins_with_nothing(
    context: Context, database: Database, settings: WatchSettings, collection: str
) -> None:
    set_policy(context, collection, Policy(live_minutes=1))
    told = told_of(context, settings, slowly(0, 2000, "eileen"))
    yesterday = replace(
        told[1], since=START - timedelta(hours=10), until=START - timedelta(hours=9)
    )
    with database.begin() as connection:
        stored_events.append(connection, yesterday)
    assert [event.kind for event in told_of(context, settings, slowly(0, 2000, "eileen"))] == [
        ARRIVED,
        LEFT,
    ]
    over_midnight = replace(yesterday, until=START - timedelta(hours=7, minutes=58))
    with database.begin() as connection:
        stored_events.append(connection, over_midnight)
    assert told_of(context, settings, slowly(0, 2000, "eileen")) == []


def test_a_policy_may_let_no_camera_be_watched(
    context: Context, database: Database, settings: WatchSettings, collection: str
) -> None:
    set_policy(context, collection, Policy(live_minutes=0))
    with pytest.raises(PolicyError, match="live_minutes is 0"):
        told_of(context, settings, slowly(0, 2000, "eileen"))
    (refused,) = events(database, "refuse search")
    assert refused.record == RefuseSearchRecord("LiveNotAllowed", watch=settings.name)
    assert events(database, "identify") == []


def test_a_policy_that_is_set_meanwhile_ends_a_watch_that_sees_nobody(
    context: Context, settings: WatchSettings, collection: str
) -> None:
    def shown() -> Iterator[LiveFrame]:
        yield from slowly(0, 4000)
        set_policy(context, collection, Policy(live_minutes=0))
        yield from slowly(4000, 12_000)
        raise AssertionError("it goes on")

    with pytest.raises(PolicyError, match="live_minutes is 0"):
        told_of(context, settings, shown())


def test_a_day_has_1440_minutes() -> None:
    with pytest.raises(InputError, match="live_minutes takes minutes from 0 to 1,440"):
        Policy(live_minutes=1441)
