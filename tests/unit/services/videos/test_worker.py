from __future__ import annotations

import errno
import os
import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from structlog.testing import LogCapture

from reknown.biometrics.errors import DatabaseError, InputError, NotifyError, RefusedNotifyError
from reknown.jobs import queue
from reknown.jobs.queue import NewJob, State
from reknown.jobs.schema import jobs
from reknown.ledger.records import DeleteExpiredJobsRecord
from reknown.services.videos.job_records import JobRequest, ObjectPlace, Task, write
from reknown.services.videos.leases import KeptLease, LeaseLostError
from reknown.services.videos.notices import NoticeSender
from reknown.services.videos.stopping import stop_job
from reknown.services.videos.worker import VideoWorker, WorkerIntervals
from reknown.storage.database import reading
from unit.services.ledgers import last
from unit.services.videos.places import analyst, objects, worker_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reknown.jobs.queue import JobProgress
    from reknown.services.context import Context
    from reknown.services.videos.work import WorkerContext
    from reknown.storage.database import Database
    from unit.services.videos.places import Analyst

__all__ = ["analyst", "objects", "worker_context"]

_MINUTE = timedelta(minutes=1)
# far longer than any test should take
_TOO_LONG = 60.0


class Sender:
    """Takes what it is sent, after some errors; `on_sent` is called with the number sent."""

    def __init__(self, *errors: NotifyError) -> None:
        self.errors = list(errors)
        self.sent: list[tuple[str, str, str]] = []
        self.on_sent: Callable[[int], None] = lambda _: None

    def send(self, target: str, body: str, message_id: str, group: str = "") -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append((target, body, message_id))
        self.on_sent(len(self.sent))


@pytest.fixture
def capture() -> LogCapture:
    return LogCapture()


@pytest.fixture
def log(capture: LogCapture) -> Any:
    return structlog.wrap_logger(None, processors=[capture])


@pytest.fixture
def sender() -> Sender:
    return Sender()


def _notices(database: Database, sender: Sender, log: Any, wait: float | None = 0) -> NoticeSender:
    delay = None if wait is None else timedelta(seconds=wait)
    return NoticeSender(database, {"webhook": sender}, lambda _: delay, log)


@pytest.fixture
def make_worker(
    worker_context: WorkerContext, database: Database, sender: Sender, log: Any
) -> Callable[[WorkerIntervals], VideoWorker]:
    return lambda intervals: VideoWorker(
        worker_context, [_notices(database, sender, log)], log, intervals
    )


@pytest.fixture
def worker(make_worker: Callable[[WorkerIntervals], VideoWorker]) -> VideoWorker:
    return make_worker(WorkerIntervals(lease=timedelta(seconds=0.3), poll=0.05))


def _add(database: Database) -> str:
    request = write(JobRequest(ObjectPlace("media", "a.mp4")))
    with database.begin() as connection:
        return queue.add(connection, NewJob(Task.FACES.value, "key:ADA", None, request))


def _state(database: Database, job_id: str) -> State:
    with reading(database) as connection:
        job = queue.find(connection, job_id)
    assert job is not None
    return job.state


def test_once_means_all_that_is_there(
    worker: VideoWorker, database: Database, sender: Sender, capture: LogCapture
) -> None:
    added = [_add(database) for _ in range(3)]
    worker.run_once()
    assert [message_id for _, _, message_id in sender.sent] == added
    assert {_state(database, job_id) for job_id in added} == {State.SUCCEEDED}
    lines = [entry for entry in capture.entries if entry["event"] == "video job"]
    assert [line["job"] for line in lines] == added
    assert {line["state"] for line in lines} == {"SUCCEEDED"}


def test_trouble_of_the_operators_is_in_the_log_with_its_trace(
    worker: VideoWorker, database: Database, analyst: Analyst, capture: LogCapture
) -> None:
    _add(database)
    analyst.answer = ZeroDivisionError("/srv/secret")
    worker.run_once()
    (line,) = (entry for entry in capture.entries if entry["event"] == "video job failed")
    assert line["exc_info"] is analyst.answer


@pytest.fixture
def interrupt() -> Iterator[Callable[[VideoWorker], Callable[[], None]]]:
    """Makes what sends this process the signal upon which a worker stops.

    It is sent in the end in any case, so that no test runs for ever.
    """

    def send() -> None:
        os.kill(os.getpid(), signal.SIGUSR1)

    def install(worker: VideoWorker) -> Callable[[], None]:
        signal.signal(signal.SIGUSR1, lambda *_: worker.stop())
        latest.start()
        return send

    before = signal.getsignal(signal.SIGUSR1)
    latest = threading.Timer(_TOO_LONG, send)
    latest.daemon = True
    yield install
    latest.cancel()
    signal.signal(signal.SIGUSR1, before)


@pytest.fixture
def stopped_by_signal(
    worker: VideoWorker, interrupt: Callable[[VideoWorker], Callable[[], None]]
) -> Callable[[], None]:
    return interrupt(worker)


