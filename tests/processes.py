"""Processes of this machine, as Linux lists them."""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


def children(parent: int, word: str = "") -> list[int]:
    """The running processes that `parent` started, with `word` in their command lines."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            after_name = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:  # it has ended meanwhile
            continue
        if int(after_name[1]) == parent and after_name[0] != "Z" and word in command:
            found.append(int(folder.name))
    return found


def running(process: int) -> bool:
    """Whether it is there and no corpse."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_for(condition: Callable[[], object], seconds: float = 120) -> None:
    """Returns when it holds; raises `TimeoutError`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(condition)
        time.sleep(0.02)


def child_of(parent: int, word: str) -> int:
    """The first process that `parent` starts with `word` in its command line."""
    wait_for(lambda: children(parent, word))
    return children(parent, word)[0]


def wait_for_end(process: int, seconds: float = 30) -> None:
    """Returns when it is no longer running; raises `TimeoutError`."""
    wait_for(lambda: not running(process), seconds)


@contextmanager
def stopped(process: int) -> Iterator[None]:
    """It does nothing meanwhile."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)
