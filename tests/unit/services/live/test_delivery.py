from __future__ import annotations

import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from datetime import timedelta
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from structlog.testing import capture_logs

from reknown.biometrics.errors import NotifyError, RefusedNotifyError
from reknown.gallery.collections import create_collection, delete_collection
from reknown.services.live.delivery import LEASE, EventDeliverer, patience
from reknown.services.live.sinks import BrokerSink
from reknown.storage.database import open_database
from reknown.watches import deliveries, events
from reknown.watches.schema import event_deliveries, event_failures, live_events
from unit.databases import engine, own_engine
from unit.watches.live_events import SPACE, arrival

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from reknown.services.live.telling import ToldEvent

__all__ = ["engine", "own_engine"]

_LOG = structlog.get_logger()
_NO_TIME = timedelta(0)


class Killed(BaseException):
    """The process ends here."""


class Receiver:
    """A sink that takes, fails, refuses or is killed, as `behave` says of each try."""

    def __init__(
        self,
        name: str,
        behave: Callable[[], str] = lambda: "take",
        lease: timedelta = timedelta(0),
    ) -> None:
        self.name = name
        self.lease = lease
        self.behave = behave
        self.taken: list[ToldEvent] = []

    def send(self, told: ToldEvent) -> None:
        how = self.behave()
        if how == "fail":
            raise NotifyError("nobody there")
        if how == "refuse":
            raise RefusedNotifyError("not this one")
        if how == "break":
            raise ValueError("a fault of ours")
        if how == "killed before":
            raise Killed
        self.taken.append(told)
        if how == "killed after":
            raise Killed

    @property
    def sequences(self) -> dict[str, list[int]]:
        """What was taken of each watch, without what came twice in a row."""
        found: dict[str, list[int]] = defaultdict(list)
        for told in self.taken:
            event = told.event
            if found[event.watch][-1:] != [event.sequence]:
                found[event.watch].append(event.sequence)
        return found


def append(engine: Engine, watch: str = "door") -> int:
    with engine.begin() as connection:
        return events.append(connection, arrival(watch=watch))


@pytest.fixture
def people(own_engine: Engine) -> Engine:
    with own_engine.begin() as connection:
        create_collection(connection, "people", SPACE)
    return own_engine


def deliverer(
    engine: Engine, *sinks: Receiver, waits: bool = False, turn: float = 1
) -> EventDeliverer:
    def at_once(attempts: int, *, refused: bool) -> timedelta | None:
        return None if refused and attempts > 2 else _NO_TIME

    how = patience if waits else at_once
    return EventDeliverer(engine, sinks, _LOG, waits=how, turn=turn)


def test_events_are_told_in_order_with_all_that_is_known(people: Engine) -> None:
    sink = Receiver("hook")
    made = deliverer(people, sink)
    sequences = [append(people) for _ in range(3)]
    made.deliver()
    assert sink.sequences == {"door": sequences}
    assert sink.taken[0].message_id == f"live-{sequences[0]}"
    assert '"subject_id":"subject-1"' in sink.taken[0].text()
    # nobody is called that, so it has no name
    assert '"name":null' in sink.taken[0].text()
    assert made.deliver() == 0


def test_a_sink_that_is_down_holds_up_no_other_and_hears_it_all_later(people: Engine) -> None:
    down = True
    broken, sound = Receiver("hook", lambda: "fail" if down else "take"), Receiver("broker")
    made = deliverer(people, broken, sound, waits=True)
    first = append(people)
    with capture_logs() as logged:
        made.deliver()
    assert broken.taken == []
    assert sound.sequences == {"door": [first]}
    (line,) = logged
    assert (line["event"], line["sequence"], line["sink"]) == (
        "live event not delivered",
        first,
        "hook",
    )
    assert line["again_in_seconds"] == 1.0
    second = append(people)
    made.deliver()  # it is not due yet
    assert broken.taken == []
    down = False
    later = deliverer(people, broken)
    with people.begin() as connection:
        connection.exec_driver_sql("UPDATE event_deliveries SET due_at = '2000'")
    later.deliver()
    assert broken.sequences == {"door": [first, second]}