def test_tellers_end_after_what_is_beside_the_worker(worker_context: WorkerContext) -> None:
    steps: list[str] = []

    class Teller:
        def start(self) -> None:
            steps.append("tells")

        def stop(self, seconds: float) -> None:
            steps.append("tells no more")

        def deliver(self) -> int:
            return 0

    @contextmanager
    def beside() -> Iterator[None]:
        steps.append("watches")
        made.stop()
        yield
        steps.append("everybody has left")

    made = VideoWorker(worker_context, [Teller()], structlog.get_logger())
    made.run(beside())
    assert steps == ["tells", "watches", "everybody has left", "tells no more"]


def test_it_stops_when_it_has_nothing_to_do(
    make_worker: Callable[[WorkerIntervals], VideoWorker],
    interrupt: Callable[[VideoWorker], Callable[[], None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []

    def sleep(seconds: float, sleep: Callable[[float], None] = time.sleep) -> None:
        sleep(seconds)
        slept.append(seconds)

    monkeypatch.setattr(time, "sleep", sleep)
    sleepy = make_worker(WorkerIntervals(poll=20))
    threading.Timer(0.2, interrupt(sleepy)).start()
    sleepy.run()
    assert slept == []


def test_it_stops_in_the_middle_of_an_analysis_and_gives_the_job_back(
    worker: VideoWorker,
    database: Database,
    analyst: Analyst,
    capture: LogCapture,
    stopped_by_signal: Callable[[], None],
) -> None:
    job_id = _add(database)
    completed: list[str] = []

    def long_analysis() -> None:
        threading.Timer(0.1, stopped_by_signal).start()
        time.sleep(20)
        completed.append(job_id)

    analyst.before = long_analysis
    worker.run()
    assert completed == []
    assert _state(database, job_id) is State.OPEN
    with database.begin() as connection:
        lease = queue.claim(connection, _MINUTE)
    assert lease is not None
    assert lease.attempt == 1
    assert [entry["event"] for entry in capture.entries] == ["video job given back"]


def test_a_job_that_cannot_be_ended_does_not_stop_the_queue(
    worker: VideoWorker,
    database: Database,
    analyst: Analyst,
    sender: Sender,
    capture: LogCapture,
    stopped_by_signal: Callable[[], None],
) -> None:
    poison, good = _add(database), _add(database)
    errors: list[Exception] = [DatabaseError("the disk is full"), DatabaseError("still full")]
    plain = analyst.answer

    def trouble() -> None:
        analyst.answer = errors.pop(0) if errors else plain

    def stop_after_both(sent: int) -> None:
        if sent == 2:
            stopped_by_signal()

    analyst.before = trouble
    sender.on_sent = stop_after_both
    worker.run()
    assert _state(database, poison) is _state(database, good) is State.SUCCEEDED
    waits = [e for e in capture.entries if e["event"] == "the queue cannot be used"]
    assert [line["error"] for line in waits] == ["the disk is full", "still full"]


def test_a_lease_is_kept_as_long_as_somebody_works(database: Database) -> None:
    _add(database)
    short = timedelta(seconds=1)
    with database.begin() as connection:
        lease = queue.claim(connection, short)
    assert lease is not None
    with KeptLease(database, lease, short) as kept:
        time.sleep(1.5)
        kept.check()
        with reading(database) as connection:
            assert not queue.has_work(connection)
    time.sleep(1.1)
    with database.begin() as connection:
        assert queue.claim(connection, short) is not None


def test_a_lease_that_another_has_is_known_to_be_lost(database: Database) -> None:
    _add(database)
    with database.begin() as connection:
        lease = queue.claim(connection, timedelta(0))
        assert lease is not None
        queue.claim(connection, _MINUTE)
    kept = KeptLease(database, lease, timedelta(seconds=0.15))
    with kept, pytest.raises(LeaseLostError):
        _check_for_ten_seconds(kept)


def _check_for_ten_seconds(kept: KeptLease) -> None:
    for _ in range(200):
        kept.check()
        time.sleep(0.05)


def test_what_has_expired_is_deleted_and_that_is_in_the_ledger(
    worker: VideoWorker, worker_context: WorkerContext, database: Database, log: Any
) -> None:
    job_id = _add(database)
    worker.run_once()
    with database.begin() as connection:
        connection.execute(jobs.update().values(expires_at="2020-01-01T00:00:00.000000+00:00"))
    VideoWorker(worker_context, [_notices(database, Sender(), log)], log).run_once()
    with reading(database) as connection:
        assert queue.find(connection, job_id) is None
        assert connection.execute(jobs.select()).all() == []
    event = last(database)
    assert (event.actor, event.collection) == ("worker", None)
    assert event.record == DeleteExpiredJobsRecord(1)


def test_others_may_delete_what_they_kept(
    worker_context: WorkerContext, database: Database, log: Any
) -> None:
    called: list[int] = []
    notices = _notices(database, Sender(), log)
    VideoWorker(worker_context, [notices], log, purge=lambda: called.append(1)).run_once()
    assert called == [1]


def test_notices_are_tried_again_until_they_arrive(
    worker_context: WorkerContext, database: Database, log: Any, capture: LogCapture
) -> None:
    _add(database)
    sender = Sender(NotifyError("nobody there"), NotifyError("still nobody"))
    notices = _notices(database, sender, log)
    VideoWorker(worker_context, [notices], log).run_once()
    assert len(sender.sent) == 1
    assert notices.deliver() == 0
    failures = [e for e in capture.entries if e["event"] == "notice not delivered"]
    assert [(e["attempt"], e["error"]) for e in failures] == [
        (1, "nobody there"),
        (2, "still nobody"),
    ]


@pytest.mark.parametrize(
    ("error", "wait"), [(RefusedNotifyError("no such topic"), 0), (NotifyError("away"), None)]
)
def test_notices_are_given_up_where_trying_is_vain(
    worker_context: WorkerContext,
    database: Database,
    log: Any,
    error: NotifyError,
    wait: float | None,
) -> None:
    _add(database)
    sender = Sender(error)
    notices = _notices(database, sender, log, wait)
    VideoWorker(worker_context, [notices], log).run_once()
    assert (sender.errors, sender.sent, notices.deliver()) == ([], [], 0)


def test_a_notice_that_waits_does_not_keep_others_waiting(
    worker_context: WorkerContext, database: Database, log: Any
) -> None:
    added = [_add(database) for _ in range(2)]
    sender = Sender(NotifyError("busy"))
    VideoWorker(worker_context, [_notices(database, sender, log, 60)], log).run_once()
    assert [message_id for _, _, message_id in sender.sent] == added[1:]


def test_notices_are_delivered_while_a_job_is_in_work(
    worker: VideoWorker,
    database: Database,
    analyst: Analyst,
    sender: Sender,
    stopped_by_signal: Callable[[], None],
) -> None:
    first, _ = _add(database), _add(database)
    in_work, completed = threading.Event(), threading.Event()

    def second_takes_long() -> None:
        if analyst.asked[1:]:
            in_work.set()
            time.sleep(20)
            completed.set()

    def stop_during_the_second(_: int) -> None:
        if in_work.wait(_TOO_LONG):
            stopped_by_signal()

    analyst.before = second_takes_long
    sender.on_sent = stop_during_the_second
    worker.run()
    assert [message_id for _, _, message_id in sender.sent] == [first]
    assert not completed.is_set()


def test_a_bug_leaves_the_job_to_its_lease(
    worker_context: WorkerContext,
    database: Database,
    sender: Sender,
    log: Any,
    capture: LogCapture,
) -> None:
    job_id = _add(database)

    def broken(*_: object) -> str:
        raise InputError("cannot be told")

    worker = VideoWorker(
        replace(worker_context, notice=broken),
        [_notices(database, sender, log)],
        log,
        WorkerIntervals(_MINUTE),
    )
    assert not worker._tried()
    assert _state(database, job_id) is State.OPEN
    assert [entry["event"] for entry in capture.entries] == ["a job was left as it is"]


def test_a_machine_that_has_run_out_of_something_fails_no_job(
    worker: VideoWorker, database: Database, analyst: Analyst, capture: LogCapture
) -> None:
    job_id = _add(database)
    analyst.answer = OSError(errno.EMFILE, "Too many open files")
    assert not worker._tried()
    assert _state(database, job_id) is State.OPEN
    assert [entry["event"] for entry in capture.entries] == ["a job was left as it is"]


def test_others_see_how_far_the_work_is(
    make_worker: Callable[[WorkerIntervals], VideoWorker], database: Database, analyst: Analyst
) -> None:
    job_id = _add(database)
    seen: list[JobProgress] = []

    def wait() -> None:
        deadline = time.monotonic() + _TOO_LONG
        while not seen and time.monotonic() < deadline:
            with reading(database) as connection:
                job = queue.find(connection, job_id)
            if job is not None and job.progress is not None:
                seen.append(job.progress)
            time.sleep(0.01)

    analyst.after_progress = wait
    make_worker(WorkerIntervals(lease=timedelta(seconds=0.3))).run_once()
    assert [(each.done, each.total) for each in seen] == [(0, 4000)]
    assert _state(database, job_id) is State.SUCCEEDED


def test_a_job_that_is_stopped_is_left_and_ended_while_it_is_worked_on(
    make_worker: Callable[[WorkerIntervals], VideoWorker],
    context: Context,
    database: Database,
    analyst: Analyst,
) -> None:
    job_id = _add(database)
    left: list[str] = []

    def stop() -> None:
        stop_job(context, job_id, lambda _: True)
        left.append(job_id)
        time.sleep(0.3)

    analyst.before = stop
    make_worker(WorkerIntervals(lease=timedelta(seconds=0.3))).run_once()
    assert left == [job_id]
    assert _state(database, job_id) is State.FAILED
