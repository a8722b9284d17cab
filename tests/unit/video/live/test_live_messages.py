from __future__ import annotations

from math import inf, nan

import msgspec
import pytest

from reknown.video.live import messages
from reknown.video.live.messages import Beat, FrameShown, Over, encode, read_message


@pytest.mark.parametrize(
    "message",
    [
        Beat(3, 4, saving=True, still=0.5),
        FrameShown(1, 2, -3.5, 4.0, 640, 360),
        FrameShown(1, 2, None, 4.0, 640, 360),
        Over("REFUSED"),
    ],
)
def test_messages_come_back_as_they_were(message: messages.Message) -> None:
    assert read_message(encode(message)) == message


def shown(**changes: object) -> dict[str, object]:
    plain = {"want": 1, "number": 2, "stamp": 3.0, "arrived": 4.0, "width": 640, "height": 360}
    return {"type": "FrameShown"} | plain | changes


@pytest.mark.parametrize(
    "lie",
    [
        shown(stamp=nan),
        shown(stamp=inf),
        shown(stamp=1e300),
        shown(arrived=nan),
        shown(width=-1),
        shown(width=2**62),
        shown(number="2"),
        {"type": "Beat", "frames": -1, "bytes": 0, "saving": False, "still": 0.0},
        {"type": "Beat", "frames": 1, "bytes": 0, "saving": False, "still": inf},
        {"type": "Over", "trouble": "call this number"},
        {"type": "Open"},
        [],
    ],
)
def test_what_makes_no_sense_is_refused(lie: object) -> None:
    with pytest.raises(ValueError, match=r"no such|Expected|Invalid|missing"):
        read_message(msgspec.msgpack.encode(lie))


def test_what_is_asked_for_comes_back_as_it_was() -> None:
    assert messages.read_want(encode(messages.Want(3, 0.5))) == messages.Want(3, 0.5)
