from __future__ import annotations

import io
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

import videos
from reknown.video.analysis import AnalysisSettings, analyse

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from reknown.biometrics.tracks import Track, VideoAnalysis
    from reknown.vision.analyze import Engine
    from reknown.vision.detect.base import Detections, Detector

    Frames = Iterable[tuple[NDArray[np.uint8], int]]

TIMES = {"constant": videos.steady, "variable": videos.uneven}
WARM, COLD = (150, 90, 60), (40, 60, 120)


def analysed(engine: Engine, frames: Frames) -> VideoAnalysis:
    return read(engine, videos.rendered(frames))


def read(engine: Engine, data: bytes) -> VideoAnalysis:
    return analyse(io.BytesIO(data), engine, AnalysisSettings(), lambda *_: None)


def spans(tracks: Iterable[Track]) -> list[tuple[int, int, int]]:
    return [(track.person, track.start_ms, track.end_ms) for track in tracks]


@pytest.fixture(scope="module", params=list(TIMES))
def times(request: pytest.FixtureRequest) -> list[list[int]]:
    """Frames of four scenes, at a constant and at a variable frame rate."""
    make = TIMES[request.param]
    return [
        make(start, end) for start, end in ((0, 1000), (1000, 3000), (3000, 5000), (5000, 7000))
    ]


@pytest.fixture(scope="module")
def film(times: list[list[int]], engine: Engine) -> VideoAnalysis:
    """Nobody; Eileen; Grace in her place with no cut to be seen; both, who pass each other."""
    return analysed(
        engine,
        [
            *videos.scene(times[0], [], ground=COLD),
            *videos.scene(times[1], [(videos.eileen(), videos.line((0.25, 0.5), (0.7, 0.5)))]),
            *videos.scene(times[2], [(videos.grace(), videos.line((0.7, 0.5), (0.25, 0.4)))]),
            *videos.scene(
                times[3],
                [
                    (videos.grace(), videos.line((0.15, 0.5), (0.85, 0.5))),
                    (videos.eileen(), videos.line((0.85, 0.4), (0.15, 0.4))),
                ],
                ground=WARM,
            ),
        ],
    )


def test_who_is_there_when_is_right_to_the_frame(
    film: VideoAnalysis, times: list[list[int]]
) -> None:
    eileen, grace = 0, 1
    found = spans(film.tracks)
    assert sorted(found) == [
        (eileen, times[1][0], times[1][-1]),
        (eileen, times[3][0], times[3][-1]),
        (grace, times[2][0], times[2][-1]),
        (grace, times[3][0], times[3][-1]),
    ]


def test_nobody_changes_into_somebody_else(film: VideoAnalysis, engine: Engine) -> None:
    for one in film.tracks:
        for other in film.tracks:
            similarity = engine.calibration.similarity(float(one.template @ other.template))  # type: ignore[union-attr]
            assert (similarity > 85) is (one.person == other.person)


def test_boxes_are_where_the_faces_are(film: VideoAnalysis, times: list[list[int]]) -> None:
    walk = next(track for track in film.tracks if track.start_ms == times[1][0])
    shares = [times[1].index(seen.time_ms) / (len(times[1]) - 1) for seen in walk.observations]
    lefts = [seen.face.box.left for seen in walk.observations]
    assert np.diff(lefts) == pytest.approx(0.45 * np.diff(shares), abs=0.02)


def test_few_frames_are_searched(film: VideoAnalysis) -> None:
    assert film.effort.searched < film.effort.frames / 2.5
    assert film.effort.embedded < film.effort.frames / 8


def test_shots_are_of_the_track_and_best_first(film: VideoAnalysis) -> None:
    for track in film.tracks:
        assert all(track.start_ms <= shot.time_ms <= track.end_ms for shot in track.shots)
        scores = [shot.face.quality.unified_score.native for shot in track.shots]
        assert scores == sorted(scores, reverse=True)
        assert np.linalg.norm(track.template) <= 1 + 1e-6


def test_a_short_disappearance_does_not_end_a_track(engine: Engine) -> None:
    here = [(videos.eileen(), videos.still((0.5, 0.5)))]
    film = analysed(
        engine,
        [
            *videos.scene(videos.steady(0, 1000), here),
            *videos.scene(videos.steady(1000, 1400), []),
            *videos.scene(videos.steady(1400, 2400), here),
        ],
    )
    assert spans(film.tracks) == [(0, 0, 2360)]


