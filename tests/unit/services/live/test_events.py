from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from live_frames import fragment_at
from reknown.biometrics.errors import AccessError, InputError, NotFoundError
from reknown.biometrics.live import LiveEventKind
from reknown.gallery.collections import create_collection
from reknown.ledger import log
from reknown.ledger.records import ReadLiveEventsRecord
from reknown.services.context import Actor, Context
from reknown.services.live.events import (
    EventChoice,
    ToldEvent,
    all_events,
    before_newest,
    follow_events,
    purge_events,
    read_events,
)
from reknown.services.live.telling import summary
from reknown.storage.database import reading
from reknown.watches import events
from unit.databases import engine, own_engine, turn_back
from unit.watches.live_events import SPACE, arrival, loss

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = ["engine", "own_engine"]


class _Platform:
    """As much of one as reading takes."""

    def __init__(self, database: Engine) -> None:
        self.database = database


@pytest.fixture
def context(own_engine: Engine) -> Context:
    with own_engine.begin() as connection:
        for name in ("people", "others"):
            create_collection(connection, name, SPACE)
        for number, place in enumerate(("people", "others", "people")):
            events.append(connection, arrival(number, collection=place))
        events.append(connection, loss())
    return Context(_Platform(own_engine), Actor("ada"))  # type: ignore[arg-type]


def _records(context: Context) -> list[object]:
    with reading(context.database) as connection:
        return [each.record for each in log.read(connection, log.Choice(), 0, 10)]


def test_who_reads_is_in_the_ledger(context: Context) -> None:
    page = read_events(context, 1, 2, EventChoice("door"))
    assert [each.event.sequence for each in page.events] == [2, 3]
    assert page.reached == 3
    assert _records(context) == [ReadLiveEventsRecord(1, "door")]


def test_what_may_not_be_seen_is_left_out_and_not_met_again(context: Context) -> None:
    choice = EventChoice(permitted=lambda name: name == "people")
    page = read_events(context, 0, 100, choice)
    assert [each.event.sequence for each in page.events] == [1, 3, 4]
    assert page.reached == 4
    assert read_events(context, 1, 1, choice).reached == 2
    with pytest.raises(AccessError):
        read_events(context, 0, 100, EventChoice(None, "others", choice.permitted))
    with pytest.raises(NotFoundError):
        read_events(context, 0, 100, EventChoice(collection="nobody"))
    assert len(_records(context)) == 2


@pytest.mark.parametrize(("after", "limit"), [(-1, 1), (2**63, 1), (0, 0), (0, 1001)])
def test_numbers_are_checked(context: Context, after: int, limit: int) -> None:
    with pytest.raises(InputError):
        read_events(context, after, limit, EventChoice())


def test_followers_get_what_comes_later(context: Context) -> None:
    following = follow_events(context, 2, EventChoice())
    assert [each.event.sequence for each in islice(following, 2)] == [3, 4]
    with context.database.begin() as connection:
        events.append(connection, arrival())
    assert next(following).event.sequence == 5
    assert _records(context) == [ReadLiveEventsRecord(2, None, follow=True)]


def test_all_are_read_without_waiting(context: Context) -> None:
    assert [each.event.sequence for each in all_events(context, 0, EventChoice())] == [1, 2, 3, 4]


def test_what_is_said_of_an_event_calls_nobody_identified(context: Context) -> None:
    said = [summary(each) for each in read_events(context, 2, 9, EventChoice()).events]
    assert said == [
        "face-1 99.9 [staff]",
        "lost: nobody answers",
    ]
    gone = replace(arrival(5), kind=LiveEventKind.LEFT, candidates=(), lists=(), reason="deleted")
    assert summary(ToldEvent(gone, {})) == "a stranger, was there for 1 s (deleted)"
    assert gone.until is not None
    cut = replace(gone, at=gone.until + timedelta(seconds=14), reason="the watch broke off")
    assert summary(ToldEvent(cut, {})) == (
        "a stranger, last told of 14 s before (the watch broke off)"
    )


def test_an_event_has_a_fragment_only_where_its_view_has_one(context: Context) -> None:
    view = arrival().view
    assert view is not None
    plain, of_kinesis = view, replace(view, fragment=fragment_at(1900))
    told = [ToldEvent(replace(arrival(), view=each), {}) for each in (plain, of_kinesis, None)]
    views = [json.loads(each.text())["view"] for each in told]
    box = {"left": 0.1, "top": 0.2, "width": 0.3, "height": 0.4}
    fragment = {
        "number": "901",
        "server_timestamp": 51.5,
        "producer_timestamp": 51.0,
        "offset_seconds": 0.9,
    }
    known = {"box": box, "quality": 87, "time_ms": 1000}
    assert views == [known, known | {"fragment": fragment}, None]


def test_the_newest_are_found(context: Context) -> None:
    def behind(limit: int, choice: EventChoice = EventChoice()) -> int:
        return before_newest(context.database, limit, choice)

    assert [behind(limit) for limit in (1, 3, 4, 1000)] == [3, 1, 0, 0]
    assert behind(1, EventChoice(collection="people")) == 3
    assert behind(2, EventChoice(collection="people")) == 1
    assert behind(1, EventChoice("nowhere")) == 0
    assert read_events(context, 1, 2, EventChoice()).more
    assert not read_events(context, 1, 3, EventChoice()).more
    assert not read_events(context, 1, 1, EventChoice(collection="others")).more


def test_events_are_kept_for_some_days(context: Context) -> None:
    assert purge_events(context.database, 36500) == 0
    # those of the tests happened at a day that may be still to come
    moment = (arrival().at).replace(year=2000)
    with context.database.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE live_events SET at = '{moment.isoformat()}' WHERE sequence < 3"
        )
    assert purge_events(context.database, 30) == 2
    kept = all_events(context, 0, EventChoice())
    assert [each.event.sequence for each in kept] == [3, 4]


def test_how_old_events_are_is_by_the_clock_of_the_database(context: Context) -> None:
    if context.database.dialect.name == "sqlite":
        pytest.skip("its clock is this machine's")
    moment = datetime.now(UTC) - timedelta(days=50)
    with context.database.begin() as connection:
        events.append(connection, replace(arrival(), at=moment))
    turn_back(context.database, 40)
    assert purge_events(context.database, 30) == 0
    assert purge_events(context.database, 9) == 1
