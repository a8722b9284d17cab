"""The hours of the week in which something is done, by the local clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from datetime import datetime

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_MINUTES = 24 * 60
_MOST_PARTS, _LONGEST = 50, 2000
_PART = re.compile(
    r"(?:(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))? +)?"
    r"(?P<from>\d{2}:\d{2})-(?P<until>\d{2}:\d{2})"
)


@dataclass(frozen=True, slots=True)
class Hours:
    """Minutes of the day, `start` inclusive and `end` exclusive, on `days` (0 is Monday).

    They go on after midnight where `end` is not behind `start`.
    """

    days: frozenset[int]
    start: int
    end: int

    def covers(self, day: int, minute: int) -> bool:
        """Whether that minute of that day is among them."""
        if self.start < self.end:
            return day in self.days and self.start <= minute < self.end
        began_before = (day - 1) % len(_DAYS) in self.days and minute < self.end
        return began_before or (day in self.days and minute >= self.start)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Hours, any of which will do."""

    hours: tuple[Hours, ...]

    def covers(self, moment: datetime) -> bool:
        """Whether it is time; `moment` is local."""
        minute = moment.hour * 60 + moment.minute
        return any(hours.covers(moment.weekday(), minute) for hours in self.hours)

    def next_start(self, moment: datetime) -> str:
        """When it begins after that, as a schedule says it: with the day unless it is the same."""
        now = moment.hour * 60 + moment.minute
        days, minutes = min(
            (later, hours.start)
            for hours in self.hours
            for later in range(len(_DAYS) + 1)
            if (moment.weekday() + later) % len(_DAYS) in hours.days
            and (later > 0 or hours.start > now)
        )
        day = f"{_DAYS[(moment.weekday() + days) % len(_DAYS)]} " if days else ""
        return f"{day}{minutes // 60:02}:{minutes % 60:02}"


def read_schedule(text: str) -> Schedule:
    """A schedule such as `mon-fri 08:00-18:00, sat 10:00-14:00`; raises `InputError`."""
    parts = text.strip().lower().split(",")
    if len(parts) > _MOST_PARTS or len(text) > _LONGEST:
        raise InputError(f"a schedule has {_MOST_PARTS} parts and {_LONGEST:,} characters at most")
    return Schedule(tuple(_hours(part.strip()) for part in parts))


def _hours(part: str) -> Hours:
    found = _PART.fullmatch(part)
    if found is None:
        raise _not_read(part)
    start, end = (_minutes(part, found[name]) for name in ("from", "until"))
    return Hours(_days(part, found["first"], found["last"]), start % _DAY_MINUTES, end)


def _days(part: str, first: str | None, last: str | None) -> frozenset[int]:
    if first is None:
        return frozenset(range(len(_DAYS)))
    if first not in _DAYS or (last or first) not in _DAYS:
        raise _not_read(part)
    start, end = _DAYS.index(first), _DAYS.index(last or first)
    return frozenset((start + n) % len(_DAYS) for n in range((end - start) % len(_DAYS) + 1))


def _minutes(part: str, clock: str) -> int:
    hour, minute = map(int, clock.split(":"))
    minutes = hour * 60 + minute
    if minute > 59 or minutes > _DAY_MINUTES:
        raise _not_read(part)
    return minutes


def _not_read(part: str) -> InputError:
    return InputError(
        f"{part[:60]!r} is no part of a schedule: write hours such as 'mon-fri 08:00-18:00, "
        "sat 10:00-14:00', or '22:00-06:00' for every night"
    )
