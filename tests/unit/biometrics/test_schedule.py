from __future__ import annotations

from datetime import datetime

import pytest

from reknown.biometrics.errors import InputError
from reknown.biometrics.schedule import read_schedule

WEEK = "mon-fri 08:00-18:00, sat 10:00-14:00"


def local(day: int, clock: str) -> datetime:
    """That time of a day of a week that begins with Monday, the fifth of January."""
    return datetime.fromisoformat(f"2026-01-{5 + day:02} {clock}")


@pytest.mark.parametrize(
    ("text", "day", "clock", "covered"),
    [
        (WEEK, 0, "08:00", True),
        (WEEK, 0, "07:59", False),
        (WEEK, 4, "17:59", True),
        (WEEK, 4, "18:00", False),
        (WEEK, 5, "12:00", True),
        (WEEK, 5, "09:00", False),
        (WEEK, 6, "12:00", False),
        ("22:00-06:00", 3, "23:30", True),
        ("22:00-06:00", 3, "05:59", True),
        ("22:00-06:00", 3, "06:00", False),
        ("fri 22:00-06:00", 5, "05:00", True),
        ("fri 22:00-06:00", 4, "05:00", False),
        ("sat-mon 00:00-24:00", 6, "23:59", True),
        ("sat-mon 00:00-24:00", 0, "00:00", True),
        ("sat-mon 00:00-24:00", 1, "00:00", False),
        (" SUN  20:00-24:00 ", 6, "21:00", True),
        ("sun 22:00-02:00", 0, "01:00", True),
    ],
)
def test_hours_are_of_the_local_clock(text: str, day: int, clock: str, covered: bool) -> None:
    assert read_schedule(text).covers(local(day, clock)) is covered


@pytest.mark.parametrize(
    ("text", "day", "clock", "begins"),
    [
        (WEEK, 0, "07:59", "08:00"),
        (WEEK, 4, "18:00", "sat 10:00"),
        (WEEK, 5, "14:00", "mon 08:00"),
        ("22:00-06:00", 3, "06:00", "22:00"),
        ("sat 10:00-11:00", 5, "11:00", "sat 10:00"),
        ("sun 20:00-24:00, mon 00:00-01:00", 0, "01:00", "sun 20:00"),
    ],
)
def test_when_it_begins_next_is_said_as_schedules_say_it(
    text: str, day: int, clock: str, begins: str
) -> None:
    assert read_schedule(text).next_start(local(day, clock)) == begins


@pytest.mark.parametrize(
    "text", ["", "always", "mon", "mon 8-18", "mun 08:00-18:00", "08:60-10:00", "08:00-25:00", ","]
)
def test_what_is_no_schedule_is_told_with_an_example(text: str) -> None:
    with pytest.raises(InputError, match="mon-fri 08:00-18:00"):
        read_schedule(text)


def test_a_schedule_is_short() -> None:
    with pytest.raises(InputError, match="50 parts"):
        read_schedule(",".join(["08:00-09:00"] * 51))
