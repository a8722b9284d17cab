from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from reknown.jobs import outbox, queue, results
from reknown.jobs.queue import Ending, JobProgress, State
from reknown.jobs.schema import jobs, notices, parts

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine

_MINUTE = timedelta(minutes=1)
_NO_TIME = timedelta(0)
_DONE = Ending(State.SUCCEEDED, "well", "{}")


def test_a_new_job_is_open_and_has_an_id_that_cannot_be_guessed(
    connection: Connection, add: Callable[..., str]
) -> None:
    job_id = add()
    job = queue.find(connection, job_id)
    assert re.fullmatch(r"[0-9a-f]{64}", job_id)
    assert job is not None
    assert (job.state, job.collection, job.finished_at) == (State.OPEN, "friends", None)
    assert add() != job_id


def test_nothing_is_found_where_nothing_is(connection: Connection) -> None:
    assert queue.find(connection, "f" * 64) is None
    assert not queue.has_work(connection)
    assert queue.claim(connection, _MINUTE) is None


def test_jobs_are_claimed_in_order_and_each_by_one(
    connection: Connection, add: Callable[..., str]
) -> None:
    added = [add() for _ in range(3)]
    claimed = [queue.claim(connection, _MINUTE) for _ in range(4)]
    assert [lease and lease.job.job_id for lease in claimed] == [*added, None]
    assert not queue.has_work(connection)


def test_the_newest_come_first_page_by_page(
    connection: Connection, add: Callable[..., str]
) -> None:
    added = [add() for _ in range(3)]
    queue.claim(connection, _MINUTE)
    job = queue.find(connection, added[0])
    assert job is not None
    kind = job.kind
    first = queue.list_newest(connection, kind, "friends", None, 2)
    rest = queue.list_newest(connection, kind, "friends", first.next, 2)
    assert [each.job_id for each in (*first.items, *rest.items)] == added[::-1]
    assert [each.claimed for each in (*first.items, *rest.items)] == [False, False, True]
    assert rest.next is None
    assert queue.list_newest(connection, kind, "others", None, 2).items == ()
    assert queue.list_newest(connection, "other", "friends", None, 2).items == ()


def test_a_lease_that_has_run_out_is_taken_over(
    connection: Connection, add: Callable[..., str]
) -> None:
    add()
    first = queue.claim(connection, _NO_TIME)
    second = queue.claim(connection, _MINUTE)
    assert first is not None
    assert second is not None
    assert (first.attempt, second.attempt) == (1, 2)
    assert not queue.renew(connection, first, _MINUTE)
    assert not queue.release(connection, first)
    assert not queue.finish(connection, first, _DONE)
    assert queue.renew(connection, second, _MINUTE)
    assert queue.finish(connection, second, _DONE)


def test_a_lease_that_is_renewed_is_not_taken_over(
    connection: Connection, add: Callable[..., str]
) -> None:
    add()
    lease = queue.claim(connection, _NO_TIME)
    assert lease is not None
    assert queue.renew(connection, lease, _MINUTE)
    assert queue.claim(connection, _MINUTE) is None


def test_a_job_ends_once(connection: Connection, add: Callable[..., str]) -> None:
    job_id = add()
    lease = queue.claim(connection, _NO_TIME)
    assert lease is not None
    # nobody took it over, so whoever is late may still finish
    assert queue.finish(connection, lease, _DONE)
    assert not queue.finish(connection, lease, Ending(State.FAILED))
    assert queue.claim(connection, _MINUTE) is None
    job = queue.find(connection, job_id)
    assert job is not None
    assert (job.state, job.message, job.info) == (State.SUCCEEDED, "well", "{}")
    assert job.finished_at is not None


def test_a_released_job_counts_as_never_claimed(
    connection: Connection, add: Callable[..., str]
) -> None:
    add()
    for _ in range(5):
        lease = queue.claim(connection, _MINUTE)
        assert lease is not None
        assert lease.attempt == 1
        assert queue.release(connection, lease)


def test_open_jobs_are_counted_by_who_wants_them(
    connection: Connection, add: Callable[..., str]
) -> None:
    for actor in ("ada", "ada", "bob"):
        add(actor)
    lease = queue.claim(connection, _MINUTE)
    assert lease is not None
    assert queue.count_open(connection, "ada") == 2
    queue.finish(connection, lease, Ending(State.FAILED, "broken"))
    assert queue.count_open(connection, "ada") == 1
    assert queue.count_open(connection, "eve") == 0
    found = queue.count_by_state(connection)
    assert found == {State.OPEN: 2, State.SUCCEEDED: 0, State.FAILED: 1}


