from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from reknown.biometrics.errors import AlreadyExistsError, NotFoundError
from reknown.biometrics.live import LiveCounts
from reknown.watches import watches
from reknown.watches.watches import Hold, NewWatch, WatchState

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine

    from reknown.watches.watches import WatchedCamera, WatchLease

_MINUTE = timedelta(minutes=1)
_NO_TIME = timedelta(0)


def added(connection: Connection, name: str = "hall") -> WatchedCamera:
    watches.add(connection, NewWatch(name, "door", "people", "{}", "ada"))
    return watches.find(connection, name)


def started(connection: Connection, name: str = "hall") -> WatchedCamera:
    watches.start(connection, added(connection, name), "bob", '{"a":1}')
    return watches.find(connection, name)


def claimed(
    connection: Connection, watch: WatchedCamera, lease_time: timedelta = _MINUTE
) -> WatchLease:
    lease = watches.claim(connection, watch, lease_time)
    assert lease is not None
    return lease


def state(connection: Connection, name: str = "hall") -> WatchState:
    return watches.find(connection, name).state


def test_a_new_watch_is_stopped_and_waits_for_nobody(connection: Connection) -> None:
    made = added(connection)
    assert (made.state, made.camera, made.collection) == (WatchState.STOPPED, "door", "people")
    assert (made.actor, made.session, made.started_at, made.claimed) == ("ada", None, None, False)
    assert watches.list_waiting(connection) == []
    assert watches.claim(connection, made, _MINUTE) is None


def test_a_name_is_given_once(connection: Connection) -> None:
    added(connection)
    with pytest.raises(AlreadyExistsError, match="watch 'hall' already exists"):
        added(connection)
    assert watches.count(connection) == 1


def test_what_is_not_there_is_not_found(connection: Connection) -> None:
    with pytest.raises(NotFoundError, match="there is no watch 'hall'"):
        watches.find(connection, "hall")


def test_they_are_listed_in_order_page_by_page(connection: Connection) -> None:
    for number in range(5):
        added(connection, f"w{number}")
    watches.add(connection, NewWatch("x", "door", "others", "{}", "ada"))
    first = watches.list_watches(connection, None, 3)
    rest = watches.list_watches(connection, first.next, 3)
    assert [one.name for one in (*first.items, *rest.items)] == ["w0", "w1", "w2", "w3", "w4", "x"]
    assert rest.next is None
    (other,) = watches.list_watches(connection, None, 3, "others").items
    assert other.name == "x"


def test_whoever_waits_longest_is_claimed_first_and_by_one(connection: Connection) -> None:
    for name in ("a", "b"):
        started(connection, name)
    waiting = watches.list_waiting(connection)
    assert [watch.name for watch in waiting] == ["a", "b"]
    assert waiting[0].actor == "bob"
    assert claimed(connection, waiting[0]).attempt == 1
    assert watches.claim(connection, waiting[0], _MINUTE) is None
    assert [watch.name for watch in watches.list_waiting(connection)] == ["b"]


def test_a_start_is_another_session_each_time(connection: Connection) -> None:
    made = added(connection)
    first = watches.start(connection, made, "bob", "{}")
    assert watches.start(connection, made, "bob", "{}") != first


def test_it_runs_once_its_worker_says_so(connection: Connection) -> None:
    lease = claimed(connection, started(connection))
    assert state(connection) is WatchState.STARTING
    assert watches.report(connection, lease, WatchState.RUNNING, "slow")
    found = watches.find(connection, "hall")
    assert (found.state, found.message, found.claimed) == (WatchState.RUNNING, "slow", True)


def test_a_lease_that_has_run_out_is_anybodys_once_abandoned_and_the_old_holder_has_nothing(
    connection: Connection,
) -> None:
    watch = started(connection)
    old = claimed(connection, watch, _NO_TIME)
    watches.report(connection, old, WatchState.RUNNING, None)
    assert state(connection) is WatchState.STARTING  # its worker is gone
    assert watches.list_waiting(connection) == []
    assert watches.claim(connection, watch, _MINUTE) is None
    assert watches.abandon(connection, watch)
    assert [each.name for each in watches.list_waiting(connection)] == ["hall"]
    new = claimed(connection, watch)
    assert new.attempt == 2
    assert watches.renew(connection, old, _MINUTE, LiveCounts()) is Hold.LOST
    assert not watches.report(connection, old, WatchState.RUNNING, None)
    assert not watches.finish(connection, old, WatchState.FAILED)
    watches.release(connection, old)
    assert watches.renew(connection, new, _MINUTE, LiveCounts()) is Hold.KEPT


def test_what_nobody_has_is_stopped_at_once(connection: Connection) -> None:
    watches.ask_to_stop(connection, started(connection))
    assert state(connection) is WatchState.STOPPED
    assert watches.list_waiting(connection) == []


def test_its_worker_ends_what_is_to_be_stopped(connection: Connection) -> None:
    lease = claimed(connection, started(connection))
    watches.ask_to_stop(connection, watches.find(connection, "hall"))
    assert state(connection) is WatchState.STOPPING
    assert watches.renew(connection, lease, _MINUTE, LiveCounts()) is Hold.UNWANTED
    assert not watches.report(connection, lease, WatchState.RUNNING, None)
    watches.release(connection, lease)  # it was about to give it back
    assert state(connection) is WatchState.STOPPED
    assert watches.list_waiting(connection) == []