def test_several_processes_begin_at_once(people: Engine) -> None:
    together = threading.Barrier(3)

    def begin(name: str) -> None:
        together.wait(30)
        deliverer(people, Receiver(name))

    with ThreadPoolExecutor(3) as processes:
        for number in range(5):
            list(processes.map(begin, [f"hook {number}"] * 3))
    with people.connect() as connection:
        assert len(connection.execute(select(event_deliveries)).all()) == 5


def test_a_slow_sink_is_told_by_one_process_as_long_as_it_says(people: Engine) -> None:
    minute = timedelta(minutes=1)
    others: list[int] = []

    def behave() -> str:
        others.append(deliverer(people, Receiver("broker", lease=minute)).deliver())
        return "take"

    sink = Receiver("broker", behave, minute)
    made = deliverer(people, sink)
    sequences = [append(people) for _ in range(3)]
    made.deliver()
    assert [told.event.sequence for told in sink.taken] == sequences
    assert others == [0, 0, 0]


def test_a_watch_waits_for_a_turn_of_the_others_and_not_for_all_that_they_have(
    people: Engine,
) -> None:
    sink = Receiver("hook", lease=timedelta(minutes=1))
    made = deliverer(people, sink, turn=0)
    for watch in ("busy", "busy", "busy", "vault", "vault"):
        append(people, watch)
    made.deliver()
    told = [each.event.watch for each in sink.taken]
    assert told == ["busy", "vault", "busy", "vault", "busy"]


def test_what_is_deleted_is_not_told_in_the_next_turn(people: Engine) -> None:
    def delete() -> str:
        if not sink.taken:
            with people.begin() as connection:
                delete_collection(connection, "people")
        return "take"

    sink = Receiver("hook", delete, timedelta(minutes=1))
    made = deliverer(people, sink, turn=0)
    first, *_ = [append(people) for _ in range(3)]
    made.deliver()
    assert [each.event.sequence for each in sink.taken] == [first]


@pytest.mark.parametrize("how", ["refuse", "break"])
def test_an_event_that_no_receiver_would_take_is_given_up_in_writing(
    people: Engine, how: str
) -> None:
    poison = 0
    sink = Receiver("hook")
    made = deliverer(people, sink)
    poison, after = append(people), append(people)
    tries = iter([how] * 3)
    sink.behave = lambda: next(tries, "take")
    with capture_logs() as logged:
        made.deliver()
    assert sink.sequences == {"door": [after]}
    waits = [line for line in logged if line["event"] == "live event not delivered"]
    assert [line["again_in_seconds"] for line in waits] == [0.0, 0.0, None]
    with people.connect() as connection:
        row = connection.execute(event_failures.select()).one()
    assert (row.sequence, row.attempts) == (poison, 3)


def test_a_thread_delivers_what_comes_while_another_sink_hangs(people: Engine) -> None:
    let_go, told = threading.Event(), threading.Event()

    def hang() -> str:
        let_go.wait(30)
        return "take"

    def tell() -> str:
        told.set()
        return "take"

    made = EventDeliverer(people, [Receiver("hook", hang), Receiver("broker", tell)], _LOG)
    made.start()
    append(people)
    assert told.wait(30)
    let_go.set()
    made.stop(30)


