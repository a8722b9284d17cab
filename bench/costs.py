"""What a process and all that it has started spend, as Linux counts it."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_RESET_PEAKS = "5"


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor time counts in steps of 10 ms; `peak_mib` is the sum of what each held at most."""

    cpu_seconds: float
    wall_ms: float
    peak_mib: float
    more_mib: float


class Meter:
    """Measures from when it is made until `read`; children that ended between count with both."""

    def __init__(self, process: int) -> None:
        self._process = process
        family = _family(process)
        for member in family:
            _reset_peak(member)
        self._held = sum(map(_held, family))
        self._spent = sum(map(_spent, family))
        self._started = time.perf_counter()

    def read(self) -> Cost:
        """So far; for a process that is gone, what is left of it is nothing."""
        wall = time.perf_counter() - self._started
        family = _family(self._process)
        peak = sum(_status(member, "VmHWM") for member in family)
        spent = max(0.0, sum(map(_spent, family)) - self._spent)
        more = max(0.0, peak - self._held)
        return Cost(round(spent, 2), round(1000 * wall, 1), round(peak), round(more))


def kill_family(process: int) -> None:
    """Ends a process and all that it has started."""
    for member in _family(process):
        try:
            os.kill(member, 9)
        except ProcessLookupError:
            continue


def held_mib(process: int) -> float:
    """What it and all that it has started hold now, what they share counted once."""
    return sum(_line(f"/proc/{member}/smaps_rollup", "Pss") for member in _family(process))


def _family(process: int) -> list[int]:
    """The process first, then all that it and they have started."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and (words := _stat(int(folder.name))):
            children[int(words[1])].append(int(folder.name))
    found = [process]
    for member in found:
        found += children[member]
    return found


def _reset_peak(process: int) -> None:
    try:
        Path(f"/proc/{process}/clear_refs").write_text(_RESET_PEAKS, encoding="ascii")
    except OSError:
        return


def _held(process: int) -> float:
    return _status(process, "VmRSS")


def _status(process: int, name: str) -> float:
    return _line(f"/proc/{process}/status", name)


def _line(path: str, name: str) -> float:
    """In MiB; 0 for a process that is gone."""
    try:
        text = Path(path).read_text(encoding="ascii")
    except OSError:
        return 0.0
    lines = (line.split() for line in text.splitlines())
    return next((int(words[1]) / 1024 for words in lines if words[0] == f"{name}:"), 0.0)


def _spent(process: int) -> float:
    """Seconds of it and of its children that have ended and were waited for."""
    return sum(map(int, _stat(process)[11:15])) / _TICKS


def _stat(process: int) -> list[str]:
    """The words behind the name, nothing for a process that is gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    except (OSError, UnicodeDecodeError):
        return []
