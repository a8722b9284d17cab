"""Moments of the calendar, as people write them."""

from __future__ import annotations

from datetime import UTC, datetime

from reknown.biometrics.errors import InputError


def moment(text: str) -> datetime:
    """A date or a time such as 2026-11-30 or 2026-11-30T12:00, in UTC unless it says otherwise.

    Raises `InputError`.
    """
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{text!r} is not a date: write 2026-11-30 or 2026-11-30T12:00") from error
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed
