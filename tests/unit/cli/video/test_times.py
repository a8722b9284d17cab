from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from reknown.biometrics.errors import InputError
from reknown.cli.video.times import moment


def test_moments_of_the_calendar() -> None:
    assert moment("2026-11-30") == datetime(2026, 11, 30, tzinfo=UTC)
    there = timezone(timedelta(hours=2))
    assert moment("2026-11-30T12:00+02:00") == datetime(2026, 11, 30, 12, tzinfo=there)
    for text in ("", "tomorrow", "2026-13-01", "30.11.2026"):
        with pytest.raises(InputError, match="is not a date"):
            moment(text)
