"""Small tasks travel together: what Dask does for each takes it some milliseconds of processors."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Condition, Event
from typing import TYPE_CHECKING

from reknown.biometrics.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Send = Callable[[Sequence[bytes]], Sequence[bytes] | None]

# An image of 128 KiB takes some ten times what Dask does.
_MOST_TOGETHER, _MOST_BYTES = 8, 2**20
# One in work, and one on the way.
_A_THREAD = 2
# The mean follows what came last.
_WEIGHT = 1 / 16
_LOOK_SECONDS = 0.2


@dataclass(eq=False, slots=True)
class _Packet:
    """Tasks that travel together; `answers` is None where those ended who had them in work."""

    tasks: list[bytes] = field(default_factory=list)
    size: int = 0
    done: Event = field(default_factory=Event)
    answers: Sequence[bytes] | None = None
    error: ClusterError | None = None


class Packets:
    """Makes packets of the tasks of many threads, each of which waits for its own answer.

    Who comes first has `send` answer for all: when the packet is full, or some of the cluster's
    `threads` have nothing to do. While each has two packets, no more are sent.
    """

    def __init__(self, send: Send, threads: Callable[[], int]) -> None:
        self._send = send
        self._threads = threads
        self._changed = Condition()
        self._filling: _Packet | None = None
        self._waiting: set[_Packet] = set()
        self._sent = 0
        self._mean_bytes = float(_MOST_BYTES)

    @property
    def capacity(self) -> int:
        """How many tasks of the present size fill all packets that may be sent."""
        return self._threads() * _A_THREAD * self._together

    def answer(self, task: bytes) -> bytes | None:
        """The answer to a task, None where processes ended; raises as `send` does."""
        packet, place = self._join(task)
        if place == 0:
            self._deliver(packet)
        packet.done.wait()
        if packet.error is not None:
            raise ClusterError(str(packet.error)) from packet.error
        return None if packet.answers is None else packet.answers[place]

    def abandon(self) -> None:
        """Sends none of those that wait to be."""
        with self._changed:
            self._filling = None
            for packet in self._waiting:
                packet.error = ClusterError("given up")
            self._changed.notify_all()

    @property
    def _together(self) -> int:
        return max(1, min(_MOST_TOGETHER, int(_MOST_BYTES / self._mean_bytes)))

    def _join(self, task: bytes) -> tuple[_Packet, int]:
        with self._changed:
            self._mean_bytes += _WEIGHT * (len(task) - self._mean_bytes)
            packet = self._filling = self._filling or _Packet()
            self._waiting.add(packet)
            packet.tasks.append(task)
            packet.size += len(task)
            if len(packet.tasks) >= self._together or packet.size >= _MOST_BYTES:
                self._filling = None
                self._changed.notify_all()
            return packet, len(packet.tasks) - 1

    def _may_go(self, packet: _Packet) -> bool:
        threads = self._threads()
        most = threads if packet is self._filling else threads * _A_THREAD
        return self._sent < most or packet.error is not None

    def _deliver(self, packet: _Packet) -> None:
        with self._changed:
            while not self._may_go(packet):
                self._changed.wait(_LOOK_SECONDS)
            if packet is self._filling:
                self._filling = None
            self._waiting.remove(packet)
            self._sent += 1
        try:
            if packet.error is None:
                packet.answers = self._send(packet.tasks)
        except ClusterError as error:
            packet.error = error
        except BaseException:
            packet.error = ClusterError("given up")
            raise
        finally:
            packet.done.set()
            with self._changed:
                self._sent -= 1
                self._changed.notify_all()
