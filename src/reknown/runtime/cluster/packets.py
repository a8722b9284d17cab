"""Small tasks travel together: what Dask does for each takes it some milliseconds of processors."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event, Lock
from typing import TYPE_CHECKING

from reknown.biometrics.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Send = Callable[[Sequence[bytes]], Sequence[bytes] | None]

# An image of 256 KiB takes ten times what Dask does.
_MOST_TOGETHER, _MOST_BYTES = 4, 2**20
# The mean follows what came last.
_WEIGHT = 1 / 16
_FILL_SECONDS = 0.02


@dataclass(eq=False, slots=True)
class _Packet:
    """Tasks that travel together; `answers` is None where those ended who had them in work."""

    tasks: list[bytes] = field(default_factory=list)
    size: int = 0
    full: Event = field(default_factory=Event)
    done: Event = field(default_factory=Event)
    answers: Sequence[bytes] | None = None
    error: ClusterError | None = None


class Packets:
    """Makes packets of the tasks of many threads, each of which waits for its own answer.

    Who comes first waits a little for others and has `send` answer for all.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._lock = Lock()
        self._filling: _Packet | None = None
        self._mean_bytes = float(_MOST_BYTES)

    @property
    def together(self) -> int:
        """How many tasks of the present size make a packet."""
        return max(1, min(_MOST_TOGETHER, int(_MOST_BYTES / self._mean_bytes)))

    def answer(self, task: bytes, *, at_once: bool) -> bytes | None:
        """The answer to a task, None where processes ended; `at_once` waits for no others.

        Raises `ClusterError` as `send` does.
        """
        packet, place = self._join(task)
        if place == 0:
            if not at_once:
                packet.full.wait(_FILL_SECONDS)
            self._deliver(packet)
        packet.done.wait()
        if packet.error is not None:
            raise ClusterError(str(packet.error)) from packet.error
        return None if packet.answers is None else packet.answers[place]

    def _join(self, task: bytes) -> tuple[_Packet, int]:
        with self._lock:
            self._mean_bytes += _WEIGHT * (len(task) - self._mean_bytes)
            packet = self._filling = self._filling or _Packet()
            packet.tasks.append(task)
            packet.size += len(task)
            if len(packet.tasks) >= self.together or packet.size >= _MOST_BYTES:
                self._close(packet)
            return packet, len(packet.tasks) - 1

    def _close(self, packet: _Packet) -> None:
        if self._filling is packet:
            self._filling = None
        packet.full.set()

    def _deliver(self, packet: _Packet) -> None:
        with self._lock:
            self._close(packet)
        try:
            packet.answers = self._send(packet.tasks)
        except ClusterError as error:
            packet.error = error
        except BaseException:
            packet.error = ClusterError("given up")
            raise
        finally:
            packet.done.set()
