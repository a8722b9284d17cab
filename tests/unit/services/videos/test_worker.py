from __future__ import annotations

import os
import signal
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from reknown.services.leases import KeptLease
from reknown.services.notices import Postman
from reknown.services.video_records import ObjectPlace, Task, Wanted, write
from reknown.services.video_work import LeaseLostError
from reknown.services.worker import Rhythm, Worker
from structlog.testing import LogCapture
from unit.services.video_places import analyst, objects, place

from reknown.biometrics.errors import DatabaseError, InputError, NotifyError, RefusedNotifyError
from reknown.jobs import queue
from reknown.jobs.queue import NewJob, State
from reknown.jobs.schema import jobs
from reknown.ledger import events
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reknown.services.video_work import Workplace
    from unit.services.video_places import Analyst

    from reknown.storage.database import Database

__all__ = ["analyst", "objects", "place"]

_MINUTE = timedelta(minutes=1)


class Sender:
    """Takes what it is sent, after some errors."""

    def __init__(self, *errors: NotifyError) -> None:
        self.errors = list(errors)
        self.sent: list[tuple[str, str, str]] = []

    def send(self, target: str, body: str, message_id: str) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append((target, body, message_id))


@pytest.fixture
def capture() -> LogCapture:
    return LogCapture()


@pytest.fixture
def log(capture: LogCapture) -> Any:
    return structlog.wrap_logger(None, processors=[capture])


@pytest.fixture
def sender() -> Sender:
    return Sender()


def _postman(database: Database, sender: Sender, log: Any, wait: float | None = 0) -> Postman:
    delay = None if wait is None else timedelta(seconds=wait)
    return Postman(database, {"webhook": sender}, lambda _: delay, log)


@pytest.fixture
def worker(place: Workplace, sender: Sender, log: Any) -> Worker:
    rhythm = Rhythm(lease=timedelta(seconds=0.3), poll=0.05)
    return Worker(place, _postman(place.database, sender, log), log, rhythm)


def _add(database: Database) -> str:
    request = write(Wanted(ObjectPlace("media", "a.mp4")))
    with database.begin() as connection:
        return queue.add(connection, NewJob(Task.FACES.value, "key:ADA", None, request))


def _state(database: Database, job_id: str) -> State:
    with reading(database) as connection:
        job = queue.find(connection, job_id)
    assert job is not None
    return job.state


def test_once_means_all_that_is_there(
    worker: Worker, place: Workplace, sender: Sender, capture: LogCapture
) -> None:
    added = [_add(place.database) for _ in range(3)]
    worker.run_once()
    assert [message_id for _, _, message_id in sender.sent] == added
    assert {_state(place.database, job_id) for job_id in added} == {State.SUCCEEDED}
    lines = [entry for entry in capture.entries if entry["event"] == "video job"]
    assert [line["job"] for line in lines] == added
    assert {line["state"] for line in lines} == {"SUCCEEDED"}


def test_trouble_of_the_operators_is_in_the_log_with_its_trace(
    worker: Worker, place: Workplace, analyst: Analyst, capture: LogCapture
) -> None:
    _add(place.database)
    analyst.answer = ZeroDivisionError("/srv/secret")
    worker.run_once()
    (line,) = (entry for entry in capture.entries if entry["event"] == "video job failed")
    assert line["exc_info"] is analyst.answer


@pytest.fixture
def stopped_by_signal(worker: Worker) -> Iterator[Callable[[], None]]:
    """Sends this process the signal upon which the worker stops."""
    before = signal.signal(signal.SIGUSR1, lambda *_: worker.stop())
    yield lambda: os.kill(os.getpid(), signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)


def test_it_stops_when_it_has_nothing_to_do(
    worker: Worker, stopped_by_signal: Callable[[], None]
) -> None:
    timer = threading.Timer(0.2, stopped_by_signal)
    timer.start()
    started = time.monotonic()
    worker.run()
    assert 0.15 < time.monotonic() - started < 2


def test_it_stops_in_the_middle_of_an_analysis_and_gives_the_job_back(
    worker: Worker,
    place: Workplace,
    analyst: Analyst,
    capture: LogCapture,
    stopped_by_signal: Callable[[], None],
) -> None:
    job_id = _add(place.database)

    def long_analysis() -> None:
        threading.Timer(0.1, stopped_by_signal).start()
        time.sleep(20)

    analyst.before = long_analysis
    started = time.monotonic()
    worker.run()
    assert time.monotonic() - started < 3
    assert _state(place.database, job_id) is State.OPEN
    with place.database.begin() as connection:
        lease = queue.claim(connection, _MINUTE)
    assert lease is not None
    assert lease.attempt == 1
    assert [entry["event"] for entry in capture.entries] == ["video job given back"]


