from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import video_findings
from reknown.biometrics.tracks import Observation, Shot
from reknown.video import messages
from reknown.vision.quality import with_magnitude
from video_faces import face

CLEAR = replace(face(), quality=with_magnitude(face().quality, 12.5))
SAID: list[messages.Message] = [
    messages.Progress(1, 2, 3),
    messages.FoundTrack(0, (Observation(5, face()),), (Shot(5, CLEAR, b"jpeg"),), b"\0" * 8),
    messages.ReadFrame(video_findings.reading().frames[1]),
    messages.TextRead(video_findings.INFO, "cd" * 32, "ef" * 32, ("cut off",), 9),
    messages.Failed("InvalidVideoError", "no video"),
]


@given(st.lists(st.integers(1, 50), max_size=60))
def test_messages_arrive_however_they_are_cut(sizes: list[int]) -> None:
    data = b"".join(messages.encode(message) for message in SAID)
    reader = messages.Reader()
    heard: list[messages.Message] = []
    for size in [*sizes, len(data)]:
        heard.extend(reader.feed(data[:size]))
        data = data[size:]
    assert heard == SAID


def test_what_is_no_message_is_refused() -> None:
    for lie in (
        msgspec.msgpack.encode({"type": "Progress", "done_ms": "soon"}),
        msgspec.msgpack.encode({"type": "Nonsense"}),
        msgspec.msgpack.encode([1, 2]),
        b"\xc1",
    ):
        with pytest.raises(ValueError, match="not a message"):
            list(messages.Reader().feed(len(lie).to_bytes(4, "little") + lie))


def test_a_message_longer_than_any_is_refused_before_it_is_read() -> None:
    with pytest.raises(ValueError, match="longer than any"):
        list(messages.Reader().feed((2**31).to_bytes(4, "little")))
