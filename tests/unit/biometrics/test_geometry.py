import pytest

from reknown.biometrics.geometry import BoundingBox


def test_pixels_are_rounded_edges() -> None:
    assert BoundingBox(0.1, 0.25, 0.5, 0.5).pixels(100, 40) == (10, 10, 60, 30)


def test_only_what_lies_in_the_picture_counts_as_area() -> None:
    assert BoundingBox(-0.5, -0.5, 1, 1).area == pytest.approx(0.25)
    assert BoundingBox(1.5, 0, 1, 1).area == 0
