from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

import videos
from live_frames import at, fragment_at, live
from reknown.video.live.following import LiveFollower, LiveFollowing, Moment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from reknown.biometrics.faces import DetectedFace
    from reknown.video.live.following import LiveStep, TrackView
    from reknown.vision.analyze import Engine

    Frames = Iterable[tuple[NDArray[np.uint8], int]]


@dataclass
class _Seen:
    """What a follower said of a film."""

    steps: list[LiveStep] = field(default_factory=list)
    views: list[TrackView] = field(default_factory=list)
    last: dict[int, int] = field(default_factory=dict)

    @property
    def looked(self) -> int:
        return sum(step.looked for step in self.steps)

    def first(self, track: int) -> TrackView:
        return next(view for view in self.views if view.track == track)


def follow(engine: Engine, frames: Frames, **options: object) -> _Seen:
    follower = LiveFollower(engine, **options)  # type: ignore[arg-type]
    seen = _Seen()
    for frame in live(frames):
        step = follower.step(replace(frame, fragment=fragment_at(frame.time_ms)))
        seen.steps.append(step)
        seen.views.extend(step.views)
        seen.last.update((ended.track, ended.last.time_ms) for ended in step.ended)
    seen.last.update((ended.track, ended.last.time_ms) for ended in follower.cut())
    return seen


def likeness(engine: Engine, some: TrackView, other: TrackView) -> float:
    assert engine.calibration is not None
    return engine.calibration.similarity(float(some.template @ other.template))


def test_a_view_comes_at_once_and_its_track_ends_when_the_face_is_gone(engine: Engine) -> None:
    walk = videos.line((0.25, 0.5), (0.7, 0.5))
    film = [
        *videos.scene(videos.steady(0, 1000), []),
        *videos.scene(videos.steady(1000, 4000), [(videos.eileen(), walk)]),
        *videos.scene(videos.steady(4000, 6000), []),
    ]
    seen = follow(engine, film)
    assert set(seen.last) == {0}
    first = seen.first(0)
    time_ms = first.best.time_ms
    assert first.best == Moment(time_ms, at(time_ms), fragment_at(time_ms))
    assert 1000 <= first.since.time_ms <= first.best.time_ms <= 1250
    assert 3760 <= seen.last[0] <= 4000
    assert first.views == 1
    # again with more and better views, but not with each frame
    assert 2 <= len(seen.views) <= 4
    assert [view.views for view in seen.views] == sorted(view.views for view in seen.views)


def test_nothing_is_looked_at_while_nothing_changes_and_who_stands_still_is_still_there(
    engine: Engine,
) -> None:
    here = [(videos.eileen(), videos.still((0.5, 0.5)))]
    seen = follow(engine, videos.scene(videos.steady(0, 6000), here))
    assert seen.looked <= 6000 / 500 + 1
    assert all(step.present == (0,) for step in seen.steps)
    assert seen.last == {0: seen.steps[-1].moment.time_ms}


def test_an_empty_scene_gives_nothing(engine: Engine) -> None:
    seen = follow(engine, videos.scene(videos.steady(0, 2000), []))
    assert (seen.views, seen.last) == ([], {})


def test_a_track_is_divided_where_its_face_becomes_another_one(engine: Engine) -> None:
    film = [
        *videos.scene(videos.steady(0, 2000), [(videos.eileen(), videos.still((0.5, 0.5)))]),
        *videos.scene(videos.steady(2000, 4000), [(videos.grace(), videos.still((0.5, 0.5)))]),
    ]
    seen = follow(engine, film)
    assert set(seen.last) == {0, 1}
    one, other = seen.first(0), seen.first(1)
    assert likeness(engine, one, other) < 50
    assert 1800 <= seen.last[0] < other.since.time_ms <= 2250
    assert not [view for view in seen.views if view.track == 0 and view.best.time_ms >= 2000]


def test_people_who_pass_each_other_are_two_tracks(engine: Engine) -> None:
    film = videos.scene(
        videos.steady(0, 3000),
        [
            (videos.grace(), videos.line((0.15, 0.5), (0.85, 0.5))),
            (videos.eileen(), videos.line((0.85, 0.4), (0.15, 0.4))),
        ],
    )
    seen = follow(engine, film)
    firsts = [seen.first(track) for track in {view.track for view in seen.views}]
    for view in seen.views:
        alike = [likeness(engine, view, first) > 80 for first in firsts]
        assert alike == [view.track == first.track for first in firsts] or len(firsts) > 2
    assert len(firsts) >= 2


def test_a_face_that_is_not_wanted_is_passed_over(engine: Engine) -> None:
    both = [
        (videos.eileen(), videos.still((0.25, 0.5))),
        (videos.grace(), videos.still((0.75, 0.5))),
    ]

    def left(face: DetectedFace) -> bool:
        return face.box.left < 0.5

    seen = follow(engine, videos.scene(videos.steady(0, 1000), both), wanted=left)
    assert {view.track for view in seen.views} == {0}
    assert all(view.face.box.left < 0.5 for view in seen.views)


def test_a_face_that_cannot_be_searched_with_gives_no_view(engine: Engine) -> None:
    small = [(videos.eileen(16), videos.line((0.3, 0.5), (0.6, 0.5)))]
    assert follow(engine, videos.scene(videos.steady(0, 2000), small)).views == []


def test_a_face_is_searched_with_as_soon_as_it_comes_near(engine: Engine) -> None:
    film = [
        *videos.scene(videos.steady(0, 2000), [(videos.eileen(30), videos.still((0.5, 0.5)))]),
        *videos.scene(videos.steady(2000, 3000), [(videos.eileen(), videos.still((0.5, 0.5)))]),
    ]
    seen = follow(engine, film)
    near = [view for view in seen.views if view.best.time_ms >= 2000]
    assert near
    assert near[0].best.time_ms <= 2000 + LiveFollowing().unfit_ms + 120


@pytest.mark.parametrize("size", [(640, 360), (1920, 1080)])
def test_places_are_shares_of_the_frame(engine: Engine, size: tuple[int, int]) -> None:
    side = size[1] // 2
    film = videos.scene([0, 40], [(videos.eileen(side), videos.still((0.3, 0.5)))], size)
    (view,) = follow(engine, film).views
    box = view.face.box
    assert box.left + box.width / 2 == pytest.approx(0.3, abs=0.05)
    assert np.linalg.norm(view.template) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("change_ms", [1000, 1240])
def test_a_face_that_may_be_another_one_by_now_is_of_no_track(
    engine: Engine, change_ms: int
) -> None:
    film = [
        *videos.scene(videos.steady(0, change_ms), [(videos.eileen(), videos.still((0.5, 0.5)))]),
        *videos.scene(
            videos.steady(change_ms, change_ms + 1000),
            [(videos.grace(), videos.still((0.5, 0.5)))],
        ),
    ]
    for step in follow(engine, film).steps:
        (face,) = step.faces
        assert face.track in ({0} if step.moment.time_ms < change_ms else {None, 1})
