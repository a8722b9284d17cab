from __future__ import annotations

import signal
import threading
from contextlib import closing
from typing import Any

import pytest
import structlog
from structlog.testing import LogCapture

from reknown.biometrics.errors import InputError
from reknown.runtime.last_words import last_words


@pytest.fixture
def capture() -> LogCapture:
    return LogCapture()


@pytest.fixture
def log(capture: LogCapture) -> Any:
    return structlog.wrap_logger(None, processors=[capture])


class _Open:
    def __init__(self, closed: list[str]) -> None:
        self._closed = closed

    def close(self) -> None:
        self._closed.append("closed")


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 128 + signal.SIGINT)]
)
def test_a_signal_ends_it_in_order(
    log: Any, capture: LogCapture, number: signal.Signals, status: int
) -> None:
    closed: list[str] = []
    before = signal.getsignal(number)
    with pytest.raises(SystemExit) as caught, last_words(log), closing(_Open(closed)):
        signal.raise_signal(number)
    assert (caught.value.code, closed) == (status, ["closed"])
    assert [(line["event"], line["reason"]) for line in capture.entries] == [
        ("stopping", number.name)
    ]
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("error", [ZeroDivisionError("a fault"), ImportError("cv2")])
def test_a_fault_is_told_with_its_traceback(
    log: Any, capture: LogCapture, error: Exception
) -> None:
    with pytest.raises(SystemExit) as caught, last_words(log):
        raise error
    assert caught.value.code == 2
    (line,) = capture.entries
    assert (line["event"], line["exc_info"]) == ("ended by a fault", True)


def test_a_library_that_just_exits_does_not_do_so_silently(log: Any, capture: LogCapture) -> None:
    with pytest.raises(SystemExit), last_words(log):
        raise SystemExit(3)
    assert [(line["event"], line["status"]) for line in capture.entries] == [
        ("ended by a fault", 3)
    ]


def test_lack_of_memory_needs_none_to_be_told(
    log: Any, capture: LogCapture, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught, last_words(log):
        raise MemoryError
    assert caught.value.code == 2
    assert not capture.entries
    assert "ended for lack of memory" in capfd.readouterr().err


def test_what_the_command_line_tells_is_left_to_it(log: Any, capture: LogCapture) -> None:
    with pytest.raises(InputError), last_words(log):
        raise InputError("a port is in use")
    assert not capture.entries


def test_threads_have_last_words_too(log: Any, capture: LogCapture) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with last_words(log):
        thread = threading.Thread(target=fail, name="helper")
        thread.start()
        thread.join()
    assert [(line["event"], line["thread"]) for line in capture.entries] == [
        ("a thread ended by a fault", "helper")
    ]
