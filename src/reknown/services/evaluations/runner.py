"""Runs evaluations beside requests, in processes of their own that can be killed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from reknown.biometrics.errors import ReknownError
from reknown.services.background import BackgroundWork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reknown.services.evaluations.messages import EvaluationTask, Measured

_ADDRESS_SPACE = 8 * 2**30


class EvaluationError(ReknownError):
    """An evaluation came to nothing; the message says why."""


@dataclass(frozen=True, slots=True)
class EvaluationPlace:
    """The folders that may be evaluated, and where models and templates are kept."""

    folders: tuple[Path, ...] = ()
    cache: Path = Path("cache")
    packs: Path = Path("packs")


class EvaluationRunner:
    """The evaluations that this process has under way; safe for many threads."""

    def __init__(self, place: EvaluationPlace = EvaluationPlace()) -> None:
        self.place = place
        self.work = BackgroundWork()
        self._lock = threading.Lock()
        self._processes: set[subprocess.Popen[bytes]] = set()

    @property
    def at_work(self) -> int:
        """How many processes are under way."""
        with self._lock:
            return len(self._processes)

    def run(self, task: EvaluationTask, wanted: Callable[[int], bool]) -> Measured | None:
        """What came of it; None once nobody has `wanted` it any more.

        That is asked about every second, with how many pictures are done. Raises
        `EvaluationError`, and `InterruptedWorkError` when all of this is closed.
        """
        from reknown.services.evaluations.messages import (  # noqa: PLC0415 - reports load late
            MESSAGES,
            Looked,
            Measured,
        )

        with self._process(task) as process:
            assert process.stdout is not None
            for line in process.stdout:
                message = MESSAGES.decode(line)
                if isinstance(message, Measured):
                    return message
                if not isinstance(message, Looked):
                    raise EvaluationError(message.reason)
                if not wanted(message.done):
                    return None
        self.work.go_on()
        raise EvaluationError(f"the process that evaluates ended with status {process.returncode}")

    def close(self) -> None:
        """Kills what is under way and waits until it is noted."""
        self.work.close(self._kill)

    def _kill(self) -> None:
        with self._lock:
            processes = list(self._processes)
        for process in processes:
            process.kill()

    @contextmanager
    def _process(self, task: EvaluationTask) -> Iterator[subprocess.Popen[bytes]]:
        module = ("-I", "-m", "reknown.services.evaluations.child")
        words = (str(os.getpid()), str(_ADDRESS_SPACE))
        process = subprocess.Popen(  # noqa: S603 - our own module, no word of a stranger's
            [sys.executable, *module, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        with self._lock:
            self._processes.add(process)
        try:
            self.work.go_on()
            assert process.stdin is not None
            with suppress(BrokenPipeError), process.stdin:  # it ended already, its status says how
                process.stdin.write(msgspec.json.encode(task))
            yield process
        finally:
            process.kill()
            process.wait()
            assert process.stdin is not None
            with suppress(BrokenPipeError):
                process.stdin.close()
            with self._lock:
                self._processes.discard(process)
            assert process.stdout is not None
            process.stdout.close()
