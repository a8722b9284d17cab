"""Kinesis video streams, as boto3 asks for them."""

from __future__ import annotations

import os
import threading
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from broadcasts import number_of, station
from kinesis_video import ARN, FILMED, Kinesis, fragments
from processes import wait_for
from reknown.video.live.camera import LiveCamera
from reknown.video.live.cameras import Camera, CameraKind
from reknown.video.live.frames import CameraState
from reknown.video.live.kinesis import Fragments
from reknown.video.live.messages import Trouble
from watching import QUICK, frames, said, watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from broadcasts import Visitor
    from kinesis_video import Sent
    from reknown.video.live.frames import LiveFrame

# Fragments come whole, and a busy machine takes long for the first frame.
PATIENT = replace(QUICK, silent_between=8.0)
CONNECTED, LOST, REFUSED = CameraState.CONNECTED, CameraState.LOST, CameraState.REFUSED


def gate(address: str) -> Camera:
    return Camera(
        "gate", CameraKind.KINESIS, address, "AKIA", "s3cret", arn=ARN, region="eu-west-1"
    )


def test_a_kinesis_video_stream_is_watched_from_now_on() -> None:
    kinesis = Kinesis()
    with station(kinesis.routes()) as here, LiveCamera(gate(here.address), PATIENT) as cam:
        seen = watch(cam, lambda seen: seen.frames and seen.frames[-1].time_ms > 4000)
    assert seen.states == [CONNECTED]
    assert kinesis.asked[0]["StartSelector"] == {"StartSelectorType": "NOW"}
    assert all(before.time_ms < after.time_ms for before, after in pairwise(seen.frames))
    _require_right(seen.frames, kinesis.fragments)


def test_long_fragments_are_shown_as_they_were_filmed() -> None:
    kinesis = Kinesis(fragments=fragments([range(0, 4000, 400)] * 8, [4.0] * 8))
    limits = replace(QUICK, silent_between=6.0)  # which is also how long is waited for one
    with station(kinesis.routes()) as here, LiveCamera(gate(here.address), limits) as cam:
        seen = watch(cam, lambda seen: seen.frames and seen.frames[-1].time_ms > 9000)
        assert cam.counts.reconnects == 0
    assert seen.states == [CONNECTED]
    assert max(after.time_ms - before.time_ms for before, after in pairwise(seen.frames)) < 3000


def test_a_lost_connection_goes_on_where_it_was_lost() -> None:
    kinesis = Kinesis(whole=4)
    with station(kinesis.routes()) as here, LiveCamera(gate(here.address), PATIENT) as cam:
        seen = watch(cam, said(LOST, CONNECTED))
        seen = watch(cam, frames(len(seen.frames) + 3), seen)
    assert "broke off" in seen.reasons[1]
    assert kinesis.asked[1]["StartSelector"] == {
        "StartSelectorType": "CONTINUATION_TOKEN",
        "ContinuationToken": "token-4",
    }
    assert all(before.time_ms <= after.time_ms for before, after in pairwise(seen.frames))


def test_a_stream_that_falls_silent_is_frozen() -> None:
    kinesis = Kinesis(whole=5, hangs=True)
    with station(kinesis.routes()) as here, LiveCamera(gate(here.address), PATIENT) as cam:
        seen = watch(cam, lambda seen: seen.states[-1:] == [CONNECTED] and len(seen.states) > 1)
    # to connect again may take several attempts there
    assert seen.states[:2] == [CONNECTED, CameraState.FROZEN]


def test_what_was_missed_for_long_is_not_made_up_for() -> None:
    kinesis = Kinesis(whole=4)
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


def _drip(visitor: Visitor) -> None:
    visitor.play((number / 20, b"1") for number in range(1200))


def test_an_endpoint_whose_headers_drip_does_not_answer() -> None:
    def route(visitor: Visitor) -> None:
        visitor.send(b"HTTP/1.1 200 OK\r\nX: ")
        _drip(visitor)

    with (
        station({"/getDataEndpoint": route}) as here,
        closing(Fragments(gate(here.address), None, silent=0.5)) as read,
    ):
        assert os.read(read.descriptor, 1) == b""
        wait_for(lambda: read.trouble)
        assert read.trouble is Trouble.NO_ANSWER


def test_media_that_are_closed_leave_nothing_however_they_drip() -> None:
    def media(visitor: Visitor) -> None:
        visitor.begin("video/x-matroska", Transfer_Encoding="chunked")
        visitor.send(b"1\r\nx\r\n")
        _drip(visitor)  # how long the next piece is

    def left() -> bool:
        return any(each.name == "fragments of gate" for each in threading.enumerate())

    with station(Kinesis().routes() | {"/getMedia": media}) as here:
        with closing(Fragments(gate(here.address), None, silent=1.0)) as read:
            assert os.read(read.descriptor, 1) == b"x"
            assert left()
        wait_for(lambda: not left(), 20)


UNEVEN = [[0, 65, 85, 200, 390, 450], [0, 20, 550, 570, 750], [0, 17, 33, 50, 310], [0, 350]]
LENGTHS = [0.5, 0.8, 0.35, 0.6]


def _require_right(seen: list[LiveFrame], sent: list[Sent]) -> None:
    """Each frame is in the fragment that has this picture, at its time."""
    by_number = {each.number: each for each in sent}
    for frame in seen:
        found = frame.fragment
        assert found is not None
        of = by_number[found.number]
        assert (found.server_timestamp, found.producer_timestamp) == (of.server, of.producer)
        offset = round(1000 * found.offset_seconds)
        (place,) = [n for n, time in enumerate(of.times_ms) if abs(time - offset) <= 1]
        shown = sum(len(each.times_ms) for each in sent[: of.index]) + place
        assert abs(number_of(frame.pixels) - shown % 100) <= 1


@pytest.mark.parametrize(
    "clock",
    [
        pytest.param(lambda start: FILMED + start, id="as filmed"),
        pytest.param(lambda start: start, id="from zero"),
        pytest.param(lambda start: start if start < 4.4 else start - 4.5, id="from zero again"),
    ],
)
def test_a_frame_is_in_the_fragment_that_shows_it(clock: Callable[[float], float]) -> None:
    sent = fragments(UNEVEN * 5, LENGTHS * 5, clock=clock)
    kinesis = Kinesis(fragments=sent, hangs=True)
    with station(kinesis.routes()) as here, LiveCamera(gate(here.address), PATIENT) as cam:
        seen = watch(cam, lambda seen: seen.frames and number_of(seen.frames[-1].pixels) > 60)
    _require_right(seen.frames, sent)
    assert len({frame.fragment and frame.fragment.number for frame in seen.frames}) >= 5


def test_fragments_go_on_after_a_lost_connection() -> None:
    sent = fragments(UNEVEN * 5, LENGTHS * 5)
    kinesis = Kinesis(fragments=sent, whole=8)
    with station(kinesis.routes()) as here, LiveCamera(gate(here.address), PATIENT) as cam:
        seen = watch(cam, said(LOST, CONNECTED))
        before = len(seen.frames)
        seen = watch(cam, frames(before + 6), seen)
    assert kinesis.asked[1]["StartSelector"]["ContinuationToken"] == "token-8"
    _require_right(seen.frames, sent)
    after = seen.frames[-1].fragment
    assert after is not None
    assert int(after.number) >= int(sent[8].number)
