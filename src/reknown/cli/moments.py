"""Options that say from when to when."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import typer

from reknown.biometrics.errors import InputError

Since = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="TIME", help="From this day or time on, in UTC: 2026-11-28T16:30."
    ),
]
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="TIME", help="Through this day, or before this time, in UTC."),
]


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
