from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from structlog.testing import LogCapture

import processes
from reknown.configuration import Objects, Settings
from reknown.runtime.supervisor import WORKER, Supervisor, reason_of
from reknown.settings import environment_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = processes.needs_proc


@pytest.fixture
def capture() -> LogCapture:
    return LogCapture()


@pytest.fixture
def log(capture: LogCapture) -> Any:
    return structlog.wrap_logger(None, processors=[capture])


def _mine() -> list[int]:
    return processes.children(os.getpid(), " worker --parent ")


def test_each_place_has_a_worker_and_one_that_dies_is_replaced(
    tmp_path: Path, log: Any, capture: LogCapture
) -> None:
    settings = Settings(data=tmp_path / "data", objects=Objects(buckets=tmp_path))
    with Supervisor(WORKER, 2, environment_of(settings), log, pause=0.1):
        processes.wait_for(lambda: len(_mine()) == 2)
        one, other = _mine()
        os.kill(one, 9)
        processes.wait_for(lambda: capture.entries and len(_mine()) == 2)
        assert other in _mine()
        assert one not in _mine()
    assert _mine() == []
    (entry,) = capture.entries
    assert (entry["status"], entry["reason"]) == (
        -9,
        "killed by SIGKILL, perhaps for lack of memory",
    )


def test_what_fails_after_an_end_ends_nobody_else(log: Any, capture: LogCapture) -> None:
    def fail(_: int) -> None:
        raise FileNotFoundError("the folder of figures")

    failing = replace(WORKER, ended=fail)
    with Supervisor(failing, 1, {"REKNOWN_SERVER__PORT": "none"}, log, pause=0.1) as supervisor:
        processes.wait_for(lambda: len([e for e in capture.entries if "status" in e]) == 2)
        assert supervisor._thread.is_alive()
    assert "the folder of figures" in {entry.get("error") for entry in capture.entries}


def test_one_that_cannot_start_is_tried_again_after_a_pause(log: Any, capture: LogCapture) -> None:
    with Supervisor(WORKER, 1, {"REKNOWN_SERVER__PORT": "none"}, log, pause=0.1):
        processes.wait_for(lambda: len(capture.entries) == 2)
    assert {entry["status"] for entry in capture.entries} == {2}


def test_one_that_cannot_be_started_is_tried_again(
    log: Any, capture: LogCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/program")
    with Supervisor(WORKER, 1, {}, log, pause=0.1):
        processes.wait_for(lambda: len(capture.entries) == 2)
    assert {entry["event"] for entry in capture.entries} == {"a process cannot be started"}


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (0, "it ended with status 0: its own lines say why"),
        (-signal.SIGSEGV, "killed by SIGSEGV"),
        (-63, "killed by signal 63"),
    ],
)
def test_a_status_is_told_in_words(status: int, reason: str) -> None:
    assert reason_of(status) == reason


def test_none_is_wanted(log: Any) -> None:
    with Supervisor(WORKER, 0, {}, log):
        assert _mine() == []
