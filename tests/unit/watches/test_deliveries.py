from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from reknown.gallery.collections import create_collection, delete_collection
from reknown.storage.clock import as_text, now
from reknown.watches import deliveries, events
from reknown.watches.schema import event_deliveries, event_failures
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


def test_what_is_the_matter_is_known_until_the_sink_takes_something(connection: Connection) -> None:
    def trouble() -> str | None:
        return deliveries.trouble(connection, "hook", "door")

    assert not deliveries.has_begun(connection, "hook")
    deliveries.begin(connection, "hook")
    assert deliveries.has_begun(connection, "hook")
    first, second = (events.append(connection, arrival(number)) for number in (1, 2))
    assert trouble() is None
    deliveries.failed(connection, claim(connection), "no answer", _NO_TIME)
    assert trouble() == "no answer"
    assert deliveries.trouble(connection, "hook", "gate") is None
    assert deliveries.trouble(connection, "other", "door") is None
    deliveries.give_up(connection, claim(connection), first, "refused")
    assert trouble() == "refused"
    deliveries.advance(connection, claim(connection), second, _MINUTE)
    assert trouble() is None


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


def test_what_a_sink_took_behind_the_end_of_its_lease_is_not_sent_for_ever(
    connection: Connection,
) -> None:
    deliveries.begin(connection, "hook")
    first, second, third = (events.append(connection, arrival(number)) for number in (1, 2, 3))
    slow = claim(connection, lease=_NO_TIME)
    other = claim(connection)
    assert deliveries.advance(connection, slow, first, _MINUTE) is None
    (state,) = deliveries.list_deliveries(connection)
    assert state.delivered == first
    # whoever has it now goes on, and nothing of it is lost
    assert deliveries.claim(connection, "hook", _MINUTE) is None
    went_on = deliveries.advance(connection, other, first, _NO_TIME)
    assert went_on is not None
    later = claim(connection)
    assert later.delivered == first
    assert deliveries.advance(connection, later, second, _MINUTE) is not None
    # too late for that: others are further
    assert deliveries.advance(connection, went_on, second, _MINUTE) is None
    (state,) = deliveries.list_deliveries(connection)
    assert state.delivered == second
    assert third == second + 1


@pytest.mark.parametrize("ending", ["released", "given up", "failed", "killed"])
def test_a_clock_that_was_set_back_keeps_nothing_waiting(
    connection: Connection, ending: str
) -> None:
    deliveries.begin(connection, "hook")
    first = events.append(connection, arrival(1))
    held = claim(connection)
    if ending == "released":
        deliveries.release(connection, held)
    if ending == "given up":
        deliveries.give_up(connection, held, first, "refused")
        events.append(connection, arrival(2))
    if ending == "failed":
        deliveries.failed(connection, held, "nobody there", _MINUTE)
    written = event_deliveries.c.watch == "door"
    late = as_text(now(connection) + timedelta(hours=5))
    connection.execute(update(event_deliveries).where(written).values(due_at=late))
    events.append(connection, arrival(3, "gate"))
    assert deliveries.has_work(connection, "hook")
    assert claim(connection).watch == "door"  # the next turn is not hours away, either
    assert claim(connection).watch == "gate"
    assert not deliveries.has_work(connection, "hook")


def test_a_clock_set_back_a_little_keeps_nothing_waiting_of_what_nobody_tells(
    connection: Connection,
) -> None:
    deliveries.begin(connection, "hook")
    events.append(connection, arrival(1))
    deliveries.release(connection, claim(connection))
    late = as_text(now(connection) + _MINUTE)
    connection.execute(update(event_deliveries).values(due_at=late))
    assert claim(connection).watch == "door"


def test_a_try_that_was_not_made_is_not_counted(connection: Connection) -> None:
    deliveries.begin(connection, "hook")
    events.append(connection, arrival(1))
    deliveries.failed(connection, claim(connection), "nobody there", _NO_TIME)
    deliveries.release(connection, claim(connection))
    assert claim(connection).attempt == 2
