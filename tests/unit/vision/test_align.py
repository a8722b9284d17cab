import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from reknown.vision.align import cut_chip, similarity_transform

POINTS = np.array([(30.0, 40), (70, 40), (50, 60), (35, 80), (65, 80)])


@given(
    st.floats(-np.pi, np.pi),
    st.floats(0.05, 20),
    st.floats(-1000, 1000),
    st.floats(-1000, 1000),
)
def test_a_similarity_is_found_again(angle: float, scale: float, dx: float, dy: float) -> None:
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    expected = np.array([[cosine, -sine, dx], [sine, cosine, dy]])
    moved = POINTS @ expected[:, :2].T + expected[:, 2]
    assert similarity_transform(POINTS, moved) == pytest.approx(expected, abs=1e-6, rel=1e-6)


@given(arrays.arrays(np.float64, (5, 2), elements=st.floats(-1e4, 1e4)))
def test_any_points_give_a_finite_transform_without_reflection(points: np.ndarray) -> None:
    transform = similarity_transform(points, POINTS)
    assert np.isfinite(transform).all()
    assert np.linalg.det(transform[:, :2]) >= 0


def test_the_least_squares_fit_beats_its_neighbours() -> None:
    rng = np.random.default_rng(0)
    target = POINTS + rng.normal(0, 3, POINTS.shape)
    best = similarity_transform(POINTS, target)

    def error(transform: np.ndarray) -> float:
        return float(((POINTS @ transform[:, :2].T + transform[:, 2] - target) ** 2).sum())

    for _ in range(50):
        a, b, dx, dy = rng.normal(0, 0.01, 4)
        assert error(best) <= error(best + np.array([[a, -b, dx], [b, a, dy]]))


def test_the_landmarks_land_where_they_should() -> None:
    pixels = np.zeros((200, 200, 3), np.uint8)
    for x, y in POINTS.astype(int):
        pixels[y - 1 : y + 2, x - 1 : x + 2] = 255
    chip = cut_chip(pixels, POINTS, POINTS + 10, 120)
    for x, y in (POINTS + 10).astype(int):
        assert chip[y, x].min() > 200


def test_beyond_the_edge_is_black() -> None:
    chip = cut_chip(np.full((50, 50, 3), 255, np.uint8), POINTS - 100, POINTS, 100)
    assert chip.max() == 0


def test_a_face_far_larger_than_the_chip_is_averaged_and_not_sampled() -> None:
    checks = np.indices((1600, 1600)).sum(axis=0) % 2 * 255
    pixels = np.repeat(checks[..., None], 3, axis=2).astype(np.uint8)
    chip = cut_chip(pixels, POINTS * 16, POINTS, 100)[10:-10, 10:-10]
    assert abs(int(chip.mean()) - 127) < 3
    assert chip.std() < 10


def test_shrinking_first_moves_nothing() -> None:
    y, x = np.mgrid[:1000, :1000]
    pixels = np.stack([x, y, (x + y) / 2], axis=2) * (255 / 1000)
    chip = cut_chip(pixels.astype(np.uint8), POINTS * 8 + 60, POINTS, 100)
    there = (np.arange(20, 80) * 8 + 60) * (255 / 1000)
    assert np.abs(chip[50, 20:80, 0] - there).max() < 2
    assert np.abs(chip[20:80, 50, 1] - there).max() < 2


@pytest.mark.parametrize("spread", [0.0, 1e-45, 1e-30, 1e-6, 1e6])
def test_landmarks_of_any_spread_give_a_chip(spread: float) -> None:
    pixels = np.full((50, 50, 3), 255, np.uint8)
    points = np.asarray((POINTS - 55) * spread, np.float32)
    assert cut_chip(pixels, points, POINTS, 100).shape == (100, 100, 3)
