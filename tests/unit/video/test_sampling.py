from __future__ import annotations

import io
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import videos
from reknown.video.decode import open_video
from reknown.video.sampling import (
    CutDetector,
    Refiner,
    SamplingSettings,
    Window,
    Windows,
    same_faces,
)
from video_faces import face, frame, sampled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from reknown.video.decode import Frame
    from reknown.video.sampling import SampledFrame

SETTINGS = SamplingSettings()
RED, BLUE = (200, 60, 40), (30, 40, 160)


def windows_of(frames: Iterable[tuple[NDArray[np.uint8], int]]) -> list[Window]:
    with open_video(io.BytesIO(videos.rendered(frames))) as video:
        return list(Windows(SETTINGS).of(video.frames()))


def times(window: Window) -> list[int]:
    return [one.time_ms for one in window.frames]


def walk(
    start: int, end: int, ground: tuple[int, int, int] = RED
) -> list[tuple[NDArray[np.uint8], int]]:
    moving = [(videos.eileen(120), videos.line((0.2, 0.5), (0.8, 0.5)))]
    return list(videos.scene(videos.steady(start, end), moving, ground=ground))


def test_every_frame_is_in_one_window() -> None:
    found = windows_of(walk(0, 2000))
    assert [time for window in found for time in times(window)] == videos.steady(0, 2000)


def test_windows_are_of_the_step_asked_for() -> None:
    found = windows_of(walk(0, 2000))
    ends = [times(window)[-1] for window in found]
    assert ends[0] == 0
    assert all(200 <= b - a <= 320 for a, b in pairwise(ends[:-1]))
    assert ends[-1] == 1960


def test_a_cut_begins_a_window() -> None:
    found = windows_of([*walk(0, 1000), *walk(1000, 2000, BLUE)])
    assert [times(window)[0] for window in found if window.cut] == [0, 1000]
    before = max(number for number, window in enumerate(found) if times(window)[0] < 1000)
    assert times(found[before])[-1] == 960


def test_where_nothing_moves_little_is_looked_at() -> None:
    motion = [(videos.eileen(120), videos.still((0.5, 0.5)))]
    found = windows_of(videos.scene(videos.steady(0, 4000), motion))
    looked = [times(window)[-1] for window in found if not window.still]
    assert len(looked) <= 8
    assert (looked[0], looked[-1]) == (0, 3960)


def test_what_moves_a_little_is_not_still() -> None:
    motion = [(videos.eileen(120), videos.line((0.4, 0.5), (0.5, 0.5)))]
    found = windows_of(videos.scene(videos.steady(0, 2000), motion))
    assert not any(window.still for window in found)


def test_the_last_frame_of_a_scene_at_rest_is_looked_at() -> None:
    still = [(videos.eileen(120), videos.still((0.5, 0.5)))]
    rest = list(videos.scene(videos.steady(0, 1000), still, ground=RED))
    found = windows_of([*rest, *walk(1000, 1400, BLUE)])
    assert 960 in [times(window)[-1] for window in found if not window.still]


def test_frames_closer_than_any_eye_are_left_out() -> None:
    image = np.zeros((120, 160, 3), np.uint8)
    found = windows_of((image, time) for time in range(0, 400, 2))
    assert sum(len(window.frames) for window in found) <= 400 / SETTINGS.spacing_ms + 1


def test_fewer_frames_are_held_where_they_are_large() -> None:
    small = replace(SETTINGS, window_pixels=160 * 120 * 4)
    image = np.zeros((120, 160, 3), np.uint8)
    data = videos.rendered((image, time) for time in range(0, 1000, 20))
    with open_video(io.BytesIO(data)) as video:
        found = list(Windows(small).of(video.frames()))
    # one more than four and both ends: a frame at rest goes with those that follow it
    assert max(len(window.frames) for window in found) <= 6


def test_a_cut_is_told_from_motion() -> None:
    chance = np.random.default_rng(0)
    scene = chance.uniform(0, 255, (48, 64)).astype(np.float32)
    detector = CutDetector(SETTINGS)
    shaking = [np.roll(scene, shift, axis=1) for shift in range(12)]
    # what begins to move all at once cannot be told from a cut, what goes on moving can
    assert sum(detector.is_cut(one) for one in shaking) <= 1


