from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from reknown.runtime.log import JsonHandler

if TYPE_CHECKING:
    import pytest


class Lines:
    """What would be written."""

    def __init__(self) -> None:
        self.all: list[tuple[str, dict[str, Any]]] = []

    def log(self, _level: int, text: str, **more: Any) -> None:
        self.all.append((text, more))


def record(text: str, at: float, *arguments: object, name: str = "asyncio") -> logging.LogRecord:
    made = logging.LogRecord(name, logging.ERROR, "file.py", 1, text, arguments, None)
    made.created = at
    return made


def test_the_same_again_within_a_second_is_counted() -> None:
    lines = Lines()
    handler = JsonHandler(lines)  # type: ignore[arg-type]
    for number in range(1000):
        handler.emit(record("out of %s", 100 + number / 1000, number))
    handler.emit(record("out of %s", 101.5, "files"))
    handler.emit(record("something else", 101.5))
    assert [(text, more.get("left_out")) for text, more in lines.all] == [
        ("out of 0", None),
        ("out of files", 999),
        ("something else", None),
    ]


def test_what_differs_is_written(caplog: pytest.LogCaptureFixture) -> None:
    lines = Lines()
    handler = JsonHandler(lines)  # type: ignore[arg-type]
    for number in range(500):  # however many kinds there are
        handler.emit(record(f"kind {number}", 100.0))
    assert len(lines.all) == 500
    assert len(handler._last) <= 100
