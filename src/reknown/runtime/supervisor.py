"""The worker processes that `reknown serve` runs beside itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from structlog.typing import FilteringBoundLogger

_WORKER = "import sys; from reknown.cli.main import app; sys.argv[0] = 'reknown'; app()"
_PAUSE_SECONDS = 5.0
_POLL_SECONDS = 0.5
_STOP_SECONDS = 2.0


class WorkerSupervisor:
    """Keeps as many processes of `reknown worker` running, in this environment.

    They run as long as the context, and die with this process whatever ends it.
    """

    def __init__(
        self,
        count: int,
        environment: Mapping[str, str],
        log: FilteringBoundLogger,
        pause: float = _PAUSE_SECONDS,
    ) -> None:
        self._environment = environment
        self._pause = pause
        self._log = log
        self._stopping = threading.Event()
        self._places: list[_Place] = [_Place() for _ in range(count)]
        # Linux ends a child with the thread that started it, so all are started by one that stays.
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> WorkerSupervisor:
        if self._places:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        if self._places:
            self._thread.join()

    def _watch(self) -> None:
        while not self._stopping.is_set():
            for place in self._places:
                self._fill(place)
            self._stopping.wait(_POLL_SECONDS)
        running = [place.process for place in self._places if place.process is not None]
        for process in running:
            process.terminate()
        for process in running:
            _end(process)

    def _fill(self, place: _Place) -> None:
        process = place.process
        if process is not None:
            status = process.poll()
            if status is None:
                return
            self._log.error(
                "a video worker ended and is started again", status=status, reason=_reason(status)
            )
            place.process = None
            place.not_before = time.monotonic() + self._pause
        if time.monotonic() >= place.not_before:
            # -P: nothing is imported from the folder that the server was started in
            command = [sys.executable, "-P", "-c", _WORKER, "worker"]
            command += ["--parent", str(os.getpid())]
            place.process = subprocess.Popen(  # noqa: S603 - our own program
                command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the server, which then stops it
            )


class _Place:
    """Where one worker runs, or runs again from `not_before` on."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.not_before = 0.0


def _reason(status: int) -> str:
    if status == -signal.SIGKILL:
        return "SIGKILL, perhaps for lack of memory"
    return signal.Signals(-status).name if status < 0 else "see its own last line"


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
