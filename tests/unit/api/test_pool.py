from __future__ import annotations

import asyncio
import threading

import pytest

from reknown.api.metrics import Metrics
from reknown.api.pool import Pool
from reknown.awswire.errors import WireError


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
        pool = Pool("work", 1, 2, metrics)
        tasks = [asyncio.ensure_future(pool.run(lambda: gate.wait(5))) for _ in range(3)]
        await asyncio.sleep(0)
        assert figures() == ("1.0", "2.0")
        with pytest.raises(WireError) as caught:
            await pool.run(lambda: True)
        assert caught.value.code == "ThrottlingException"
        gate.set()
        answers = await asyncio.gather(*tasks)
        assert figures() == ("0.0", "0.0")
        assert await pool.run(lambda: 7) == 7
        pool.close(10)
        return answers

    assert asyncio.run(run()) == [True] * 3


def test_room_is_given_back_after_failures() -> None:
    def fail() -> None:
        raise ValueError("no")

    async def run() -> None:
        pool = Pool("work", 1, 0, Metrics())
        for _ in range(3):
            with pytest.raises(ValueError, match="no"):
                await pool.run(fail)
        pool.close(10)

    asyncio.run(run())


def test_closing_waits_for_what_has_begun() -> None:
    begun, done = threading.Event(), []

    def work() -> None:
        begun.set()
        done.append(threading.Event().wait(0.05))

    async def run() -> None:
        pool = Pool("work", 1, 1, Metrics())
        task = asyncio.ensure_future(pool.run(work))
        await asyncio.to_thread(begun.wait)
        pool.close(10)
        assert done == [False]
        await task

    asyncio.run(run())