def test_a_new_scene_is_a_cut_once() -> None:
    chance = np.random.default_rng(0)
    scene, other = (chance.uniform(0, 255, (48, 64)).astype(np.float32) for _ in range(2))
    detector = CutDetector(SETTINGS)
    frames = [*(scene + n for n in range(5)), *(other + n for n in range(5))]
    assert [detector.is_cut(one) for one in frames] == [*[False] * 5, True, *[False] * 4]


def test_a_change_of_size_is_a_cut() -> None:
    detector = CutDetector(SETTINGS)
    detector.is_cut(np.zeros((48, 64), np.float32))
    assert detector.is_cut(np.zeros((48, 85), np.float32))


def story(appears: int, vanishes: int) -> tuple[Refiner, list[int]]:
    """A closer look at a face that is there from one frame to another."""
    seen: list[int] = []

    def see(one: Frame) -> SampledFrame:
        seen.append(one.time_ms)
        return sampled_at(one.time_ms, appears, vanishes)

    return Refiner(see, SETTINGS), seen


def sampled_at(time_ms: int, appears: int, vanishes: int) -> SampledFrame:
    return sampled(time_ms, face()) if appears <= time_ms < vanishes else sampled(time_ms)


@given(st.integers(1, 240), st.integers(40, 1000))
def test_the_frame_in_which_a_face_appears_is_found(appears: int, rate: int) -> None:
    step = max(1000 // rate, 1)
    moments = list(range(0, 241, step))
    refiner, seen = story(appears, 10_000)
    window = Window(tuple(frame(time) for time in moments[1:]), cut=False, still=False)
    samples = refiner.refine(
        sampled_at(0, appears, 10_000), window, sampled_at(moments[-1], appears, 10_000)
    )
    assert [one.frame.time_ms for one in samples] == sorted({*seen, moments[-1]})
    if appears <= moments[-1]:
        first = next(one.frame.time_ms for one in samples if one.faces)
        assert first == next(time for time in moments if time >= appears)
    assert len(seen) <= 9


def test_nothing_is_looked_at_where_nothing_changes() -> None:
    refiner, seen = story(0, 10_000)
    window = Window(tuple(frame(time) for time in range(40, 241, 40)), cut=False, still=False)
    (only,) = refiner.refine(sampled(0, face()), window, sampled(240, face()))
    assert (only.frame.time_ms, seen) == (240, [])


def test_a_face_that_flickers_does_not_cost_more_than_all_others() -> None:
    seen: list[int] = []

    def see(one: Frame) -> SampledFrame:
        seen.append(one.time_ms)
        return sampled(one.time_ms, *([face()] if len(seen) % 2 else []))

    refiner = Refiner(see, SETTINGS)
    before = sampled(0)
    for start in range(0, 60_000, 200):
        frames = tuple(frame(start + ms) for ms in range(20, 201, 20))
        last = sampled(start + 200, *([] if before.faces else [face()]))
        refiner.refine(before, Window(frames, cut=False, still=False), last)
        before = last
    assert len(seen) <= SETTINGS.refined_at_once + 60 * SETTINGS.refined_per_second + 1


@pytest.mark.parametrize(
    ("some", "other", "same"),
    [
        (sampled(0), sampled(1), True),
        (sampled(0, face()), sampled(1), False),
        (sampled(0, face()), sampled(1, face(0.6)), True),
        (sampled(0, face()), sampled(1, face(0.9)), False),
        (sampled(0, face()), sampled(1, face(side=0.5)), False),
        (sampled(0, face(), looks=(0,)), sampled(1, face(), looks=(3,)), False),
        (sampled(0, face(0.2), face(0.8)), sampled(1, face(0.8), face(0.2), looks=(1, 0)), True),
        (sampled(0, face(0.2), face(0.8)), sampled(1, face(0.8), face(0.2), looks=(0, 1)), False),
    ],
)
def test_faces_are_compared_by_place_and_looks(
    some: SampledFrame, other: SampledFrame, same: bool
) -> None:
    assert same_faces(some, other, SETTINGS) is same
    assert same_faces(other, some, SETTINGS) is same


def test_settings_can_be_changed() -> None:
    lenient = replace(SETTINGS, reach=3.0)
    assert same_faces(sampled(0, face()), sampled(1, face(0.9)), lenient)