def test_without_its_worker_it_is_stopped_when_the_lease_has_run_out(
    connection: Connection,
) -> None:
    lease = claimed(connection, started(connection))
    watches.ask_to_stop(connection, watches.find(connection, "hall"))
    watches.renew(connection, lease, _NO_TIME, LiveCounts())
    assert state(connection) is WatchState.STOPPED
    assert watches.list_waiting(connection) == []


def test_those_of_one_actor_are_stopped_and_say_why(connection: Connection) -> None:
    lease = claimed(connection, started(connection))
    started(connection, "yard")
    added(connection, "attic")
    watches.start(connection, added(connection, "roof"), "carl", "{}")
    assert watches.stop_those_of(connection, "bob", "revoked") == [
        ("hall", "door", "people"),
        ("yard", "door", "people"),
    ]
    assert watches.stop_those_of(connection, "bob", "again") == []
    assert state(connection) is WatchState.STOPPING
    assert watches.renew(connection, lease, _MINUTE, LiveCounts()) is Hold.UNWANTED
    watches.finish(connection, lease, WatchState.STOPPED)
    found = {name: watches.find(connection, name) for name in ("hall", "yard", "attic", "roof")}
    assert {name: (one.state, one.message) for name, one in found.items()} == {
        "hall": (WatchState.STOPPED, "revoked"),
        "yard": (WatchState.STOPPED, "revoked"),
        "attic": (WatchState.STOPPED, None),
        "roof": (WatchState.STARTING, None),
    }
    assert [one.name for one in watches.list_waiting(connection)] == ["roof"]


def test_what_is_given_back_was_no_attempt(connection: Connection) -> None:
    watch = started(connection)
    watches.release(connection, claimed(connection, watch))
    assert claimed(connection, watch).attempt == 1


def test_what_went_wrong_waits_for_its_next_attempt(connection: Connection) -> None:
    watch = started(connection)
    watches.release(connection, claimed(connection, watch), _MINUTE, "out of memory")
    found = watches.find(connection, "hall")
    assert (found.state, found.message) == (WatchState.STARTING, "out of memory")
    assert not found.claimed
    assert watches.claim(connection, watch, _MINUTE) is None
    watches.ask_to_stop(connection, found)
    assert state(connection) is WatchState.STOPPED


def test_attempts_are_counted_until_one_went_well(connection: Connection) -> None:
    watch = started(connection)
    for attempt in (1, 2, 3):
        watches.abandon(connection, watch)
        lease = claimed(connection, watch, _NO_TIME)
        assert lease.attempt == attempt
    watches.went_well(connection, lease)
    watches.abandon(connection, watch)
    assert claimed(connection, watch).attempt == 1


def test_what_has_failed_stays_so_until_it_is_started_again(connection: Connection) -> None:
    watch = started(connection)
    assert watches.finish(connection, claimed(connection, watch), WatchState.FAILED, "refused")
    found = watches.find(connection, "hall")
    assert (found.state, found.message, found.state.resting) == (WatchState.FAILED, "refused", True)
    assert watches.list_waiting(connection) == []
    watches.start(connection, found, "bob", "{}")
    again = watches.find(connection, "hall")
    assert (again.state, again.message) == (WatchState.STARTING, None)


@pytest.mark.parametrize(
    "step",
    [
        lambda connection, lease: watches.report(connection, lease, WatchState.RUNNING, None),
        lambda connection, lease: watches.release(connection, lease, _MINUTE, "out of memory"),
        lambda connection, lease: watches.finish(connection, lease, WatchState.FAILED, "refused"),
        lambda connection, lease: watches.stop_held(connection, lease, "not allowed"),
        lambda connection, lease: watches.ask_to_stop(connection, lease.watch),
    ],
    ids=["report", "release", "finish", "stop_held", "ask_to_stop"],
)
def test_it_is_newer_once_its_state_is_another(
    connection: Connection, step: Callable[[Connection, WatchLease], object]
) -> None:
    watch = started(connection)
    lease = claimed(connection, watch)
    watches.renew(connection, lease, _MINUTE, LiveCounts())
    assert watches.find(connection, "hall").updated_at == watch.updated_at
    step(connection, lease)
    assert watches.find(connection, "hall").updated_at > watch.updated_at


def test_tags_come_and_go_with_it(connection: Connection) -> None:
    watch = added(connection)
    watches.set_tags(connection, watch, {"floor": "1", "wing": "east"})
    watches.set_tags(connection, watch, {"floor": "2"})
    watches.remove_tags(connection, watch, ["wing", "other"])
    assert watches.tags_of(connection, watch) == {"floor": "2"}
    watches.delete_watch(connection, watch)
    assert watches.count(connection) == 0
    assert watches.tags_of(connection, added(connection)) == {}


def test_of_many_workers_one_has_it(own_engine: Engine) -> None:
    with own_engine.begin() as connection:
        watch = started(connection)

    def claim(_: int) -> bool:
        with own_engine.begin() as connection:
            return watches.claim(connection, watch, _MINUTE) is not None

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(claim, range(16))) == 1
