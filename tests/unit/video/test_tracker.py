"""Besides properties: the tracks of another ByteTrack, see tools/make_tracker_vectors.py."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.biometrics.errors import InputError
from reknown.video.motion import MotionNoise
from reknown.video.tracker import BYTETRACK, Tracker, TrackerSettings

FRAME_MS = 33
# one frame of the reference is exactly one of ours; it finds tracks again after 32 frames
AS_REFERENCE = replace(BYTETRACK, noise=MotionNoise(frame_ms=FRAME_MS), patience_ms=32 * FRAME_MS)
SEEDS = st.integers(0, 2**32 - 1)
NONE = np.empty((0, 4)), np.empty(0)

Moment = tuple[int, np.ndarray, np.ndarray]
Way = Callable[[float], tuple[float, float]]


def face(centre: tuple[float, float], height: float = 100.0) -> list[float]:
    (x, y), half = centre, height / 2
    return [x - 0.8 * half, y - half, x + 0.8 * half, y + half]


def follow(
    ways: Iterable[Way], times: Iterable[int], tracker: Tracker | None = None
) -> list[list[int]]:
    """The numbers of faces of height 100 that are at `way(seconds)`."""
    tracker, ways = tracker or Tracker(), list(ways)
    answers = []
    for time in times:
        boxes = np.array([face(way(time / 1000)) for way in ways])
        answers.append(tracker.update(time, boxes, np.ones(len(boxes))))
    return answers


def moments(seed: int) -> list[Moment]:
    """Faces that walk, come, go and are missed, at irregular times."""
    rng = np.random.default_rng(seed)
    start, velocity = rng.uniform(0, 800, (6, 2)), rng.normal(0, 80, (6, 2))
    times = np.cumsum(rng.choice([33, 100, 200, 600, 1100], 15))
    result = []
    for time in times:
        there = np.flatnonzero(rng.random(6) < 0.8)
        centres = (start + velocity * time / 1000)[there] + rng.normal(0, 3, (len(there), 2))
        boxes = np.array([face((x, y), 80 + i) for i, (x, y) in enumerate(centres)]).reshape(-1, 4)
        result.append((int(time), boxes, rng.uniform(0.6, 1, len(there))))
    return result


def run(sequence: Iterable[Moment], settings: TrackerSettings | None = None) -> list[list[int]]:
    tracker = Tracker(settings or TrackerSettings())
    return [tracker.update(*moment) for moment in sequence]


def vectors() -> list[dict[str, Any]]:
    content = json.loads((Path(__file__).parent / "bytetrack.json").read_text())
    sequences: list[dict[str, Any]] = content["sequences"]
    return sequences


def differences(settings: TrackerSettings, times: Callable[[int], int]) -> Iterator[bool]:
    """Whether a box is in another track than in the reference, for one box after the other."""
    for sequence in vectors():
        tracker = Tracker(settings)
        there: dict[int, int] = {-1: -1}
        here: dict[int, int] = {-1: -1}
        frames = zip(sequence["boxes"], sequence["tracks"], strict=True)
        for frame, (boxes, numbers) in enumerate(frames):
            b = np.array(boxes, float).reshape(-1, 5)
            tracks = tracker.update(times(frame), b[:, :4], b[:, 4] / 1000)
            for ours, theirs in zip(tracks, numbers, strict=True):
                same = there.setdefault(ours, theirs), here.setdefault(theirs, ours)
                yield same != (theirs, ours)


def test_every_box_is_in_the_track_that_the_reference_puts_it_in() -> None:
    wrong = list(differences(AS_REFERENCE, lambda frame: frame * FRAME_MS))
    assert len(wrong) > 9000
    assert not any(wrong)


def test_whole_milliseconds_hardly_matter() -> None:
    # 1 of 9338: a box that overlaps its track by 0.20 or 0.50, which is just the limit
    assert sum(differences(BYTETRACK, lambda frame: round(frame * 1000 / 30))) <= 1


@pytest.mark.parametrize(
    "change",
    [
        {"high": 0.5},
        {"low": 0.3},
        {"new": 0.6},
        {"first": 0.3},
        {"second": 0.4},
        {"unsure": 0.2},
        {"enlarged": 1.1},
        {"weighted": False},
        {"patience_ms": 31 * FRAME_MS},
        {"low_revives": True},
        {"sure_at_once": True},
        {"same": 1.0},
        {"noise": MotionNoise(position=1 / 15, frame_ms=FRAME_MS)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_reference_tells_each_setting_from_others(change: dict[str, Any]) -> None:
    changed = replace(AS_REFERENCE, **change)
    assert any(differences(changed, lambda frame: frame * FRAME_MS))


@given(SEEDS, st.booleans())
def test_a_track_has_one_box_at_a_time_and_a_number_of_its_own(seed: int, plain: bool) -> None:
    tracker = Tracker(BYTETRACK if plain else TrackerSettings())
    ended: set[int] = set()
    begun = 0
    for time, boxes, scores in moments(seed):
        numbers = tracker.update(time, boxes, scores)
        live = tracker.live(time)
        given_out = [number for number in numbers if number >= 0]
        assert len(numbers) == len(boxes)
        assert len(set(given_out)) == len(given_out)
        assert not ended & set(given_out)
        fresh = sorted(number for number in given_out if number >= begun)
        assert fresh == list(range(begun, begun + len(fresh)))
        begun += len(fresh)
        ended |= set(range(begun)) - set(live)


@given(SEEDS, st.randoms(use_true_random=False))
def test_the_order_of_boxes_does_not_matter(seed: int, random: Any) -> None:
    shuffled, orders = [], []
    for time, boxes, scores in moments(seed):
        order = list(range(len(boxes)))
        random.shuffle(order)
        shuffled.append((time, boxes[order], scores[order]))
        orders.append(order)
    expected = [
        [row[i] for i in order] for row, order in zip(run(moments(seed)), orders, strict=True)
    ]
    assert run(shuffled) == expected


@given(SEEDS, st.tuples(st.integers(-500, 500), st.integers(-500, 500)), st.floats(0.01, 100))
def test_neither_place_nor_unit_matters(seed: int, shift: tuple[int, int], unit: float) -> None:
    moved = [(t, (boxes + np.array(shift * 2)) * unit, s) for t, boxes, s in moments(seed)]
    assert run(moved) == run(moments(seed))


@given(SEEDS, st.integers(1, 10**12))
def test_when_it_begins_does_not_matter(seed: int, later: int) -> None:
    assert run((t + later, b, s) for t, b, s in moments(seed)) == run(moments(seed))


@pytest.mark.parametrize("step", [10, 33, 100, 200, 400])
@pytest.mark.parametrize("widths_per_second", [0.3, 1.5, 2.5])
def test_a_walk_is_one_track_at_any_rate(step: int, widths_per_second: float) -> None:
    def way(seconds: float) -> tuple[float, float]:
        return 80 * widths_per_second * seconds, 50 + 5 * np.sin(seconds * 9)

    assert {row[0] for row in follow([way], range(0, 6000, step))} == {0}


@given(st.lists(st.integers(1, 500), min_size=5, max_size=40))
def test_a_walk_is_one_track_at_irregular_times(steps: list[int]) -> None:
    times = np.cumsum(steps).tolist()
    rows = follow([lambda s: (120 * s, 0.0), lambda s: (700 - 60 * s, 300.0)], times)
    assert rows == [[0, 1]] * len(times)


@given(st.floats(0.4, 1.5), st.floats(0.4, 1.5), st.sampled_from([40, 100, 200]), SEEDS)
def test_faces_that_cross_keep_their_numbers(
    one: float, other: float, step: int, seed: int
) -> None:
    jitter = np.random.default_rng(seed).uniform(-2, 2, (2, 100))

    def at(x: float, row: int, seconds: float) -> tuple[float, float]:
        return x, 100 + 25 * row + jitter[row, int(seconds * 20) % 100]

    ways: list[Way] = [
        lambda s: at(80 * one * (s - 2.5), 0, s),
        lambda s: at(-80 * other * (s - 2.5), 1, s),
    ]
    assert {tuple(row) for row in follow(ways, range(0, 5000, step))} == {(0, 1)}


def test_a_face_hidden_for_six_tenths_of_a_second_is_found_again() -> None:
    times = [t for t in range(0, 4000, 200) if not 1500 < t < 2200]
    assert follow([lambda s: (100 * s, 0.0)], times) == [[0]] * len(times)


def test_a_face_hidden_by_one_that_crosses_is_found_again() -> None:
    tracker, numbers = Tracker(), []
    for time in range(0, 4000, 200):
        left, right = face((100 * (time / 1000 - 2), 0)), face((-100 * (time / 1000 - 2), 10))
        boxes = np.array([left] if abs(time - 2000) < 300 else [left, right])
        numbers.append(tracker.update(time, boxes, np.ones(len(boxes))))
    assert {tuple(row) for row in numbers} == {(0, 1), (0,)}


def test_a_camera_that_shakes_does_not_break_tracks() -> None:
    def way(column: int) -> Way:
        return lambda s: (column * 300 + 30 * np.sin(s * 19), 20 * np.sin(s * 14))

    rows = follow([way(0), way(1), way(2)], range(0, 5000, 200))
    assert rows == [[0, 1, 2]] * len(rows)


def test_overlap_as_it_is_would_lose_a_face_that_jumps_by_its_width() -> None:
    jump = [lambda s: (90.0 * (s >= 1), 0.0)]
    times = range(0, 2000, 200)
    assert {row[0] for row in follow(jump, times)} == {0}
    plain = Tracker(replace(TrackerSettings(), enlarged=1.0))
    assert {row[0] for row in follow(jump, times, plain)} == {0, 1}


def test_a_cut_ends_all_tracks_and_time_may_begin_anew() -> None:
    tracker = Tracker()
    still = np.array([face((0, 0)), face((300, 0))])
    assert tracker.update(5000, still, np.ones(2)) == [0, 1]
    tracker.cut()
    assert tracker.live(5000) == ()
    assert tracker.update(0, still, np.ones(2)) == [2, 3]


def test_a_track_lives_as_long_as_patience_lasts() -> None:
    tracker, box = Tracker(), np.array([face((0, 0))])
    assert tracker.update(0, box, np.ones(1)) == [0]
    assert tracker.live(1000) == (0,)
    assert tracker.live(1001) == ()
    assert tracker.update(1000, box, np.ones(1)) == [0]
    assert tracker.update(2001, box, np.ones(1)) == [1]


def test_moments_without_boxes_are_moments() -> None:
    tracker, box = Tracker(), np.array([face((0, 0))])
    assert tracker.update(0, *NONE) == []
    assert tracker.update(200, box, np.ones(1)) == [0]
    for time in range(400, 1200, 200):
        assert tracker.update(time, *NONE) == []
    assert tracker.update(1200, box, np.ones(1)) == [0]


def test_a_million_seconds_may_pass() -> None:
    tracker, box = Tracker(), np.array([face((0, 0))])
    tracker.update(0, box, np.ones(1))
    tracker.update(100, box + 40, np.ones(1))
    assert tracker.update(10**9, box, np.ones(1)) == [1]
    for_ever = Tracker(replace(TrackerSettings(), patience_ms=2 * 10**9))
    for_ever.update(0, box, np.ones(1))
    for_ever.update(100, box - [0, 0, 8, 10], np.ones(1))
    assert for_ever.update(10**9, box, np.ones(1))[0] in (0, 1)


def test_low_scores_go_on_with_a_track_but_begin_none() -> None:
    tracker, box = Tracker(), np.array([face((0, 0))])
    assert tracker.update(0, box, np.array([0.85])) == [-1]
    assert tracker.update(100, box, np.array([0.95])) == [0]
    assert tracker.update(200, box, np.array([0.75])) == [0]
    assert tracker.update(300, box, np.array([0.05])) == [0]


def test_scores_below_the_lowest_are_passed_over() -> None:
    tracker, box = Tracker(TrackerSettings(low=0.7)), np.array([face((0, 0))])
    assert tracker.update(0, box, np.array([0.95])) == [0]
    assert tracker.update(100, box, np.array([0.7])) == [0]
    assert tracker.update(200, box, np.array([0.69])) == [-1]


@pytest.mark.parametrize(("revives", "number"), [(True, 0), (False, -1)])
def test_whether_a_low_score_finds_a_lost_track_is_a_setting(revives: bool, number: int) -> None:
    tracker = Tracker(replace(TrackerSettings(), low_revives=revives))
    box = np.array([face((0, 0))])
    tracker.update(0, box, np.ones(1))
    tracker.update(200, *NONE)
    assert tracker.update(400, box, np.array([0.75])) == [number]


def test_a_high_score_has_the_first_choice() -> None:
    tracker = Tracker()
    tracker.update(0, np.array([face((0, 0))]), np.ones(1))
    boxes = np.array([face((1, 0)), face((12, 0))])
    assert tracker.update(100, boxes, np.array([0.8, 0.99])) == [-1, 0]


@pytest.mark.parametrize(
    ("boxes", "scores"),
    [
        ([[0, 0, np.nan, 1]], [1]),
        ([[0, 0, np.inf, 1]], [1]),
        ([[0, 0, 1e9, 1]], [1]),
        ([[0, 0, 1, 1]], [np.nan]),
        ([[0, 0, 0, 1]], [1]),
        ([[0, 2, 1, 1]], [1]),
        ([[0, 0, 1, 1]], [1, 1]),
        ([[0, 0, 1]], [1]),
    ],
)
def test_what_is_no_box_is_refused_and_changes_nothing(
    boxes: list[list[float]], scores: list[float]
) -> None:
    tracker, box = Tracker(), np.array([face((0, 0))])
    tracker.update(0, box, np.ones(1))
    with pytest.raises(InputError):
        tracker.update(100, np.array(boxes, float), np.array(scores, float))
    assert tracker.update(50, box, np.ones(1)) == [0]


def test_time_does_not_go_back() -> None:
    tracker = Tracker()
    tracker.update(100, *NONE)
    tracker.update(100, *NONE)
    with pytest.raises(InputError, match="sort by time"):
        tracker.update(99, *NONE)