def test_a_thread_goes_on_after_a_row_that_it_cannot_read(people: Engine) -> None:
    sink, told = Receiver("hook"), threading.Event()
    made = EventDeliverer(people, [sink], _LOG)
    first = append(people)
    with people.begin() as connection:
        kept = connection.execute(select(live_events.c.body)).scalar_one()
        connection.execute(update(live_events).values(body="of a newer process"))

    def tell() -> str:
        told.set()
        return "take"

    sink.behave = tell
    with capture_logs() as logged:
        made.start()
        deadline = time.monotonic() + 30
        while not logged and time.monotonic() < deadline:
            time.sleep(0.02)
        with people.begin() as connection:
            connection.execute(update(live_events).values(body=kept))
        assert told.wait(30)
        made.stop(30)
    assert sink.sequences == {"door": [first]}
    assert logged[0]["event"] == "live events wait"
    assert isinstance(logged[0]["exc_info"], ValueError)


def test_a_refusal_after_an_outage_is_one_refusal(people: Engine) -> None:
    sink = Receiver("hook")
    waits: list[tuple[int, bool]] = []

    def at_once(attempts: int, *, refused: bool) -> timedelta:
        waits.append((attempts, refused))
        return _NO_TIME

    made = EventDeliverer(people, [sink], _LOG, waits=at_once)
    tries = iter(["fail", "fail", "refuse", "fail", "refuse", "take", "refuse"])
    sink.behave = lambda: next(tries, "take")
    first, second = append(people), append(people)
    made.deliver()
    assert sink.sequences == {"door": [first, second]}
    down, refused = False, True
    told = [(1, down), (2, down), (1, refused), (3, down), (2, refused), (1, refused)]
    assert waits == told


def test_no_lease_and_no_wait_is_taken_for_one_of_a_clock_that_was_set_back() -> None:
    waits = [patience(number, refused=False) for number in range(1, 99)]
    (lease,) = (each.default for each in fields(BrokerSink) if each.name == "lease")
    assert isinstance(lease, timedelta)
    assert max(LEASE, lease, *filter(None, waits)) < deliveries.LONGEST


def test_patience_ends_after_ten_minutes_of_refusals_and_a_day_of_silence() -> None:
    def total(*, refused: bool) -> timedelta:
        waits: list[timedelta] = []
        while (wait := patience(len(waits) + 1, refused=refused)) is not None:
            waits.append(wait)
        return sum(waits, timedelta())

    assert timedelta(minutes=10) < total(refused=True) < timedelta(minutes=12)
    assert timedelta(hours=24) < total(refused=False) < timedelta(hours=25)
    assert patience(1, refused=False) == timedelta(seconds=1)


_STEPS = st.lists(
    st.sampled_from(["append door", "append gate", "deliver", "deliver", "restart"]), max_size=25
)
_BEHAVIOUR = st.lists(
    st.sampled_from(["take", "take", "fail", "killed before", "killed after"]), max_size=25
)


@settings(max_examples=25, deadline=None)
@given(steps=_STEPS, tries=_BEHAVIOUR, turn=st.sampled_from([0, 1]))
def test_whatever_fails_in_between_all_events_come_in_order(
    steps: list[str], tries: list[str], turn: float
) -> None:
    with TemporaryDirectory() as folder:
        engine = open_database(folder)
        with engine.begin() as connection:
            create_collection(connection, "people", SPACE)
        behaviour = iter(tries)
        sinks = [Receiver(name, lambda: next(behaviour, "take")) for name in ("hook", "broker")]
        made = deliverer(engine, *sinks, turn=turn)
        stored: dict[str, list[int]] = defaultdict(list)
        for step in [*steps, "settle"]:
            word, _, watch = step.partition(" ")
            if word == "append":
                stored[watch].append(append(engine, watch))
                continue
            if word == "settle":
                behaviour = iter(())
            if word == "restart":
                made = deliverer(engine, *sinks, turn=turn)
            try:
                made.deliver()
            except Killed:
                made = deliverer(engine, *sinks, turn=turn)
        for sink in sinks:
            assert {watch: sorted(set(found)) for watch, found in sink.sequences.items()} == stored
            assert sink.sequences == stored
        with engine.connect() as connection:
            for each in deliveries.list_deliveries(connection):
                assert each.delivered == stored[each.watch][-1]
        engine.dispose()
