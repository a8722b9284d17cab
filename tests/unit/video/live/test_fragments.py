"""What a Kinesis video stream says of its fragments, and what it could not mean."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinesis_video import TOKEN, element, naming, size, tags
from reknown.biometrics.live import Fragment
from reknown.video.live.fragments import FragmentLog

SCALE = b"\x2a\xd7\xb1"


def cluster(clock: float, body: bytes = b"", *, step: int = 10**6) -> bytes:
    """One that begins at so many seconds."""
    begins = round(clock * 10**9 / step).to_bytes(8, "big")
    return element(b"\x1f\x43\xb6\x75", element(b"\xe7", begins) + body)


def sent(index: int, clock: float, body: bytes = b"pictures" * 40) -> bytes:
    """A fragment with its tags and its token."""
    named = naming(f"{900 + index}", f"{1000.5 + index:.3f}", f"{1000.1 + index:.3f}")
    behind = tags(AWS_KINESISVIDEO_MILLIS_BEHIND_NOW="0", **{TOKEN: f"token-{index}"})
    return b"\x1a\x45\xdf\xa3" + named + cluster(clock, body) + behind


def noted(*parts: bytes) -> FragmentLog:
    log = FragmentLog()
    for part in parts:
        log.note(part)
    return log


def number_at(log: FragmentLog, stamp: float) -> str | None:
    found = log.at(stamp)
    return None if found is None else found.number


def test_a_frame_is_in_the_last_fragment_that_had_begun() -> None:
    log = noted(sent(0, 50.0), sent(1, 51.0), sent(2, 52.5))
    assert log.at(49.9) is None
    assert log.at(50.0) == Fragment("900", 1000.5, 1000.1, 0.0)
    assert log.at(50.96) == Fragment("900", 1000.5, 1000.1, 0.96)
    # a millisecond that was lost in rounding
    assert log.at(50.9995) == Fragment("901", 1001.5, 1001.1, 0.0)
    assert log.at(52.4) == Fragment("901", 1001.5, 1001.1, 1.4)
    assert log.at(60.0) == Fragment("902", 1002.5, 1002.1, 7.5)
    assert log.token == "token-2"


@settings(deadline=None)
@given(st.lists(st.integers(0, 2000), max_size=40))
def test_it_is_the_same_wherever_the_bytes_are_cut(places: list[int]) -> None:
    stream = b"".join(sent(index, 50.0 + index) for index in range(3))
    cuts = sorted({0, len(stream), *(place for place in places if place < len(stream))})
    log = noted(*(stream[a:b] for a, b in pairwise(cuts)))
    assert log.token == "token-2"
    assert [number_at(log, 50.5 + index) for index in range(3)] == ["900", "901", "902"]


def test_it_is_the_same_byte_by_byte() -> None:
    stream = b"".join(sent(index, 50.0 + index) for index in range(3))
    log = noted(*(bytes([each]) for each in stream))
    assert log.token == "token-2"
    assert [number_at(log, 50.5 + index) for index in range(3)] == ["900", "901", "902"]


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.sampled_from(
                [
                    sent(0, 1.0),
                    b"\x1f\x43\xb6\x75",
                    b"\x1f\x43\xb6\x75\x01" + b"\xff" * 7 + b"\xe7\x88" + b"\xff" * 8,
                    b"AWS_KINESISVIDEO_FRAGMENT_NUMBER\x44\x87",
                    SCALE + b"\x88" + b"\xff" * 8,
                    SCALE + b"\x81\x00",
                ]
            ),
        ),
        max_size=30,
    ),
    st.floats(-1e18, 1e18),
)
def test_nothing_that_comes_is_an_error(parts: list[bytes], stamp: float) -> None:
    log = noted(*parts)
    found = log.at(stamp)
    assert found is None or (found.number == "900" and 0 <= found.offset_seconds <= 30)


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 6, 7, 8])
def test_a_token_is_as_long_as_it_says_wherever_it_is_cut(length: int) -> None:
    said = (7 | 1 << 7 * length).to_bytes(length, "big")
    stream = tags(**{TOKEN: "token-1"}).replace(size(7) + b"token-1", said + b"token-1")
    whole = len(stream)
    # as in one list of tags: the next begins with 0x67, which is a letter
    behind = tags(AWS_KINESISVIDEO_MILLIS_BEHIND_NOW="0")
    stream += behind[behind.index(b"\x67\xc8") :]
    for cut in range(len(stream) + 1):
        assert noted(stream[:cut]).token == ("token-1" if cut >= whole else None)


@pytest.mark.parametrize("token", ["", "two\nlines", "x" * 127 + "\x7f", "x" * 129])
def test_what_cannot_be_a_token_is_left_alone(token: str) -> None:
    assert noted(tags(**{TOKEN: token}) + b"g").token is None
    assert noted(tags(**{TOKEN: "before"}), tags(**{TOKEN: token}) + b"g").token == "before"


@pytest.mark.parametrize(
    ("number", "server", "producer"),
    [
        ("x", "1.0", "1.0"),
        ("", "1.0", "1.0"),
        ("9" * 129, "1.0", "1.0"),
        ("-9", "1.0", "1.0"),
        ("9", "soon", "1.0"),
        ("9", "1.0", "nan"),
        ("9", "1.0", "inf"),
        ("9", "1e3", "1.0"),
        ("9", "-1.0", "1.0"),
        ("9", "1.0", "9" * 11),
        ("9", "1.", "1.0"),
        ("9", "1.0", "1.0\n"),
    ],
)
def test_tags_that_say_nothing_are_of_no_fragment(number: str, server: str, producer: str) -> None:
    log = noted(sent(0, 50.0), naming(number, server, producer) + cluster(51.0), sent(2, 52.0))
    assert [number_at(log, 50.5 + index) for index in range(3)] == ["900", None, "902"]


def test_a_fragment_without_tags_is_not_the_one_before() -> None:
    half = tags(AWS_KINESISVIDEO_FRAGMENT_NUMBER="901")
    log = noted(sent(0, 50.0), cluster(51.0), half + cluster(52.0), sent(3, 53.0))
    assert [number_at(log, 50.5 + index) for index in range(4)] == ["900", None, None, "903"]


def test_tags_in_another_order_are_the_same() -> None:
    turned = tags(
        AWS_KINESISVIDEO_PRODUCER_TIMESTAMP="7",
        AWS_KINESISVIDEO_FRAGMENT_NUMBER="901",
        AWS_KINESISVIDEO_SERVER_TIMESTAMP="8.25",
    )
    assert noted(turned + cluster(51.0)).at(51.5) == Fragment("901", 8.25, 7.0, 0.5)


def test_where_the_clock_begins_again_what_was_before_is_forgotten() -> None:
    log = noted(sent(0, 50.0), sent(1, 51.0), sent(2, 0.0), sent(3, 1.0))
    assert [number_at(log, stamp) for stamp in (0.5, 1.5)] == ["902", "903"]
    assert log.at(51.5) is None


def test_no_frame_is_in_a_fragment_that_is_long_over() -> None:
    assert noted(sent(0, 50.0)).at(80.1) is None


def test_only_the_last_ones_are_remembered() -> None:
    log = noted(*(sent(index, 50.0 + index) for index in range(500)))
    assert [number_at(log, stamp) for stamp in (50.5, 421.5, 422.5, 549.5)] == [
        None,
        None,
        "1272",
        "1399",
    ]


def test_the_clock_may_have_other_steps() -> None:
    fine = element(SCALE, (10_000).to_bytes(2, "big"))
    named = naming("900", "1", "1")
    log = noted(fine + named + cluster(50.0, step=10_000))
    assert number_at(log, 50.5) == "900"
    assert log.at(49.0) is None


def test_whoever_films_cannot_name_a_fragment_in_the_pictures() -> None:
    lie = naming("666", "6", "6") + cluster(50.2) + tags(**{TOKEN: "lie"})
    log = noted(sent(0, 50.0, lie * 3)[:-200], b"")
    assert (log.token, number_at(log, 50.5)) == (None, "900")
    log = noted(sent(0, 50.0, lie * 3), sent(1, 51.0))
    assert [number_at(log, 50.5), number_at(log, 51.5), log.token] == ["900", "901", "token-1"]


def test_a_cluster_of_unknown_length_is_one_all_the_same() -> None:
    known = cluster(51.0)
    unknown = known.replace(size(len(known) - 8), b"\x01" + b"\xff" * 7, 1)
    assert unknown != known
    log = noted(sent(0, 50.0), naming("901", "8", "7") + unknown, sent(2, 52.0))
    assert [number_at(log, 50.5 + index) for index in range(3)] == ["900", "901", "902"]


def test_a_checksum_may_come_before_the_time() -> None:
    known = cluster(51.0)
    body = b"\xbf\x84summ" + known[8:]
    log = noted(naming("901", "8", "7") + element(b"\x1f\x43\xb6\x75", body))
    assert number_at(log, 51.5) == "901"
