"""A small server that speaks like Kinesis Video Streams, asked by boto3."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from broadcasts import Visitor, film, number_of, station, steady
from reknown.video.live.camera import LiveCamera
from reknown.video.live.cameras import Camera, CameraKind
from reknown.video.live.frames import CameraState
from reknown.video.live.kinesis import whole_tokens
from watching import QUICK, frames, said, watch

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECTED, LOST, REFUSED = CameraState.CONNECTED, CameraState.LOST, CameraState.REFUSED
ARN = "arn:aws:kinesisvideo:eu-west-1:123456789012:stream/gate/1700000000000"


TOKEN = "AWS_KINESISVIDEO_CONTINUATION_TOKEN"


def element(name: bytes, body: bytes) -> bytes:
    """An element of Matroska, its size in eight bytes."""
    return name + (len(body) | 1 << 56).to_bytes(8, "big") + body


def tags(**values: str) -> bytes:
    simple = b"".join(
        element(
            b"\x67\xc8",
            b"\x45\xa3" + bytes([0x80 | len(name)]) + name.encode()
            + b"\x44\x87" + bytes([0x80 | len(value)]) + value.encode(),
        )
        for name, value in values.items()
    )  # fmt: skip
    return element(b"\x12\x54\xc3\x67", element(b"\x73\x73", simple))


def _own(visitor: Visitor) -> str:
    return f"http://{visitor.handler.headers['Host']}"


@dataclass
class Kinesis:
    """A stream of fragments of a second, each a document of its own as Amazon sends them."""

    whole: int = 100
    hangs: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)
    endpoint: Callable[[Visitor], str] = _own
    error: str = ""

    def __post_init__(self) -> None:
        self._fragments = [
            b"".join(data for _, data in film(steady(1), container="matroska", start=100.0 + n))
            for n in range(30)
        ]

    def routes(self) -> dict[str, Callable[[Visitor], None]]:
        return {"/getDataEndpoint": self._say_where, "/getMedia": self._send}

    def _say_where(self, visitor: Visitor) -> None:
        self._read(visitor)
        if self.error:
            headers = {"x_amzn_ErrorType": self.error}
            visitor.begin("application/json", status=400, **headers)
            visitor.send(b'{"Message": "s3cret"}')
            return
        visitor.begin("application/json")
        visitor.send(json.dumps({"DataEndpoint": self.endpoint(visitor)}).encode())

    def _send(self, visitor: Visitor) -> None:
        order = self._read(visitor)
        self.asked.append(order)
        token = order["StartSelector"].get("ContinuationToken", "token-0")
        visitor.begin("video/x-matroska")
        since, first = time.monotonic(), int(token.removeprefix("token-"))
        for number in range(first, min(first + self.whole, len(self._fragments))):
            behind = {"AWS_KINESISVIDEO_MILLIS_BEHIND_NOW": "0"}
            said = tags(**{TOKEN: f"token-{number + 1}"}, **behind)
            visitor.play([(number - first, self._fragments[number] + said)], since)
        if self.hangs:
            visitor.gone.wait(60)

    def _read(self, visitor: Visitor) -> dict[str, Any]:
        headers = visitor.handler.headers
        assert "Credential=AKIA" in headers["Authorization"]
        body = visitor.handler.rfile.read(int(headers["Content-Length"]))
        order: dict[str, Any] = json.loads(body)
        assert order["StreamARN"] == ARN
        return order


def gate(address: str) -> Camera:
    return Camera(
        "gate", CameraKind.KINESIS, address, "AKIA", "s3cret", arn=ARN, region="eu-west-1"
    )


def test_a_kinesis_video_stream_is_watched_from_now_on() -> None:
    kinesis = Kinesis()
    with station(kinesis.routes()) as here, LiveCamera(gate(here.address), QUICK) as cam:
        seen = watch(cam, lambda seen: seen.frames and seen.frames[-1].time_ms > 4000)
    assert seen.states == [CONNECTED]
    assert kinesis.asked[0]["StartSelector"] == {"StartSelectorType": "NOW"}
    assert all(before.time_ms < after.time_ms for before, after in pairwise(seen.frames))
    assert number_of(seen.frames[-1].pixels) in range(26)


def test_a_lost_connection_goes_on_where_it_was_lost() -> None:
    kinesis = Kinesis(whole=3)
    with station(kinesis.routes()) as here, LiveCamera(gate(here.address), QUICK) as cam:
        seen = watch(cam, said(LOST, CONNECTED))
        seen = watch(cam, frames(len(seen.frames) + 3), seen)
    assert "broke off" in seen.reasons[1]
    assert kinesis.asked[1]["StartSelector"] == {
        "StartSelectorType": "CONTINUATION_TOKEN",
        "ContinuationToken": "token-3",
    }
    assert all(before.time_ms <= after.time_ms for before, after in pairwise(seen.frames))


def test_a_stream_that_falls_silent_is_frozen() -> None:
    kinesis = Kinesis(whole=2, hangs=True)
    patient = replace(QUICK, silent=8.0)  # a busy machine takes long for the first frame
    with station(kinesis.routes()) as here, LiveCamera(gate(here.address), patient) as cam:
        seen = watch(cam, lambda seen: seen.states[-1:] == [CONNECTED] and len(seen.states) > 1)
    # to connect again may take several attempts there
    assert seen.states[:2] == [CONNECTED, CameraState.FROZEN]


def test_what_was_missed_for_long_is_not_made_up_for() -> None:
    kinesis = Kinesis(whole=2)
    limits = replace(QUICK, ahead=2.0, first_wait=3.0, longest_wait=3.0)
    with station(kinesis.routes()) as here, LiveCamera(gate(here.address), limits) as cam:
        watch(cam, said(LOST, CONNECTED))
    assert [each["StartSelector"]["StartSelectorType"] for each in kinesis.asked] == ["NOW"] * 2


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        ("NotAuthorizedException", REFUSED, "user and password"),
        ("ResourceNotFoundException", LOST, "no such stream"),
        ("InternalFailure", LOST, "cannot be reached"),
    ],
)
def test_what_the_endpoint_refuses_is_said_in_our_words(
    error: str, state: CameraState, reason: str
) -> None:
    routes = Kinesis(error=error).routes()
    with station(routes) as here, LiveCamera(gate(here.address), QUICK) as cam:
        seen = watch(cam, said(state))
    assert reason in seen.reasons[0]
    assert "s3cret" not in seen.reasons[0]


def test_a_redirect_of_the_endpoint_is_not_followed() -> None:
    with station(Kinesis().routes()) as elsewhere:

        def route(visitor: Visitor) -> None:
            visitor.begin(status=307, Location=f"{elsewhere.address}/getDataEndpoint")

        with (
            station({"/getDataEndpoint": route}) as here,
            LiveCamera(gate(here.address), QUICK) as cam,
        ):
            seen = watch(cam, said(LOST))
        assert elsewhere.visits == []
    assert "another place" in seen.reasons[0]


def test_media_are_fetched_from_the_endpoint_and_nowhere_else() -> None:
    with station(Kinesis().routes()) as elsewhere:
        # the same machine, by another name
        there = elsewhere.address.replace("127.0.0.1", "localhost")
        routes = Kinesis(endpoint=lambda _: there).routes()
        with station(routes) as here, LiveCamera(gate(here.address), QUICK) as cam:
            seen = watch(cam, said(LOST))
        assert elsewhere.visits == []
    assert "another place" in seen.reasons[0]


@pytest.mark.parametrize("size", [b"\x87", b"\x40\x07"])
def test_a_token_is_as_long_as_it_says_wherever_it_is_cut(size: bytes) -> None:
    stream = tags(**{TOKEN: "token-1"}).replace(b"\x87token-1", size + b"token-1")
    whole = len(stream)
    # as in one list of tags: the next begins with 0x67, which is a letter
    behind = tags(AWS_KINESISVIDEO_MILLIS_BEHIND_NOW="0")
    stream += behind[behind.index(b"\x67\xc8") :]
    for cut in range(len(stream) + 1):
        assert list(whole_tokens(stream[:cut])) == (["token-1"] if cut >= whole else [])


@pytest.mark.parametrize("token", ["", "two\nlines", "x" * 127 + "\x7f"])
def test_what_cannot_be_a_token_is_left_alone(token: str) -> None:
    assert list(whole_tokens(tags(**{TOKEN: token[-127:]}) + b"g")) == []
