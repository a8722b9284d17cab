from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING

import structlog
from structlog.testing import LogCapture

from reknown.runtime.log import JsonHandler, json_log

if TYPE_CHECKING:
    import pytest


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_lines_of_one_kind_come_once_a_second_with_a_count() -> None:
    capture, clock = LogCapture(), _Clock()
    handler = JsonHandler(structlog.wrap_logger(None, processors=[capture]), clock)
    library = logging.getLogger("a library")
    library.addHandler(handler)
    library.propagate = False
    for turn in range(3):
        for number in range(1000):
            library.error("out of descriptors\nsocket %d", number)
        library.warning("something else")
        clock.now = turn + 1.0
    told = [(line["event"].split("\n")[0], line.get("left_out", 0)) for line in capture.entries]
    assert told == [
        ("out of descriptors", 0),
        ("something else", 0),
        ("out of descriptors", 999),
        ("something else", 0),
        ("out of descriptors", 999),
        ("something else", 0),
    ]
    for number in range(2000):  # what never comes again is forgotten
        library.error(f"kind {number}")
    assert len(handler._repeats._kinds) < 1000
    library.removeHandler(handler)


def test_a_log_that_nobody_reads_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    json_log().info("here")
    assert json.loads(capsys.readouterr().err)["event"] == "here"
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    log = json_log()
    stream.close()
    log.info("gone")
