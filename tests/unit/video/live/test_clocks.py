from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from reknown.video.live.clocks import LowestDelay, StreamClock, WallClock

START = 1_800_000_000.0


class Machine:
    """A system whose two clocks can be set."""

    def __init__(self) -> None:
        self.monotonic = 5000.0
        self.leap = 0.0

    def wall_clock(self) -> WallClock:
        return WallClock(lambda: START + self.monotonic - 5000.0 + self.leap, self.now)

    def now(self) -> float:
        return self.monotonic


def seconds(moment: datetime) -> float:
    return moment.timestamp() - START


def test_the_times_are_the_streams_own_however_late_and_uneven_frames_come() -> None:
    machine = Machine()
    clock = StreamClock(machine.wall_clock())
    chance = np.random.default_rng(1)
    stamps = np.cumsum(chance.uniform(0.015, 0.09, 500))
    times, walls = [], []
    for stamp in stamps:
        machine.monotonic = 5000.0 + stamp + float(chance.exponential(0.05))
        time_ms, at = clock.tick(70.0 + float(stamp), machine.monotonic)
        times.append(time_ms)
        walls.append(seconds(at))
    assert times == [round(1000 * (stamp - stamps[0])) for stamp in stamps]
    # once a frame has come without delay, the wall's time is as even as the stream's
    late = np.asarray(walls[100:]) - stamps[100:]
    assert np.ptp(late) < 0.01
    assert late.max() < 0.01


@pytest.mark.parametrize(
    "leap",
    [-95443.7, -30.0, 3600.0],
    ids=["the 33 bits are used up", "the camera set its clock back", "forward by an hour"],
)
def test_a_leap_of_the_streams_clock_takes_as_long_as_it_took(leap: float) -> None:
    machine = Machine()
    clock = StreamClock(machine.wall_clock())
    times = []
    for number in range(100):
        passed = number * 0.04
        machine.monotonic = 5000.0 + passed
        stamp = 95440.0 + passed + (leap if number >= 50 else 0.0)
        time_ms, at = clock.tick(stamp, machine.monotonic)
        times.append(time_ms)
        assert seconds(at) == pytest.approx(passed, abs=0.001)
    assert times == [40 * number for number in range(100)]


def test_without_stamps_time_passes_as_frames_come() -> None:
    clock = StreamClock()
    assert [clock.tick(None, moment)[0] for moment in (50.0, 50.1, 50.5)] == [0, 100, 500]
    assert clock.tick(3.0, 50.6)[0] == 600


def test_over_a_reconnect_time_goes_on() -> None:
    clock = StreamClock()
    clock.tick(900.0, 50.0)
    assert clock.tick(901.0, 51.0)[0] == 1000
    clock.reconnected()
    # the same stamps could be those of a camera that was switched off and on
    assert clock.tick(901.0, 111.0)[0] == 61_000
    assert clock.tick(902.0, 112.0)[0] == 62_000


def test_time_never_goes_back_whatever_the_stream_says() -> None:
    chance = np.random.default_rng(2)
    clock = StreamClock()
    moments = 50.0 + np.cumsum(chance.exponential(0.1, 1000))
    stamps = chance.choice([0.0, 1e9, -1e9], 1000) + chance.normal(0, 20, 1000)
    times = [clock.tick(float(s), float(m))[0] for s, m in zip(stamps, moments, strict=True)]
    assert all(before <= after for before, after in pairwise(times))
    passed = 1000 * (moments[-1] - moments[0])
    assert passed - 20_000 < times[-1] < passed + 50_000


def test_what_comes_at_once_at_the_beginning_was_not_filmed_at_once() -> None:
    """A playlist begins with some seconds of the past."""
    machine = Machine()
    clock = StreamClock(machine.wall_clock())
    for number in range(12):
        machine.monotonic += 0.01
        time_ms, at = clock.tick(float(number), machine.monotonic)
    assert time_ms == 11_000
    for number in range(12, 20):
        machine.monotonic += 1.0
        time_ms, at = clock.tick(float(number), machine.monotonic)
    assert time_ms == 19_000
    assert seconds(at) == pytest.approx(machine.monotonic - 5000.0)


def test_a_leap_of_the_walls_clock_counts_once_it_lasts() -> None:
    machine = Machine()
    wall = machine.wall_clock()
    began = wall.now()

    def after(passed: float) -> float:
        machine.monotonic += passed
        return (wall.now() - began) / timedelta(seconds=1)

    machine.leap = -86_400.0
    assert after(1) == pytest.approx(1)
    assert after(5) == pytest.approx(6)
    machine.leap = 0.0
    assert after(1) == pytest.approx(7)
    machine.leap = 3600.0
    assert after(1) == pytest.approx(8)
    assert after(11) == pytest.approx(3619)
    machine.leap = 3600.1  # set right little by little
    assert after(1) == pytest.approx(3620.1)
    assert began.tzinfo is UTC


def test_the_lowest_delay_is_that_of_the_last_half_minute() -> None:
    lowest = LowestDelay(30.0)
    assert [lowest.add(0.0, 5.0), lowest.add(1.0, 2.0), lowest.add(2.0, 9.0)] == [5.0, 2.0, 2.0]
    assert lowest.add(32.0, 7.0) == 7.0
