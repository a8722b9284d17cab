"""Several processes that serve on one port: the first listens, the others share its socket."""

from __future__ import annotations

import os
import socket
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.runtime.parent import end_with
from reknown.runtime.supervisor import ProcessKind
from reknown.vision.batch import available_cores

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reknown.configuration import Server

# Where prometheus_client keeps figures that processes add up; read when it is imported.
_METRICS = "PROMETHEUS_MULTIPROC_DIR"
_WORKERS = "REKNOWN_SERVER__WORKERS"
# What is in flight is answered within ten seconds, or given up.
_STOP_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Sibling:
    """A process that `parent` started, with the socket that it listens on as a file."""

    parent: int
    file: int

    def listener(self) -> socket.socket | None:
        """The parent's socket; None where the parent has ended meanwhile."""
        if not end_with(self.parent):
            return None
        return socket.socket(fileno=self.file)


@contextmanager
def shared_metrics(server: Server) -> Iterator[None]:
    """Has the figures of all processes added up; to be entered before metrics are imported."""
    if server.processes == 1 or _METRICS in os.environ:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="reknown-metrics-") as folder:
        os.environ[_METRICS] = folder
        try:
            yield
        finally:
            del os.environ[_METRICS]


def slots_of(server: Server) -> int:
    """How many images one of the processes works on at once."""
    return server.workers or max(1, available_cores() // server.processes)


def environment(server: Server, common: Mapping[str, str]) -> dict[str, str]:
    """That of the others: the same settings, with as many slots."""
    return {**common, _WORKERS: str(slots_of(server))}


def kind_of(listener: socket.socket) -> ProcessKind:
    """The others on this socket."""
    return ProcessKind(
        "server",
        ("serve", "--listener", str(listener.fileno())),
        (listener.fileno(),),
        _STOP_SECONDS,
        _forget_figures,
    )


def _forget_figures(process: int) -> None:
    """What it had in work is not any more."""
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415

    if _METRICS in os.environ:
        mark_process_dead(process)  # type: ignore[no-untyped-call]
