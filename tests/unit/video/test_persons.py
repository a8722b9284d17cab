from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from reknown.biometrics.calibration import Calibration
from reknown.biometrics.quality_filter import ANY_QUALITY
from reknown.biometrics.tracks import Observation, Shot
from reknown.video.following import RawTrack
from reknown.video.persons import Linker, PersonSettings, best_of, is_reliable, split_by_person
from reknown.video.shots import SeenShot
from video_faces import face, turned_away, unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SETTINGS = PersonSettings()
# similarity 50 at score 0.5, 80 at 0.7
TABLE = Calibration((0.0, 0.5, 0.7, 0.9), (1.0, 1e-2, 1e-4, 1e-6), "made up", 1)


def shot(time_ms: int, vector: NDArray[np.float32], quality: float = 60.0) -> SeenShot:
    return SeenShot(Shot(time_ms, face(quality=quality)), vector)


def track(
    start: int,
    end: int,
    vectors: Sequence[NDArray[np.float32]],
    changes: tuple[int, ...] = (),
    quality: float = 60.0,
) -> RawTrack:
    """Looks every 200 ms, one vector a 400 ms; it looks different from the times `changes` on."""
    times = list(range(start, end + 1, 200))
    shots = tuple(shot(start + 400 * n, vector, quality) for n, vector in enumerate(vectors))
    likeness = tuple(0.4 if time in changes else 0.95 for time in times)
    return RawTrack(tuple(Observation(time, face()) for time in times), likeness, shots)


def spans(tracks: list[RawTrack]) -> list[tuple[int, int]]:
    return [(one.observations[0].time_ms, one.observations[-1].time_ms) for one in tracks]


def test_a_track_of_one_person_stays_whole() -> None:
    whole = track(0, 1200, [unit(0), unit(0), unit(0)])
    assert spans(list(split_by_person(whole, TABLE, SETTINGS))) == [(0, 1200)]


def test_a_track_is_divided_where_its_face_becomes_another() -> None:
    both = track(0, 2000, [unit(0), unit(0), unit(1), unit(1)], changes=(600,))
    parts = list(split_by_person(both, TABLE, SETTINGS))
    assert spans(parts) == [(0, 400), (600, 2000)]
    assert [[s.shot.time_ms for s in part.shots] for part in parts] == [[0, 400], [800, 1200]]


def test_a_track_of_three_faces_is_divided_twice() -> None:
    many = track(0, 1200, [unit(0), unit(1), unit(2)], changes=(200, 600))
    assert spans(list(split_by_person(many, TABLE, SETTINGS))) == [(0, 0), (200, 400), (600, 1200)]


def test_views_that_say_nothing_divide_nothing() -> None:
    poor = track(0, 1200, [unit(0), unit(1), unit(2)], changes=(200,), quality=10)
    assert len(list(split_by_person(poor, TABLE, SETTINGS))) == 1


def test_without_calibration_nothing_is_divided_or_linked() -> None:
    both = track(0, 1200, [unit(0), unit(1)], changes=(200,))
    assert list(split_by_person(both, None, SETTINGS)) == [both]
    linker = Linker(None, SETTINGS)
    made = [linker.link(track(start, start + 400, [unit(0)])) for start in (0, 1000)]
    assert [one.person for one in made] == [0, 1]


def test_tracks_of_one_person_are_linked() -> None:
    linker = Linker(TABLE, SETTINGS)
    tracks = [track(1000 * n, 1000 * n + 400, [unit(n % 2)]) for n in range(4)]
    assert [linker.link(one).person for one in tracks] == [0, 1, 0, 1]


def test_nobody_is_in_two_places_at_once() -> None:
    linker = Linker(TABLE, SETTINGS)
    twins = [track(0, 1000, [unit(0)]), track(400, 2000, [unit(0)]), track(3000, 4000, [unit(0)])]
    assert [linker.link(one).person for one in twins] == [0, 1, 0]


def test_a_person_is_as_alike_as_its_tracks_are_on_average() -> None:
    linker = Linker(TABLE, SETTINGS)
    half = np.array([0.72, *[0.0] * 7], np.float32)
    half[1] = np.sqrt(1 - half[0] ** 2)
    assert linker.link(track(0, 400, [unit(0)])).person == 0
    assert linker.link(track(1000, 1400, [half])).person == 0
    # like the second track, but on average too far from both
    assert linker.link(track(2000, 2400, [unit(1)])).person == 1


def test_a_template_is_the_mean_of_its_shots() -> None:
    made = Linker(TABLE, SETTINGS).link(track(0, 800, [unit(0), unit(1)]))
    assert made.template == pytest.approx((unit(0) + unit(1)) / 2)
    assert (made.start_ms, made.end_ms) == (0, 800)


def test_the_best_views_speak_for_a_track() -> None:
    shots = [shot(n, unit(0), quality) for n, quality in enumerate((40, 90, 20, 70, 50, 60, 45))]
    assert [s.shot.time_ms for s in best_of(shots, SETTINGS)] == [1, 3, 5, 4, 6]
    assert [s.shot.time_ms for s in best_of(shots[2:3], SETTINGS)] == [2]


def test_views_that_would_not_be_enrolled_do_not_speak_for_a_track() -> None:
    away = SeenShot(Shot(9, turned_away()), unit(1))
    poor = [shot(n, unit(0), 40) for n in range(2)]
    assert [s.shot.time_ms for s in best_of([away, *poor], SETTINGS)] == [0, 1]
    assert [s.shot.time_ms for s in best_of([away], SETTINGS)] == [9]
    anything = PersonSettings(quality=ANY_QUALITY)
    assert [s.shot.time_ms for s in best_of([away, *poor], anything)] == [9, 0, 1]


@pytest.mark.parametrize(
    ("lasts", "quality", "is_face"),
    [(400, 20, True), (200, 20, False), (200, 60, True), (0, 60, True), (0, 20, False)],
)
def test_what_shows_for_a_moment_has_to_be_clear(lasts: int, quality: float, is_face: bool) -> None:
    assert is_reliable(track(0, lasts, [unit(0)], quality=quality), SETTINGS) is is_face


def test_what_was_never_seen_well_enough_for_a_view_is_no_track() -> None:
    assert not is_reliable(track(0, 1000, []), SETTINGS)
    assert not is_reliable(RawTrack((), (), ()), SETTINGS)
