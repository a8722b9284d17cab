import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.video.motion import MotionNoise, Motions

NOISE = MotionNoise()
STATES = ("place", "velocity", "place_variance", "covariance", "velocity_variance")


def moving(rng: np.random.Generator, count: int = 3) -> Motions:
    """Boxes that have been followed for a while, of constant height."""
    places = np.column_stack([rng.uniform(0, 1000, (count, 2)), rng.uniform(0.6, 1, count)])
    places = np.column_stack([places, rng.uniform(30, 200, count)])
    motions = Motions.at_rest(places, NOISE)
    for step in range(1, 4):
        motions.pass_time(np.full((count, 1), 2.0), NOISE)
        way = np.array([3.0 * step, -step, 0, 0])
        motions.correct(np.arange(count), places + way, NOISE)
    return motions


def frames(number: float) -> np.ndarray:
    return np.full((3, 1), number)


@given(st.integers(0, 2**32 - 1), st.floats(0, 30), st.floats(0, 30))
def test_two_steps_are_one_step_of_the_same_length(seed: int, first: float, second: float) -> None:
    at_once, one_by_one = (moving(np.random.default_rng(seed)) for _ in range(2))
    at_once.pass_time(frames(first + second), NOISE)
    one_by_one.pass_time(frames(first), NOISE)
    one_by_one.pass_time(frames(second), NOISE)
    for name in STATES:
        expected = getattr(at_once, name)
        assert getattr(one_by_one, name) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(st.integers(0, 2**32 - 1), st.floats(0, 60))
def test_variances_stay_those_of_a_distribution(seed: int, step: float) -> None:
    motions = moving(np.random.default_rng(seed))
    motions.pass_time(frames(step), NOISE)
    for _ in range(2):
        spread = motions.place_variance * motions.velocity_variance
        assert (motions.place_variance > 0).all()
        assert (motions.velocity_variance > 0).all()
        assert (motions.covariance**2 <= spread * (1 + 1e-9)).all()
        motions.correct(np.arange(3), motions.place.copy(), NOISE)


def textbook(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same filter with its matrices of 8 x 8, step by step, for one box."""

    def spread(heights: float, aspect: float) -> list[float]:
        return [heights * mean[3]] * 2 + [aspect, heights * mean[3]]

    mean = np.r_[places[0], np.zeros(4)]
    covariance = np.diag(spread(2 / 20, 1e-2) + spread(10 / 160, 1e-5)) ** 2
    model, seen = np.eye(8) + np.eye(8, k=4), np.eye(4, 8)
    for place in places[1:]:
        added = np.diag(spread(1 / 20, 1e-2) + spread(1 / 160, 1e-5)) ** 2
        mean, covariance = model @ mean, model @ covariance @ model.T + added
        error = seen @ covariance @ seen.T + np.diag(spread(1 / 20, 1e-1)) ** 2
        gain = covariance @ seen.T @ np.linalg.inv(error)
        mean = mean + gain @ (place - seen @ mean)
        covariance = covariance - gain @ error @ gain.T
    return mean, covariance


def test_frame_by_frame_it_is_the_filter_of_the_textbooks() -> None:
    rng = np.random.default_rng(3)
    places = np.array([500, 300, 0.8, 100]) + rng.normal(0, (5, 5, 0.02, 3), (20, 4)).cumsum(0)
    motions = Motions.at_rest(places[:1], NOISE)
    for place in places[1:]:
        motions.pass_time(np.ones((1, 1)), NOISE)
        motions.correct(np.array([0]), place[None], NOISE)
    mean, covariance = textbook(places)
    assert motions.place[0] == pytest.approx(mean[:4])
    assert motions.velocity[0] == pytest.approx(mean[4:])
    assert motions.place_variance[0] == pytest.approx(covariance.diagonal()[:4])
    assert motions.covariance[0] == pytest.approx(covariance.diagonal(4))
    assert motions.velocity_variance[0] == pytest.approx(covariance.diagonal()[4:])


def test_a_box_that_shrinks_keeps_a_size() -> None:
    motions = Motions.at_rest(np.array([[0.0, 0, 1, 100]]), NOISE)
    motions.velocity[:] = -50
    motions.pass_time(np.full((1, 1), 30.0), NOISE)
    assert (motions.place[:, 2:] > 0).all()
