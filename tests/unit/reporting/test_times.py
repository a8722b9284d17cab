import pytest

from reknown.reporting.times import clock


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
