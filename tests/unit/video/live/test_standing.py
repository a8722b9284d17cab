from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reknown.video.live.frames import CameraState, LiveLimits
from reknown.video.live.messages import Trouble
from reknown.video.live.standing import CameraStanding

NOW = datetime(2026, 1, 2, tzinfo=UTC)
LOST, CONNECTED = CameraState.LOST, CameraState.CONNECTED


class Camera:
    """A standing, and what is said of it."""

    def __init__(self, chance: float = 0.5) -> None:
        self.standing = CameraStanding(LiveLimits(), lambda: NOW, lambda: chance)
        self.said: list[CameraState] = []
        self.reason = ""

    def runs(self, start: float, end: float, *, saving: bool = False, still: float = 0.0) -> None:
        now = start
        while now <= end:
            self._hear(self.standing.runs(now, saving=saving, still=still))
            now += 0.25

    def fails(self, now: float, trouble: Trouble = Trouble.BROKE_OFF) -> float:
        self._hear(self.standing.fails(now, trouble))
        return self.standing.wait()

    def silent(self, now: float) -> None:
        self._hear(self.standing.silent(now))

    def _hear(self, change: object) -> None:
        if change is not None:
            self.said.append(change.state)  # type: ignore[attr-defined]
            self.reason = change.reason  # type: ignore[attr-defined]


def test_the_same_is_said_once() -> None:
    camera = Camera()
    camera.runs(0, 20)
    camera.fails(20)
    camera.fails(21, Trouble.UNREACHABLE)
    camera.fails(22, Trouble.NO_ANSWER)
    camera.runs(30, 60)
    assert camera.said == [CONNECTED, LOST, CONNECTED]


def test_waiting_doubles_and_begins_again_once_it_ran_for_a_while() -> None:
    camera = Camera()
    waits = [camera.fails(float(second), Trouble.UNREACHABLE) for second in range(9)]
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    camera.runs(10, 26)
    assert camera.fails(27) == 0.5
    assert [Camera(chance).fails(0, Trouble.UNREACHABLE) for chance in (0, 1)] == [0.375, 0.625]


def test_a_wrong_password_is_said_and_not_tried_often() -> None:
    camera = Camera()
    assert camera.fails(0, Trouble.REFUSED) == 60
    assert camera.fails(0, Trouble.REFUSED_CALL) == 60
    assert camera.said == [CameraState.REFUSED]
    assert "correct them" in camera.reason


def test_a_connection_that_breaks_off_all_the_time_is_said_to_until_it_lasts() -> None:
    camera = Camera()
    for run in range(20):
        camera.runs(10.0 * run, 10.0 * run + 3)
        camera.fails(10.0 * run + 4)
    assert camera.said == [CONNECTED, LOST, CONNECTED, LOST, CONNECTED, LOST]
    assert "again and again" in camera.reason
    camera.runs(300, 314)
    assert camera.said[-1] is LOST
    camera.runs(314.25, 316)
    assert camera.said[-1] is CONNECTED
    camera.fails(400)
    camera.runs(410, 411)
    assert camera.said[-2:] == [LOST, CONNECTED]


def test_one_that_sends_nothing_is_frozen() -> None:
    camera = Camera()
    camera.runs(0, 30)
    camera.silent(35)
    camera.fails(36, Trouble.UNREACHABLE)
    assert camera.said == [CONNECTED, CameraState.FROZEN, LOST]


def test_one_that_falls_silent_again_and_again_is_frozen_and_not_lost() -> None:
    camera = Camera()
    for run in range(20):
        camera.runs(10.0 * run, 10.0 * run + 3)
        camera.silent(10.0 * run + 4)
    assert camera.said == [CONNECTED, CameraState.FROZEN] * 3
    assert "restart the camera" in camera.reason


def test_one_that_sends_the_same_picture_for_a_minute_is_frozen() -> None:
    camera = Camera()
    camera.runs(0, 50, still=59.9)
    assert camera.said == [CONNECTED]
    camera.runs(51, 60, still=60.0)
    assert camera.said == [CONNECTED, CameraState.FROZEN]
    assert "not changed for 60 s" in camera.reason
    camera.runs(61, 62)
    assert camera.said[-1] is CONNECTED


@pytest.mark.parametrize("gap", [0.25, 10.0])
def test_one_that_is_slow_is_well_when_it_was_for_a_while(gap: float) -> None:
    camera = Camera()
    for start in range(0, 100, 20):
        camera.runs(start, start + 20 - gap, saving=True)
        camera.runs(start + 20 - gap, start + 20)
    assert camera.said == [CameraState.SLOW]
    camera.runs(100, 120)
    assert camera.said == [CameraState.SLOW, CONNECTED]
