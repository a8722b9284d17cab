from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from reknown.biometrics.live import LiveEventKind
from reknown.services.live.home import discovery, states, topic_of
from reknown.services.live.telling import ToldEvent
from reknown.watches import events
from unit.databases import connection, engine
from unit.watches.live_events import SPACE, arrival, loss

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["connection", "engine"]

_NAMES = {"subject-1": "Ada"}


def _states(told: ToldEvent, *there: ToldEvent) -> dict[str, str]:
    return {each.topic: each.body for each in states("reknown", told, there)}


def test_a_sensor_tells_who_is_there() -> None:
    came = ToldEvent(arrival(1), _NAMES)
    stranger = ToldEvent(replace(arrival(2), candidates=()), _NAMES)
    assert _states(came, came, stranger) == {
        "reknown/door/people": "Ada, a stranger",
        "reknown/door/presence": "ON",
    }
    left = ToldEvent(replace(arrival(1), kind=LiveEventKind.LEFT), _NAMES)
    assert _states(left)["reknown/door/people"] == "nobody"
    assert _states(left)["reknown/door/presence"] == "OFF"


def test_a_deleted_person_has_no_name_and_long_lists_are_cut() -> None:
    forgotten = ToldEvent(arrival(1), {})
    assert _states(forgotten, forgotten)["reknown/door/people"] == "a stranger"
    said = _states(forgotten, *[forgotten] * 50)["reknown/door/people"]
    assert len(said) == 255


def test_a_camera_is_available_as_it_says_itself() -> None:
    kept: dict[str, str] = {}
    came = ToldEvent(arrival(1), _NAMES)
    left = ToldEvent(replace(arrival(1), kind=LiveEventKind.LEFT), _NAMES)
    seen = {"connected": "online", "slow": "online"}
    blind = dict.fromkeys(("frozen", "lost", "refused", "ended"), "offline")
    for state, available in (seen | blind).items():
        kept |= _states(ToldEvent(replace(loss(), state=state), {}))
        assert kept["reknown/door/availability"] == available
        # somebody who was there before is told of, and leaves
        kept |= _states(came, came) | _states(left)
        assert kept["reknown/door/availability"] == available


def test_sensors_of_watches_have_topics_that_are_topics() -> None:
    assert topic_of("reknown", "front/door #1", "events") == "reknown/front%2Fdoor%20%231/events"
    found = [
        *discovery("homeassistant", "reknown", "front/door"),
        *discovery("h", "r", "front door"),
    ]
    values = [json.loads(each.body) for each in found]
    assert len({each["unique_id"] for each in values}) == 4
    assert all(not set(each.topic) & set("+#") for each in found)
    assert values[1]["device_class"] == "occupancy"


def test_who_is_there_is_who_came_and_has_not_left(connection: Connection) -> None:
    from reknown.gallery.collections import create_collection

    create_collection(connection, "people", SPACE)
    first, second = arrival(1), arrival(2)
    steps = [first, second, replace(first, kind=LiveEventKind.LEFT), loss()]
    numbers = [events.append(connection, each) for each in steps]

    def there(number: int) -> set[str]:
        return {each.visit for each in events.present(connection, "door", "people", number)}

    assert there(numbers[0]) == {"visit-1"}
    assert there(numbers[1]) == {"visit-1", "visit-2"}
    assert there(numbers[3]) == {"visit-2"}
    assert events.present(connection, "gate", "people", numbers[3]) == []
