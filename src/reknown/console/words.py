"""Figures and times as people read and write them."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from reknown.biometrics.errors import InputError


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 face`, `1,200 faces`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def moment(when: datetime) -> str:
    """In UTC to the second."""
    return when.strftime("%Y-%m-%d %H:%M:%S UTC")


def percent(similarity: float | None) -> str:
    """A similarity of 0 to 100; a score that has none is not shown as one."""
    return "not calibrated" if similarity is None else f"{similarity:.1f}"


def rate(share: float | None) -> str:
    """A rate as `1 in 10,000`."""
    if share is None:
        return "unknown"
    return "none" if share <= 0 else f"1 in {1 / share:,.0f}"


def few(number: float) -> str:
    """A number to two digits, and never as `2e-05`."""
    return format(Decimal(f"{number:.2g}"), "f")


def rough(duration: timedelta) -> str:
    """`about 3 minutes`, as nobody knows it better."""
    seconds = duration.total_seconds()
    if seconds < 90:
        return f"about {count(max(round(seconds), 1), 'second')}"
    if seconds < 5400:
        return f"about {count(round(seconds / 60), 'minute')}"
    return f"about {count(round(seconds / 3600), 'hour')}"


def whole(text: str, what: str) -> int:
    """The number that was written; raises `InputError`."""
    if not (text.isascii() and text.isdecimal()) or len(text) > 18:
        raise InputError(f"{text!r} is not the number of {what}")
    return int(text)


def similarity(text: str) -> float | None:
    """The number that was written, None for none; raises `InputError`."""
    try:
        return float(text) if text.strip() else None
    except ValueError as error:
        raise InputError(f"{text!r} is not a similarity: give a number from 0 to 100") from error


def local_moment(text: str) -> datetime | None:
    """The moment that was chosen, without a zone, None for none; raises `InputError`."""
    if not text.strip():
        return None
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=None)
    except ValueError as error:
        raise InputError(f"{text!r} is no time such as 2026-11-29T18:00") from error
