"""The processes that `reknown serve` runs beside itself: workers on videos, further servers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from structlog.typing import FilteringBoundLogger

_PROGRAM = "import sys; from reknown.cli.main import app; sys.argv[0] = 'reknown'; app()"
_PAUSE_SECONDS = 5.0
_POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class ProcessKind:
    """What processes are called, their command, files that they inherit, how long a stop takes.

    `ended` gets the number of a process that is gone.
    """

    name: str
    words: tuple[str, ...]
    files: tuple[int, ...] = ()
    stop_seconds: float = 5.0
    ended: Callable[[int], object] = lambda _: None


WORKER = ProcessKind("video worker", ("worker",))


class Supervisor:
    """Keeps as many processes of a kind running, in this environment.

    They run as long as the context, and die with this process whatever ends it.
    """

    def __init__(
        self,
        kind: ProcessKind,
        count: int,
        environment: Mapping[str, str],
        log: FilteringBoundLogger,
        pause: float = _PAUSE_SECONDS,
    ) -> None:
        self._kind = kind
        self._environment = environment
        self._pause = pause
        self._log = log
        self._stopping = threading.Event()
        self._places: list[_Place] = [_Place() for _ in range(count)]
        # Linux ends a child with the thread that started it, so all are started by one that stays.
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Supervisor:
        if self._places:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        if self._places:
            self._thread.join()

    def stop(self) -> None:
        """Tells them to end, without waiting for that."""
        self._stopping.set()

    def _watch(self) -> None:
        while not self._stopping.is_set():
            for place in self._places:
                self._fill(place)
            self._stopping.wait(_POLL_SECONDS)
        running = [place.process for place in self._places if place.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + self._kind.stop_seconds
        for process in running:
            _end(process, deadline - time.monotonic())

    def _fill(self, place: _Place) -> None:
        process = place.process
        if process is not None:
            status = process.poll()
            if status is None:
                return
            self._clean(process.pid)
            self._log.error(
                "a process ended and is started again",
                process=self._kind.name,
                status=status,
                reason=reason_of(status),
            )
            place.process = None
            place.not_before = time.monotonic() + self._pause
        if time.monotonic() >= place.not_before:
            try:
                place.process = self._started()
            except OSError as error:  # no memory, no descriptors, too many processes: for now
                self._log.error(
                    "a process cannot be started", process=self._kind.name, error=str(error)
                )
                place.not_before = time.monotonic() + self._pause

    def _clean(self, process: int) -> None:
        try:
            self._kind.ended(process)
        except Exception as error:  # the thread goes on, or all others would end with it
            self._log.error(
                "what a process left cannot be removed",
                process=self._kind.name,
                error=str(error),
            )

    def _started(self) -> subprocess.Popen[bytes]:
        # -P: nothing is imported from the folder that the server was started in
        words = (*self._kind.words, "--parent", str(os.getpid()))
        command = [sys.executable, "-P", "-c", _PROGRAM, *words]
        return subprocess.Popen(  # noqa: S603 - our own program
            command,
            env=self._environment,
            pass_fds=self._kind.files,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the server, which then stops it
        )


class _Place:
    """Where one process runs, or runs again from `not_before` on."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.not_before = 0.0


def reason_of(status: int) -> str:
    """What an exit status means, as `subprocess` gives it."""
    if status >= 0:
        return f"it ended with status {status}: its own lines say why"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"killed by {name}" + (", perhaps for lack of memory" if name == "SIGKILL" else "")


def _end(process: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        process.wait(max(seconds, 0))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