def test_a_job_that_cannot_be_ended_does_not_stop_the_queue(
    worker: Worker,
    place: Workplace,
    analyst: Analyst,
    capture: LogCapture,
    stopped_by_signal: Callable[[], None],
) -> None:
    poison, good = _add(place.database), _add(place.database)
    errors: list[Exception] = [DatabaseError("the disk is full"), DatabaseError("still full")]
    plain = analyst.answer

    def trouble() -> None:
        analyst.answer = errors.pop(0) if errors else plain

    analyst.before = trouble
    timer = threading.Timer(2.5, stopped_by_signal)
    timer.start()
    worker.run()
    timer.join()
    assert _state(place.database, poison) is _state(place.database, good) is State.SUCCEEDED
    waits = [e for e in capture.entries if e["event"] == "the queue cannot be used"]
    assert [line["error"] for line in waits] == ["the disk is full", "still full"]


def test_a_lease_is_kept_as_long_as_somebody_works(database: Database) -> None:
    _add(database)
    short = timedelta(seconds=0.3)
    with database.begin() as connection:
        lease = queue.claim(connection, short)
    assert lease is not None
    with KeptLease(database, lease, short) as kept:
        time.sleep(0.8)
        kept.check()
        with reading(database) as connection:
            assert not queue.has_work(connection)
    time.sleep(0.35)
    with database.begin() as connection:
        assert queue.claim(connection, short) is not None


def test_a_lease_that_another_has_is_known_to_be_lost(database: Database) -> None:
    _add(database)
    with database.begin() as connection:
        lease = queue.claim(connection, timedelta(0))
        assert lease is not None
        queue.claim(connection, _MINUTE)
    with KeptLease(database, lease, timedelta(seconds=0.15)) as kept:
        time.sleep(0.3)
        with pytest.raises(LeaseLostError):
            kept.check()


def test_what_has_expired_is_deleted_and_that_is_in_the_ledger(
    worker: Worker, place: Workplace
) -> None:
    job_id = _add(place.database)
    worker.run_once()
    with place.database.begin() as connection:
        connection.execute(jobs.update().values(expires_at="2020-01-01T00:00:00.000000+00:00"))
    fresh = Worker(place, _postman(place.database, Sender(), None), structlog.get_logger())
    fresh.run_once()
    with reading(place.database) as connection:
        assert queue.find(connection, job_id) is None
        assert connection.execute(jobs.select()).all() == []
        *_, event = events.read(connection)
    assert (event.operation, event.actor, event.detail) == (
        "delete expired jobs",
        "worker",
        {"jobs": 1},
    )


def test_others_may_delete_what_they_kept(place: Workplace, log: Any) -> None:
    called: list[int] = []
    postman = _postman(place.database, Sender(), log)
    Worker(place, postman, log, purge=lambda: called.append(1)).run_once()
    assert called == [1]


def test_notices_are_tried_again_until_they_arrive(
    place: Workplace, log: Any, capture: LogCapture
) -> None:
    _add(place.database)
    sender = Sender(NotifyError("nobody there"), NotifyError("still nobody"))
    postman = _postman(place.database, sender, log)
    Worker(place, postman, log).run_once()
    assert len(sender.sent) == 1
    assert postman.deliver() == 0
    failures = [e for e in capture.entries if e["event"] == "notice not delivered"]
    assert [(e["attempt"], e["error"]) for e in failures] == [
        (1, "nobody there"),
        (2, "still nobody"),
    ]


@pytest.mark.parametrize(
    ("error", "wait"), [(RefusedNotifyError("no such topic"), 0), (NotifyError("away"), None)]
)
def test_notices_are_given_up_where_trying_is_vain(
    place: Workplace, log: Any, error: NotifyError, wait: float | None
) -> None:
    _add(place.database)
    sender = Sender(error)
    postman = _postman(place.database, sender, log, wait)
    Worker(place, postman, log).run_once()
    assert (sender.errors, sender.sent, postman.deliver()) == ([], [], 0)


def test_a_notice_that_waits_does_not_keep_others_waiting(place: Workplace, log: Any) -> None:
    added = [_add(place.database) for _ in range(2)]
    sender = Sender(NotifyError("busy"))
    Worker(place, _postman(place.database, sender, log, 60), log).run_once()
    assert [message_id for _, _, message_id in sender.sent] == added[1:]


def test_notices_are_delivered_while_a_job_is_in_work(
    worker: Worker,
    place: Workplace,
    analyst: Analyst,
    sender: Sender,
    stopped_by_signal: Callable[[], None],
) -> None:
    first, _ = _add(place.database), _add(place.database)

    def second_takes_long() -> None:
        if analyst.asked[1:]:
            deadline = time.monotonic() + 10
            while not sender.sent and time.monotonic() < deadline:
                time.sleep(0.02)
            threading.Timer(0.1, stopped_by_signal).start()
            time.sleep(20)

    analyst.before = second_takes_long
    worker.run()
    assert [message_id for _, _, message_id in sender.sent] == [first]


def test_a_bug_leaves_the_job_to_its_lease(
    place: Workplace,
    sender: Sender,
    log: Any,
    capture: LogCapture,
) -> None:
    job_id = _add(place.database)
    from dataclasses import replace

    def broken(*_: object) -> str:
        raise InputError("cannot be told")

    bad = replace(place, tell=broken)
    worker = Worker(bad, _postman(place.database, sender, log), log, Rhythm(_MINUTE))
    assert not worker._tried()
    assert _state(place.database, job_id) is State.OPEN
    assert [entry["event"] for entry in capture.entries] == ["a job was left as it is"]
