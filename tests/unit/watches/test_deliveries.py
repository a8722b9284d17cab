from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from reknown.gallery.collections import create_collection, delete_collection
from reknown.watches import deliveries, events
from reknown.watches.schema import event_failures
from unit.watches.live_events import SPACE, arrival

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from reknown.watches.deliveries import EventDelivery

_MINUTE, _NO_TIME = timedelta(minutes=1), timedelta(0)


@pytest.fixture(autouse=True)
def people(connection: Connection) -> None:
    create_collection(connection, "people", SPACE)


def claim(connection: Connection, sink: str = "hook", lease: timedelta = _MINUTE) -> EventDelivery:
    held = deliveries.claim(connection, sink, lease)
    assert held is not None
    return held


def test_a_sink_is_told_of_what_happens_from_its_first_day_on(connection: Connection) -> None:
    events.append(connection, arrival(1))
    deliveries.begin(connection, "hook")
    assert not deliveries.has_work(connection, "hook")
    assert deliveries.claim(connection, "hook", _MINUTE) is None
    new = events.append(connection, arrival(2))
    deliveries.begin(connection, "hook")  # as the next start does
    assert deliveries.has_work(connection, "hook")
    assert claim(connection).delivered == new - 1


def test_a_watch_is_claimed_by_one_and_others_go_on_with_other_watches(
    connection: Connection,
) -> None:
    deliveries.begin(connection, "hook")
    events.append(connection, arrival(1, "door"))
    events.append(connection, arrival(2, "gate"))
    assert {claim(connection).watch, claim(connection).watch} == {"door", "gate"}
    assert deliveries.claim(connection, "hook", _MINUTE) is None
    assert not deliveries.has_work(connection, "hook")


def test_sinks_do_not_wait_for_each_other(connection: Connection) -> None:
    for sink in ("hook", "broker"):
        deliveries.begin(connection, sink)
    events.append(connection, arrival())
    held = claim(connection)
    deliveries.failed(connection, held, "nobody there", _MINUTE)
    assert not deliveries.has_work(connection, "hook")
    assert claim(connection, "broker").watch == "door"


def test_the_next_one_goes_on_behind_what_was_taken(connection: Connection) -> None:
    deliveries.begin(connection, "hook")
    first, second = (events.append(connection, arrival(number)) for number in (1, 2))
    held = claim(connection, lease=_NO_TIME)
    went_on = deliveries.advance(connection, held, first, _NO_TIME)
    assert went_on is not None
    assert (went_on.delivered, went_on.attempt) == (first, 1)
    # it died, and another one has it now
    other = claim(connection)
    assert (other.delivered, other.attempt) == (first, 2)
    assert deliveries.advance(connection, went_on, second, _MINUTE) is None
    assert deliveries.advance(connection, other, second, _MINUTE) is not None
    deliveries.release(connection, other)
    assert not deliveries.has_work(connection, "hook")


def test_what_is_given_up_is_written_down_and_does_not_hold_up_the_rest(
    connection: Connection,
) -> None:
    deliveries.begin(connection, "hook")
    first, second = (events.append(connection, arrival(number)) for number in (1, 2))
    held = claim(connection)
    deliveries.failed(connection, held, "x" * 1000, _NO_TIME)
    (state,) = deliveries.list_deliveries(connection)
    assert (state.watch, state.delivered, state.error) == ("door", first - 1, "x" * 500)
    again = claim(connection)
    assert again.attempt == 2
    deliveries.give_up(connection, again, first, "refused")
    row = connection.execute(event_failures.select()).one()
    assert (row.sequence, row.sink, row.attempts, row.error) == (first, "hook", 2, "refused")
    assert claim(connection).delivered == first
    assert second == first + 1


def test_what_was_deleted_before_it_was_delivered_is_not_waited_for(
    connection: Connection,
) -> None:
    deliveries.begin(connection, "hook")
    sequence = events.append(connection, arrival())
    held = claim(connection)
    delete_collection(connection, "people")
    deliveries.give_up(connection, held, sequence, "refused")
    assert connection.execute(event_failures.select()).all() == []
    assert not deliveries.has_work(connection, "hook")
