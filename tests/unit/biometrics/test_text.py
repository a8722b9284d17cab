import pytest

from reknown.biometrics.text import counted, one_in, printable, times


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (None, "-"),
        (1, "every one"),
        (0.5, "1 in 2"),
        (0.0123, "1 in 81"),
        (1e-4, "1 in 10,000"),
        (1.05e-6, "1 in 950,000"),
        (1e-6, "under 1 in 1,000,000"),
    ],
)
def test_rates_are_told_as_one_in_so_many(rate: float | None, text: str) -> None:
    assert one_in(rate) == text


def test_one_is_told_in_the_singular() -> None:
    assert [times(number) for number in (1, 2, 1000)] == ["once", "2 times", "1,000 times"]
    assert [counted(number, "day") for number in (0, 1, 7)] == ["0 days", "1 day", "7 days"]
    assert [counted(number, "person", "people") for number in (0, 1, 1200)] == [
        "0 people",
        "1 person",
        "1,200 people",
    ]


def test_control_characters_are_replaced() -> None:
    assert printable("a\x1b[2Jb\nc\u202e\udcff") == "a\ufffd[2Jb\ufffdc\ufffd\ufffd"
    assert printable("Zoë Łuk 山田 💡") == "Zoë Łuk 山田 💡"
