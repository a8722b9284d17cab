"""An end to what goes over a line: a timeout of a socket starts over with every byte."""

from __future__ import annotations

import math
import os
import socket
import time
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Deadline:
    """Cuts the lines that it covers once its time is over, in the middle of whatever is read.

    Its thread and its descriptors are there until then, or until it is closed: 0.1 ms an exchange.
    """

    __slots__ = ("_closed", "_due", "_lines", "_lock", "_thread", "passed")

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._due = time.monotonic() + seconds
        self._closed, self._lock = Event(), Lock()
        self._lines: list[socket.socket] = []
        self._thread = Thread(target=self._wait, daemon=True)
        self._thread.start()

    def cover(self, line: socket.socket) -> None:
        """Cuts this line as well; at once where the time is over."""
        # Another descriptor of the same line, which stays valid when TLS takes over the first.
        same = socket.socket(fileno=os.dup(line.fileno()))
        with self._lock:
            self._lines.append(same)
        if self.passed:
            self.cut()

    def put_off(self, until: float) -> None:
        """Another end, by the monotonic clock, not before the one that there was; maybe none."""
        self._due = until

    def cut(self) -> None:
        """The time is over."""
        self.passed = True
        self._leave(cut=True)

    def close(self) -> None:
        """Nothing is cut any more."""
        self._closed.set()
        self._thread.join()
        self._leave(cut=False)

    def _leave(self, *, cut: bool) -> None:
        with self._lock:
            for each in self._lines:
                with each, suppress(OSError):  # it may be gone already
                    if cut:
                        each.shutdown(socket.SHUT_RDWR)
            self._lines.clear()

    def _wait(self) -> None:
        while (left := self._due - time.monotonic()) > 0:
            if self._closed.wait(None if left == math.inf else left):
                return
        self.cut()


@contextmanager
def within(seconds: float) -> Iterator[Deadline]:
    """Raises `TimeoutError` in place of what comes of it that a line was cut."""
    deadline = Deadline(seconds)
    try:
        yield deadline
    except Exception as error:
        if deadline.passed:
            raise TimeoutError from error
        raise
    finally:
        deadline.close()
    # An answer that ends among its headers passes for a whole one.
    if deadline.passed:
        raise TimeoutError
