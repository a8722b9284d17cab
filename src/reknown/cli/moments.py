"""Days and times that people write."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from reknown.biometrics.errors import InputError


def moment_of(text: str, *, ending: bool = False) -> datetime:
    """The time meant, UTC unless it says otherwise; of a day its beginning or its end."""
    try:
        return _read(text, ending=ending)
    except (ValueError, OverflowError):
        raise InputError(
            f"{text!r} is not a time: write 2026-11-28 or 2026-11-28T16:30, in UTC"
        ) from None


def _read(text: str, *, ending: bool) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return midnight + timedelta(days=1) if ending else midnight
