"""Moments of a video and of the calendar, for people."""

from __future__ import annotations

from datetime import UTC, datetime

from reknown.biometrics.errors import InputError


def clock(milliseconds: int) -> str:
    """A moment of a video to a tenth of a second: "0:01:23.4"."""
    tenths = (milliseconds + 50) // 100
    hours, minutes = tenths // 36_000, tenths // 600 % 60
    return f"{hours}:{minutes:02d}:{tenths // 10 % 60:02d}.{tenths % 10}"


def moment(text: str) -> datetime:
    """A date or a time such as 2026-11-30 or 2026-11-30T12:00, in UTC unless it says otherwise.

    Raises `InputError`.
    """
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{text!r} is no date: write 2026-11-30 or 2026-11-30T12:00") from error
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed
