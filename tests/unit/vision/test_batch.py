import threading
import time
from collections.abc import Iterator

import pytest

from reknown.vision.batch import available_cores, map_bounded


def test_results_come_in_order_however_long_each_takes() -> None:
    def work(item: int) -> int:
        time.sleep(0.002 * (item % 3))
        return item * item

    results = list(map_bounded(work, range(30), workers=4))
    assert results == [(i, i * i) for i in range(30)]


def test_only_a_few_items_are_taken_ahead() -> None:
    taken = []

    def items() -> Iterator[int]:
        for item in range(100):
            taken.append(item)
            yield item

    results = map_bounded(lambda item: item, items(), workers=2)
    for expected in range(50):
        assert next(results) == (expected, expected)
        assert len(taken) <= expected + 6
    results.close()  # type: ignore[attr-defined]


def test_several_threads_work_at_once() -> None:
    barrier = threading.Barrier(2, timeout=10)
    assert len(list(map_bounded(lambda _: barrier.wait(), range(4), workers=2))) == 4


def test_an_error_ends_it() -> None:
    def work(item: int) -> int:
        return 1 // (item - 3)

    results = map_bounded(work, range(10), workers=2)
    assert [next(results) for _ in range(3)] == [(0, -1), (1, -1), (2, -1)]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_nothing_gives_nothing() -> None:
    assert list(map_bounded(str, [])) == []
    assert available_cores() >= 1