def test_who_comes_back_later_is_the_same_person(engine: Engine) -> None:
    here = [(videos.eileen(), videos.still((0.5, 0.5)))]
    film = analysed(
        engine,
        [
            *videos.scene(videos.steady(0, 1000), here),
            *videos.scene(videos.steady(1000, 3000), [], ground=WARM),
            *videos.scene(videos.steady(3000, 4000), here),
        ],
    )
    assert spans(film.tracks) == [(0, 0, 960), (0, 3000, 3960)]


@dataclass(frozen=True)
class _Sure:
    """The detector, believed from another score on."""

    detector: Detector
    sure: float
    upright: float = 0.0

    def detect(self, pixels: NDArray[np.uint8]) -> Detections:
        return self.detector.detect(pixels)


def test_a_face_begins_a_track_where_its_detector_is_sure_of_it(
    engine: Engine, public_domain: Engine
) -> None:
    data = videos.rendered(
        videos.scene(videos.steady(0, 400), [(videos.eileen(), videos.still((0.5, 0.5)))])
    )
    for each in (engine, public_domain):
        (track,) = read(each, data).tracks
        scores = [seen.face.confidence for seen in track.observations]
        assert min(scores) > each.detector.sure
        unsure = replace(each, detector=_Sure(each.detector, max(scores) + 1e-6))
        assert read(unsure, data).tracks == ()


def test_a_video_without_faces_has_no_tracks(engine: Engine) -> None:
    film = analysed(engine, videos.scene(videos.steady(0, 1000), []))
    assert (film.tracks, film.warnings) == ((), ())
    assert film.effort.searched < 5


def test_one_frame_is_enough(engine: Engine) -> None:
    film = analysed(engine, videos.scene([0], [(videos.eileen(), videos.still((0.5, 0.5)))]))
    assert spans(film.tracks) == [(0, 0, 0)]


def test_an_image_that_lies_on_its_side_is_set_upright(engine: Engine) -> None:
    upright = videos.scene(videos.steady(0, 600), [(videos.eileen(), videos.still((0.3, 0.5)))])
    lying = [(np.rot90(pixels, -1), time_ms) for pixels, time_ms in upright]
    film = read(engine, videos.rendered(lying, turns=1))
    (track,) = film.tracks
    assert (film.info.width, film.info.height) == videos.SIZE
    box = track.shots[0].face.box
    assert box.left + box.width / 2 == pytest.approx(0.3, abs=0.05)


def clip(shared: Path, name: str, *, variable: bool) -> list[tuple[NDArray[np.uint8], int]]:
    """A clip's frames with their times; of a variable rate, some are missing."""
    with av.open(str(shared / "data" / "clips" / f"{name}.gif")) as container:
        frames = [
            (
                np.asarray(frame.to_ndarray(format="rgb24"), np.uint8),
                round(float(frame.time) * 1000),
            )
            for frame in container.decode(video=0)
        ]
    if not variable:
        return frames
    chance = np.random.default_rng(1)
    return [one for n, one in enumerate(frames) if n == 0 or chance.random() < 0.7]


@pytest.mark.parametrize("variable", [False, True])
@pytest.mark.parametrize(
    ("name", "people", "from_start"),
    [
        ("classroom", 4, 4),
        # far away at first: their faces are twelve pixels wide
        ("face-demographics-walking", 2, 0),
        ("head-pose-face-detection-female-and-male", 2, 2),
    ],
)
def test_real_people_are_counted(
    name: str, people: int, from_start: int, variable: bool, shared: Path, engine: Engine
) -> None:
    frames = clip(shared, name, variable=variable)
    film = analysed(engine, frames)
    assert len(film.tracks) == people
    assert {track.person for track in film.tracks} == set(range(people))
    first, last = frames[0][1], frames[-1][1]
    step = max(b - a for (_, a), (_, b) in pairwise(frames))
    known = {time_ms - first for _, time_ms in frames}
    assert sum(track.start_ms <= step for track in film.tracks) >= from_start
    assert all(track.end_ms >= last - first - 200 for track in film.tracks)
    for track in film.tracks:
        assert {seen.time_ms for seen in track.observations} <= known