def test_what_has_expired_is_not_found_and_then_deleted_with_all_that_belongs_to_it(
    connection: Connection, add: Callable[..., str]
) -> None:
    old, recent, waiting = add(), add(), add()
    for _ in (old, recent):
        lease = queue.claim(connection, _MINUTE)
        assert lease is not None
        queue.finish(connection, lease, _DONE)
        results.store(connection, lease.job, results.pack("time", [1, 2]))
        outbox.add(connection, lease.job.job_id, "sns", "topic", "body")
    long_ago = "2020-01-01T00:00:00.000000+00:00"
    both = jobs.c.job_id.in_([old, waiting])
    connection.execute(jobs.update().where(both).values(expires_at=long_ago))
    assert queue.find(connection, old) is None
    assert queue.has_expired(connection)
    assert queue.purge(connection) == 1
    assert not queue.has_expired(connection)
    assert queue.find(connection, recent) is not None
    # however long it waits, a job that nobody has worked on is not lost
    assert queue.find(connection, waiting) is not None
    for table in (parts, notices):
        assert len(connection.execute(table.select()).all()) == 1


@pytest.mark.parametrize("lease_time", [_MINUTE, _NO_TIME], ids=["in time", "always too late"])
def test_of_many_workers_exactly_one_finishes_each_job(
    own_engine: Engine, lease_time: timedelta
) -> None:
    with own_engine.begin() as connection:
        job = queue.NewJob("search", "ada", None, "{}")
        added = [queue.add(connection, job) for _ in range(20)]

    def work(_: int) -> list[str]:
        mine: list[str] = []
        while True:
            with own_engine.begin() as connection:
                lease = queue.claim(connection, lease_time)
            if lease is None:
                return mine
            with own_engine.begin() as connection:
                if queue.finish(connection, lease, _DONE):
                    mine.append(lease.job.job_id)

    with ThreadPoolExecutor(4) as pool:
        finished = [job for mine in pool.map(work, range(4)) for job in mine]
    assert sorted(finished) == sorted(added)


def test_those_who_add_for_one_actor_take_turns(own_engine: Engine) -> None:
    def add(_: int) -> bool:
        with own_engine.begin() as connection:
            queue.wait_for_turn(connection, "ada")
            if queue.count_open(connection, "ada") >= 5:
                return False
            queue.add(connection, queue.NewJob("search", "ada", None, "{}"))
            return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(add, range(40))) == 5


def test_how_far_the_work_is_stays_with_the_job_until_it_ends(
    connection: Connection, add: Callable[..., str]
) -> None:
    job_id = add()
    lease = queue.claim(connection, _MINUTE)
    assert lease is not None
    since = datetime(2026, 11, 29, 12, tzinfo=UTC)
    assert queue.renew(connection, lease, _MINUTE, JobProgress(250, 1000, since))
    job = queue.find(connection, job_id)
    assert job is not None
    assert job.progress is not None
    assert job.info is None
    assert job.progress.share == 0.25
    assert job.progress.left(since + timedelta(seconds=10)) == timedelta(seconds=30)
    assert queue.renew(connection, lease, _MINUTE)
    assert queue.finish(connection, lease, _DONE)
    ended = queue.find(connection, job_id)
    assert ended is not None
    assert (ended.progress, ended.info) == (None, "{}")


@pytest.mark.parametrize("total", [0, -1])
def test_nobody_tells_how_long_it_takes_where_the_whole_is_not_known(total: int) -> None:
    progress = JobProgress(10, total, datetime(2026, 11, 29, tzinfo=UTC))
    assert progress.share is None
    assert progress.left(datetime(2026, 11, 30, tzinfo=UTC)) is None
    assert JobProgress(0, 10, progress.since).left(progress.since) is None


def test_a_job_that_is_to_be_stopped_is_taken_from_its_worker(
    connection: Connection, add: Callable[..., str]
) -> None:
    job_id = add()
    lease = queue.claim(connection, _MINUTE)
    job = queue.find(connection, job_id)
    assert lease is not None
    assert job is not None
    assert queue.ask_to_stop(connection, job, "stopped by ada")
    assert not queue.ask_to_stop(connection, job, "stopped by ben")
    assert not queue.renew(connection, lease, _MINUTE)
    assert not queue.finish(connection, lease, _DONE)
    again = queue.claim(connection, _MINUTE)
    assert again is not None
    assert again.job.stopping
    assert again.job.message == "stopped by ada"
    assert queue.finish(connection, again, Ending(State.FAILED, again.job.message))
    assert not queue.ask_to_stop(connection, job, "stopped by ben")
