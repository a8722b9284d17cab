from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from reknown.biometrics.errors import InputError
from reknown.cli.video.times import clock, moment


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [
        (0, "0:00:00.0"),
        (4960, "0:00:05.0"),
        (4949, "0:00:04.9"),
        (59_960, "0:01:00.0"),
        (3_599_960, "1:00:00.0"),
        (6 * 3_600_000 + 61_234, "6:01:01.2"),
    ],
)
def test_moments_of_a_video(milliseconds: int, shown: str) -> None:
    assert clock(milliseconds) == shown


def test_moments_of_the_calendar() -> None:
    assert moment("2026-11-30") == datetime(2026, 11, 30, tzinfo=UTC)
    there = timezone(timedelta(hours=2))
    assert moment("2026-11-30T12:00+02:00") == datetime(2026, 11, 30, 12, tzinfo=there)
    for text in ("", "tomorrow", "2026-13-01", "30.11.2026"):
        with pytest.raises(InputError, match="is no date"):
            moment(text)
