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


def test_as_many_work_at_once_as_there_may_be_now() -> None:
    most, working, seen = 1, 0, []
    lock = threading.Lock()

    def work(item: int) -> int:
        nonlocal working
        with lock:
            working += 1
            seen.append(working)
        time.sleep(0.005)
        with lock:
            working -= 1
        return item

    results = map_bounded(work, range(60), lambda: most)
    assert [next(results)[1] for _ in range(10)] == list(range(10))
    assert set(seen) == {1}
    most = 4
    assert [next(results)[1] for _ in range(30)] == list(range(10, 40))
    assert max(seen) == 4
    most = 1
    assert [next(results)[1] for _ in range(10)] == list(range(40, 50))
    seen.clear()
    assert [item for item, _ in results] == list(range(50, 60))
    assert set(seen) == {1}


@pytest.mark.parametrize("fails", [True, False])
def test_what_is_open_is_abandoned_before_it_is_waited_for(fails: bool) -> None:
    abandoned, all_begun = threading.Event(), threading.Barrier(3, timeout=30)
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        if item < 3:
            all_begun.wait()
        if item == 0:
            return 1 // (not fails)
        assert abandoned.wait(30)
        return item

    results = map_bounded(work, range(100), lambda: 3, abandoned.set)
    if fails:
        with pytest.raises(ZeroDivisionError):
            next(results)
    else:
        assert next(results) == (0, 1)
        results.close()  # type: ignore[attr-defined]
    assert abandoned.is_set()
    assert set(begun) <= {0, 1, 2, 3}  # the next one may take the first one's turn


def test_nothing_is_abandoned_that_was_done() -> None:
    abandoned = threading.Event()
    assert len(list(map_bounded(str, range(9), lambda: 2, abandoned.set))) == 9
    assert not abandoned.is_set()
