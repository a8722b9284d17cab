from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from reknown.api.fairness import Shares
from reknown.api.metrics import Metrics
from reknown.api.pool import Pool
from reknown.awswire.errors import WireError

if TYPE_CHECKING:
    from collections.abc import Awaitable


def _pool(slots: int, waiting: int, metrics: Metrics | None = None) -> Pool:
    return Pool("work", Shares(slots, waiting), metrics or Metrics())


def _throttled(metrics: Metrics, reason: str) -> float:
    (family,) = metrics.throttled.collect()
    mine = (each for each in family.samples if each.labels["reason"] == reason)
    return sum(each.value for each in mine if each.name.endswith("_total"))


async def _code(answer: Awaitable[object]) -> str:
    """The error's code, empty where there is none."""
    try:
        await answer
    except WireError as error:
        return error.code
    return ""


def test_more_than_there_is_room_for_is_refused_at_once() -> None:
    metrics, gate = Metrics(), threading.Event()

    def figures() -> tuple[str, ...]:
        lines = metrics.text(0).decode().splitlines()
        return tuple(
            line.rsplit(" ", 1)[1]
            for line in lines
            if line.startswith("reknown_pool") and '"work"' in line
        )

    async def run() -> list[bool]:
        pool = _pool(1, 2, metrics)
        tasks = [asyncio.ensure_future(pool.run("a", lambda: gate.wait(5))) for _ in range(3)]
        await asyncio.sleep(0)
        assert figures() == ("1.0", "2.0")
        assert await _code(pool.run("a", lambda: True)) == "ThrottlingException"
        assert _throttled(metrics, "room") == 1
        gate.set()
        answers = await asyncio.gather(*tasks)
        assert figures() == ("0.0", "0.0")
        assert await pool.run("a", lambda: 7) == 7
        pool.close(5)
        return answers

    assert asyncio.run(run()) == [True] * 3


def test_room_is_given_back_after_failures() -> None:
    def fail() -> None:
        raise ValueError("no")

    async def run() -> None:
        pool = _pool(1, 0)
        for _ in range(3):
            with pytest.raises(ValueError, match="no"):
                await pool.run("a", fail)
        pool.close(5)

    asyncio.run(run())


def test_another_key_does_not_wait_for_the_long_work_of_one() -> None:
    metrics, gate = Metrics(), threading.Event()

    async def run() -> None:
        pool = _pool(2, 10, metrics)
        flood = [asyncio.ensure_future(pool.run("a", lambda: gate.wait(60))) for _ in range(12)]
        await asyncio.sleep(0)
        # there is no room for it, and no slot but the one that is kept
        for _ in range(2):
            assert await pool.run("b", lambda: "done") == "done"
        gate.set()
        codes = await asyncio.gather(*map(_code, flood))
        assert sorted(codes) == [""] * 11 + ["ThrottlingException"]
        assert _throttled(metrics, "place") == 1
        pool.close(5)

    asyncio.run(run())


def test_a_turn_is_for_a_thread_that_need_not_wait() -> None:
    metrics = Metrics()

    async def run() -> None:
        pool = _pool(1, 10, metrics)
        with pool.turn("a") as first:
            assert first
            with pool.turn("a") as second:
                assert not second
            waiting = asyncio.ensure_future(pool.run("a", lambda: "after"))
            await asyncio.sleep(0)
            with pool.turn("b") as behind:  # a slot is free for it, but others were there before
                assert not behind
        assert await waiting == "after"
        pool.give_up()
        with pool.turn("a") as late:
            assert not late
        pool.close(5)

    asyncio.run(run())


def test_what_nobody_waits_for_any_more_is_not_done() -> None:
    gate, done = threading.Event(), []

    async def run() -> None:
        pool = _pool(1, 10)
        first = asyncio.ensure_future(pool.run("a", lambda: gate.wait(60)))
        second = asyncio.ensure_future(pool.run("a", lambda: done.append(2)))
        third = asyncio.ensure_future(pool.run("a", lambda: done.append(3)))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(first, third)
        pool.close(5)

    asyncio.run(run())
    assert done == [3]


def test_giving_up_answers_what_runs_and_what_waits() -> None:
    gate, begun = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        gate.wait(60)

    async def run() -> None:
        pool = _pool(1, 10)
        tasks = [asyncio.ensure_future(_code(pool.run("a", work))) for _ in range(3)]
        await asyncio.to_thread(begun.wait)
        pool.give_up()
        assert await asyncio.gather(*tasks) == ["ServiceUnavailableException"] * 3
        assert await _code(pool.run("b", lambda: None)) == "ServiceUnavailableException"
        pool.close(0)
        assert pool.at_work == 1
        gate.set()
        pool.close(60)
        assert pool.at_work == 0

    asyncio.run(run())


def test_closing_waits_for_what_has_begun() -> None:
    begun, done = threading.Event(), []

    def work() -> None:
        begun.set()
        done.append(threading.Event().wait(0.05))

    async def run() -> None:
        pool = _pool(1, 1)
        task = asyncio.ensure_future(pool.run("a", work))
        await asyncio.to_thread(begun.wait)
        pool.close(60)
        assert done == [False]
        await task

    asyncio.run(run())
