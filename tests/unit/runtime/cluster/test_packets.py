from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.biometrics.errors import ClusterError
from reknown.runtime.cluster.packets import Packets

Sender = Callable[[Sequence[bytes]], Sequence[bytes] | None]


class Workers:
    """Answers after a moment; notes what came together, and how much was in work at once."""

    def __init__(self, seconds: float = 0.0, fail: bytes = b"no such task") -> None:
        self._seconds = seconds
        self._fail = fail
        self._lock = threading.Lock()
        self._at_work = self.most = 0
        self.packets: list[int] = []

    def __call__(self, tasks: Sequence[bytes]) -> Sequence[bytes] | None:
        with self._lock:
            self._at_work += 1
            self.most = max(self.most, self._at_work)
            self.packets.append(len(tasks))
        time.sleep(self._seconds * len(tasks))
        with self._lock:
            self._at_work -= 1
        if self._fail in tasks:
            return None
        return [task[::-1] for task in tasks]


def _answers(packets: Packets, tasks: Sequence[bytes]) -> list[bytes | None]:
    with ThreadPoolExecutor(32) as pool:
        return list(pool.map(packets.answer, tasks))


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=60), st.integers(1, 5))
def test_each_gets_its_own_answer(tasks: list[bytes], threads: int) -> None:
    workers = Workers()
    assert _answers(Packets(workers, lambda: threads), tasks) == [task[::-1] for task in tasks]
    assert sum(workers.packets) == len(tasks)
    assert max(workers.packets, default=0) <= 8
    assert workers.most <= 2 * threads


def test_small_tasks_come_to_travel_together() -> None:
    workers = Workers(seconds=0.001)
    packets = Packets(workers, lambda: 2)
    assert packets.capacity == 4  # who knows how large they are?
    _answers(packets, [b"small %d" % number for number in range(400)])
    assert packets.capacity == 2 * 2 * 8
    assert len(workers.packets) < 130
    assert workers.packets.count(8) > 20


def test_large_tasks_travel_alone() -> None:
    workers = Workers(seconds=0.001)
    packets = Packets(workers, lambda: 2)
    _answers(packets, [bytes(2**20)] * 40)
    assert workers.packets == [1] * 40
    assert packets.capacity == 4


def test_all_of_a_packet_are_told_that_it_failed() -> None:
    packets = Packets(Workers(seconds=0.001, fail=b"deadly"), lambda: 1)
    tasks = [b"task %d" % number for number in range(100)]
    _answers(packets, tasks)
    found = _answers(packets, [*tasks, b"deadly", *tasks])
    assert found[100] is None
    assert 1 <= found.count(None) <= 8


def test_an_error_is_everybodys() -> None:
    def send(_: Sequence[bytes]) -> Sequence[bytes]:
        raise ClusterError("lost")

    packets = Packets(send, lambda: 1)
    with ThreadPoolExecutor(8) as pool:
        errors = [pool.submit(packets.answer, b"task").exception() for _ in range(8)]
    assert {str(error) for error in errors} == {"lost"}


def test_what_waits_is_never_sent_once_it_is_abandoned() -> None:
    begun, go_on = threading.Semaphore(0), threading.Event()
    sent: list[bytes] = []

    def send(tasks: Sequence[bytes]) -> Sequence[bytes]:
        sent.extend(tasks)
        begun.release()
        assert go_on.wait(30)
        return tasks

    packets = Packets(send, lambda: 1)
    with ThreadPoolExecutor(20) as pool:
        sent_at_once = [pool.submit(packets.answer, name) for name in (b"first", b"second")]
        begun.acquire()
        begun.acquire()
        late = pool.submit(packets.answer, b"third")
        deadline = time.monotonic() + 30
        while not packets._waiting and time.monotonic() < deadline:
            time.sleep(0.001)
        packets.abandon()
        with pytest.raises(ClusterError, match="given up"):
            late.result()
        go_on.set()
        assert [answer.result() for answer in sent_at_once] == [b"first", b"second"]
        assert packets.answer(b"fourth") == b"fourth"
    assert sorted(sent) == [b"first", b"fourth", b"second"]
