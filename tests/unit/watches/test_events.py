from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from reknown.biometrics.errors import NotFoundError
from reknown.biometrics.live import Fragment, LiveEventKind
from reknown.gallery.collections import create_collection, delete_collection
from reknown.storage.database import reading
from reknown.watches import events
from reknown.watches.schema import live_events
from unit.watches.live_events import NOON, SPACE, arrival, loss

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


def test_an_event_is_read_as_it_was_appended(connection: Connection) -> None:
    create_collection(connection, "people", SPACE)
    view = arrival().view
    assert view is not None
    of_kinesis = replace(view, fragment=Fragment("9" * 47, 1_700_000_000.434, 722.643, 0.9))
    for each in (arrival(), replace(arrival(), view=of_kinesis), loss()):
        sequence = events.append(connection, each)
        (found,) = events.read(connection, sequence - 1, 10)
        assert found == replace(each, sequence=sequence)


def test_an_event_of_before_there_were_fragments_is_read(connection: Connection) -> None:
    create_collection(connection, "people", SPACE)
    sequence = events.append(connection, arrival())
    body = (
        '{"time_ms":1000,"view":{"box":{"left":0.1,"top":0.2,"width":0.3,"height":0.4},'
        '"quality":87,"time_ms":1000}}'
    )
    connection.execute(update(live_events).values(body=body))
    (found,) = events.read(connection, sequence - 1, 10)
    assert found.view == arrival().view


def test_events_are_read_from_a_number_on(connection: Connection) -> None:
    create_collection(connection, "people", SPACE)
    create_collection(connection, "others", SPACE)
    places = (("door", "people"), ("gate", "people"), ("gate", "others"), ("door", "people"))
    numbers = [
        events.append(connection, arrival(number, *place)) for number, place in enumerate(places)
    ]
    first = numbers[0]
    assert numbers == [first, first + 1, first + 2, first + 3]
    assert events.last_sequence(connection) == numbers[-1]

    def read(after: int, limit: int = 10, **chosen: str) -> list[int]:
        return [each.sequence - first for each in events.read(connection, after, limit, **chosen)]

    assert read(0) == [0, 1, 2, 3]
    assert read(numbers[1]) == [2, 3]
    assert read(0, limit=2) == [0, 1]
    assert read(0, watch="door") == [0, 3]
    assert read(0, collection="people") == [0, 1, 3]
    assert read(0, watch="gate", collection="people") == [1]
    assert read(numbers[-1]) == []


def test_visits_are_open_until_somebody_has_left(connection: Connection) -> None:
    create_collection(connection, "people", SPACE)
    first, second, elsewhere = arrival(1), arrival(2), arrival(3, "gate")
    for each in (first, second, elsewhere, loss(), replace(first, kind=LiveEventKind.LEFT)):
        events.append(connection, each)
    better = replace(second, kind=LiveEventKind.SEEN)
    sequence = events.append(connection, better)
    assert events.present(connection, "door", "people") == [replace(better, sequence=sequence)]
    there = events.present(connection, "gate", "people")
    assert [each.visit for each in there] == [elsewhere.visit]
    assert events.present(connection, "nowhere", "people") == []
    assert events.present(connection, "door", "others") == []  # another watch of that name


def test_who_is_there_is_known_however_often_the_camera_was_lost(connection: Connection) -> None:
    create_collection(connection, "people", SPACE)
    events.append(connection, arrival(1))
    for _ in range(600):
        events.append(connection, loss())
    assert [each.visit for each in events.present(connection, "door", "people")] == ["visit-1"]


def test_events_go_with_their_collection(connection: Connection) -> None:
    create_collection(connection, "people", SPACE)
    before = events.append(connection, arrival())
    delete_collection(connection, "people")
    assert events.read(connection, 0, 10) == []
    with pytest.raises(NotFoundError, match="there is no collection people"):
        events.append(connection, arrival())
    # a number is never given twice, nor is one lost by what was refused
    create_collection(connection, "people", SPACE)
    assert events.append(connection, arrival()) == before + 1


def test_old_events_are_purged(connection: Connection) -> None:
    create_collection(connection, "people", SPACE)
    numbers = [events.append(connection, arrival(number)) for number in range(4)]
    moment = NOON + timedelta(seconds=2)
    assert events.has_older(connection, moment)
    assert events.purge(connection, moment) == 2
    assert not events.has_older(connection, moment)
    assert [each.sequence for each in events.read(connection, 0, 10)] == numbers[2:]


def test_a_reader_misses_nothing_whoever_appends_meanwhile(own_engine: Engine) -> None:
    with own_engine.begin() as connection:
        create_collection(connection, "people", SPACE)
    writers, each = 4, 12
    start = Barrier(writers + 1)

    def write(writer: int) -> None:
        start.wait()
        for number in range(each):
            with own_engine.begin() as connection:
                events.append(connection, arrival(number, watch=f"camera-{writer}"))
                if number % 3 == 0:  # what is taken back leaves no gap
                    connection.rollback()

    seen: list[int] = []
    with ThreadPoolExecutor(writers) as pool:
        ends = [pool.submit(write, writer) for writer in range(writers)]
        start.wait()
        while not all(end.done() for end in ends) or _read_on(own_engine, seen):
            _read_on(own_engine, seen)
        for end in ends:
            end.result()
    assert seen == list(range(1, writers * each * 2 // 3 + 1))


def _read_on(engine: Engine, seen: list[int]) -> bool:
    """Reads what is new; whether there was anything."""
    with reading(engine) as connection:
        new = [each.sequence for each in events.read(connection, seen[-1] if seen else 0, 100)]
    seen += new
    return bool(new)
