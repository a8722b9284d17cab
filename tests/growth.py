"""How work grows with its input: a measure that a busy machine does not change."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Input = TypeVar("_Input")


def growth(work: Callable[[_Input], object], small: _Input, large: _Input) -> float:
    """How many times as long this thread computes on `large` as on `small`; best of three each.

    Where `large` is 8 times the size, linear work gives about 8 and quadratic work 64. What
    takes less than a millisecond counts as one.
    """
    return _seconds(work, large) / max(_seconds(work, small), 0.001)


def _seconds(work: Callable[[_Input], object], value: _Input) -> float:
    return min(_once(work, value) for _ in range(3))


def _once(work: Callable[[_Input], object], value: _Input) -> float:
    began = time.thread_time()
    work(value)
    return time.thread_time() - began


def calls(work: Callable[[], object]) -> int:
    """How many functions are called, those in C included."""
    count = 0

    def called(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count
