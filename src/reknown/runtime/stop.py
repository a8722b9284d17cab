"""The server's event loop, and its end within seconds whatever is in flight."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from types import FrameType

    from structlog.typing import FilteringBoundLogger

    from reknown.api.bodies import Bodies
    from reknown.api.connections import ConnectionLimits
    from reknown.api.http import Edge

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
# Of connections that wait to be accepted; the loop accepts fewer in one turn.
_BACKLOG = 512
# After the last answer: for connections, then for all that is left of the process.
_CONNECTION_SECONDS = 1.0
_END_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Stop:
    """What has to be told that the server stops, and how long each may take.

    `on_stop` is called at once and must return at once.
    """

    edge: Edge
    bodies: Bodies
    limits: ConnectionLimits
    on_stop: Callable[[], None]

    @property
    def log(self) -> FilteringBoundLogger:
        """Where the last lines go."""
        return self.edge.gateway.log

    def begin(self) -> None:
        """In the event loop, once."""
        self.on_stop()
        self.bodies.stop(self.limits.rest_seconds)
        self.edge.streams.stop()
        asyncio.get_running_loop().call_later(self.limits.stop_seconds, self._give_up)
        # A database that is locked or a loop that hangs is not waited for: what was acknowledged
        # is on disk.
        last = threading.Timer(self.limits.stop_seconds + _END_SECONDS, self._end)
        last.daemon = True
        last.start()

    def _give_up(self) -> None:
        for pool in self.edge.pools:
            pool.give_up()

    def _end(self) -> None:
        self.log.error("ended by force: stopping took too long")
        os._exit(1)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Not SIG_IGN, which processes that are started would inherit."""


class StoppableServer(uvicorn.Server):
    """uvicorn's server, which stops in order and lets its caller end the process.

    uvicorn itself raises the signal again, which would end the process with everything open.
    """

    def __init__(self, config: uvicorn.Config, stop: Stop) -> None:
        config.timeout_graceful_shutdown = stop.limits.stop_seconds + _CONNECTION_SECONDS  # type: ignore[assignment]
        super().__init__(config)
        self._stop = stop
        self.stopped_by: signal.Signals | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handles SIGTERM and SIGINT, where that is possible."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in _SIGNALS}
        try:
            yield
        finally:
            # once told, the process is not to be disturbed while it closes what is open
            handlers = before if self.stopped_by is None else dict.fromkeys(before, _ignore)
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Notes the first signal; Ctrl-C again does not wait for anybody."""
        self.stopped_by = self.stopped_by or signal.Signals(sig)
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listens, with room for more than are accepted at a time."""
        await super().startup(sockets)
        for each in sockets or []:
            each.listen(_BACKLOG)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Takes nothing in any more, finishes what it can, and tells the rest."""
        self._stop.log.info("stopping", reason=self.stopped_by and self.stopped_by.name)
        self._stop.begin()
        await super().shutdown(sockets)
